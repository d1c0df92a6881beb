"""``stochos simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from stochos import _checks, _writing
from stochos.cli._common import (
    check_output,
    device_option,
    examples,
    json_option,
    output_option,
    pad,
    plural,
    print_json,
    seed_option,
    threads_option,
    width,
)
from stochos.errors import InputError
from stochos.reactions.simulation import APPROXIMATE, METHODS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stochos.reactions import Run

_WHERE = "simulate"
_SHOWN = 20  # species in the printed table


def _assignments(pairs: tuple[str, ...], option: str) -> dict[str, float]:
    """Turn NAME=VALUE options into a dict."""
    made: dict[str, float] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        try:
            made[name.strip()] = float(value)
        except ValueError:
            sign = ""
        if not sign or not name.strip():
            msg = f"[{_WHERE}] {option} {pair!r} is not NAME=NUMBER, for example {option} k=0.2"
            raise InputError(msg)
    return made


@click.command(
    "simulate",
    short_help="Simulate a reaction network.",
    epilog=examples(
        "stochos simulate model.xml --until 50 --runs 10000 --plot out.png",
        "stochos simulate model.net --until 10 --runs 100 --param k=0.2 --output run.csv",
        "stochos simulate model.net --until 10 --runs 100 --method tau --epsilon 0.01",
    ),
)
@click.argument("model", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--until", type=click.FloatRange(0, min_open=True), required=True, help="The time at which to end.")
@click.option("--points", type=click.IntRange(2), default=101, show_default=True, help="Times to record, 0 included.")
@click.option("--runs", type=click.IntRange(1), default=1, show_default=True, help="How many trajectories.")
@click.option("--first", type=click.IntRange(0), default=0, show_default=True, help="Number of the first trajectory.")
@click.option(
    "--method",
    type=click.Choice(METHODS + APPROXIMATE),
    default="auto",
    show_default=True,
    help=f"How; all sample the same law but {', '.join(APPROXIMATE)}, which approximate it.",
)
@click.option(
    "--epsilon", type=click.FloatRange(1e-9, 0.5), help="How much a leap may change; for approximate methods."
)
@click.option(
    "--keep",
    type=click.Choice(["trajectories", "moments", "final", "histogram"]),
    help="What to keep; by default trajectories of up to 20 runs, mean and standard deviation of more.",
)
@click.option("--species", help="Names of the species to record, with commas between; by default all.")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter; may be repeated.")
@click.option("--initial", multiple=True, metavar="NAME=VALUE", help="Set an initial amount; may be repeated.")
@click.option("--round-initial", is_flag=True, help="Round first amounts of the file that are not whole.")
@click.option("--max-events", type=click.IntRange(1), help="End a trajectory after this many events.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw into this .png, .svg or .pdf file.")
@output_option("Write the numbers here: .csv, .npz, .nc, .parquet, or else a Stochos file.", required=False)
@seed_option
@threads_option
@device_option
@json_option
def command(model: Path, until: float, plot: Path | None, output: Path | None, as_json: bool, **options: Any) -> None:
    """Simulate MODEL: an SBML file (.xml, .sbml) or a BioNetGen .net file."""
    from stochos import reactions
    from stochos.reactions import _files

    _checks.real(_WHERE, "--until", until)
    if output is not None:
        check_output(output, _WHERE)
    if plot is not None:
        _writing.check_figure(plot, _WHERE)
    net = _files.load_model(model, _WHERE, round_initial=options.pop("round_initial"))
    changes = {
        name: _assignments(options.pop(key), option)
        for name, key, option in (("parameters", "parameters", "--param"), ("initial", "initial", "--initial"))
    }
    if any(changes.values()):
        net = net.with_(**{name: values for name, values in changes.items() if values})
    runs, points, species = options.pop("runs"), options.pop("points"), options.pop("species")
    keep: Any = options.pop("keep") or ("trajectories" if runs <= 20 else "moments")
    chosen = None if species is None else [name.strip() for name in species.split(",")]
    given = {name: value for name, value in options.items() if value is not None}
    run = reactions.simulate(net, np.linspace(0.0, until, points), runs, keep=keep, species=chosen, **given)
    if output is not None:
        _files.write(run, output, _WHERE)
    if plot is not None:
        run.plot(path=plot)
    _tell(run, model, options["method"], [str(path) for path in (output, plot) if path is not None], as_json)


def _tell(run: Run, model: Path, asked: str, written: list[str], as_json: bool) -> None:
    from stochos.reactions.run import STATUS

    settings = run.settings
    seconds = float(settings["seconds"])
    ends = {name: count for name, count in settings["ends"].items() if count}
    mean, std = _last_moments(run)
    if as_json:
        facts = {name: settings[name] for name in ("method", "seed", "keep", "events")}
        amounts = {
            name: {"mean": None if np.isnan(m) else float(m), "std": None if np.isnan(s) else float(s)}
            for name, m, s in zip(run.species, mean, std, strict=True)
        }
        times = {"until": float(run.times[-1]), "seconds": round(seconds, 4)}
        print_json({"model": str(model), "runs": len(run), **facts, **times, "ends": ends, "final": amounts,
                    "output": written})  # fmt: skip
        return
    shown = list(zip(run.species, mean, std, strict=True))[:_SHOWN]
    first = max(width(name) for name, *_ in shown)
    click.echo(f"{pad('species', max(first, 7))}  {'mean':>12}  {'sd':>10}    at time {run.times[-1]:g}")
    for name, m, s in shown:
        click.echo(f"{pad(name, max(first, 7))}  {m:>12.6g}  {'' if np.isnan(s) else format(s, '.4g'):>10}")
    if len(run.species) > len(shown):
        click.echo(f"… and {len(run.species) - len(shown)} more species")
    rate = f", {run.events / seconds / 1e6:.1f} M/s" if run.events and seconds > 0 else ""
    early = "".join(f"; {count:,} ended by {name}" for name, count in ends.items() if name in STATUS[2:])
    method = settings["method"]
    if asked not in {"auto", method}:
        method += f" ({asked} would not pay here)"
    arrow = f" → {', '.join(written)}" if written else ""
    done = f"{plural(len(run), 'run')}, {plural(run.events, 'event')}"
    click.echo(f"{done} in {seconds:.2f} s{rate}, method {method}{early}{arrow}")


def _last_moments(run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each species at the end, whatever was kept."""
    if run.settings["keep"] == "histogram":
        # What is outside the bounds is left out, as the moments of the rest.
        moments = [_moments(held.amounts, held.counts[-1]) for held in run.histogram.values()]
        return np.array([m for m, _ in moments]), np.array([s for _, s in moments])
    if run.settings["keep"] == "final" and run.final is not None:
        one = len(run) == 1
        return run.final.mean(axis=0), np.full(len(run.species), np.nan) if one else run.final.std(axis=0, ddof=1)
    return run.mean[-1], run.std[-1]


def _moments(amounts: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[float, float]:
    total = int(counts.sum())
    if total == 0:
        return float("nan"), float("nan")
    mean = float(counts @ amounts) / total
    squares = float(counts @ (amounts - mean) ** 2)
    return mean, float("nan") if total == 1 else (squares / (total - 1)) ** 0.5
