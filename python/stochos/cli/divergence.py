"""``stochos divergence``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stochos import _writing
from stochos.cli._common import examples, json_option, pad, print_json, seed_option
from stochos.errors import InputError

if TYPE_CHECKING:
    from stochos.gan import Divergence

_WHERE = "divergence"


def chosen(name: str | None, expression: str | None, alpha: float | None, where: str) -> Divergence:
    """Return the divergence that the options name."""
    from stochos import gan

    if (name is None) == (expression is None):
        msg = f"[{where}] give either the NAME of a divergence or --expression, such as --expression 'u*log(u)'"
        raise InputError(msg)
    if expression is not None:
        return gan.Divergence.from_expression(expression)
    assert name is not None
    return gan.divergence(name, alpha=alpha)


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        msg = f"[{_WHERE}] {option} {text!r} is no list of numbers with commas between"
        raise InputError(msg) from None


@click.command(
    "divergence",
    short_help="Divergences: formulas, values between laws, estimates from samples.",
    epilog=examples(
        "stochos divergence",
        "stochos divergence kl --between 0.5,0.5 0.25,0.75",
        "stochos divergence js --gaussian 0,1 1,1.5",
        "stochos divergence pearson --estimate first.csv second.csv",
        "stochos divergence --expression '(sqrt(u) - 1)^2' --plot f.png",
    ),
)
@click.argument("name", required=False)
@click.option("--expression", help="A convex f(u) with f(1) = 0 instead of a name.")
@click.option("--alpha", type=float, help="Order of alpha and renyi.")
@click.option(
    "--between", nargs=2, metavar="P Q", help="Two laws on the same points: probabilities with commas between."
)
@click.option("--gaussian", nargs=2, metavar="M1,S1 M2,S2", help="Two Gaussians: mean and standard deviation of each.")
@click.option(
    "--estimate", nargs=2, type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE FILE",
    help="Samples of the two laws: .npy, or text with a point a line.",
)  # fmt: skip
@click.option("--steps", type=click.IntRange(2), default=1500, show_default=True, help="Of the training in --estimate.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw f and its tangents into this file.")
@seed_option
@json_option
def command(
    name: str | None,
    expression: str | None,
    alpha: float | None,
    between: tuple[str, str] | None,
    gaussian: tuple[str, str] | None,
    estimate: tuple[Path, Path] | None,
    steps: int,
    plot: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Show what belongs to the divergence NAME; without a name, list all."""
    from stochos import gan

    if name is None and expression is None:
        names = gan.divergence_names()
        if as_json:
            print_json({one: list(aliases) for one, aliases in names.items()})
            return
        for one, aliases in names.items():
            text = "" if one in ("alpha", "renyi") else gan.divergence(one).expression or ""
            click.echo(f"{pad(one, 18)} {pad(text, 36)} {', '.join(aliases)}".rstrip())
        return
    d = chosen(name, expression, alpha, _WHERE)
    facts: dict[str, Any] = {
        "name": d.name,
        "f": d.expression,
        "range of f'": list(d.domain),
        "threshold f'(1)": d.threshold,
        "bounds": list(d.bounds),
        "symmetric": d.symmetric,
    }
    if between:
        p, q = (_numbers(text, "--between") for text in between)
        facts["between"] = d.between(p, q)
    if gaussian:
        laws = [_numbers(text, "--gaussian") for text in gaussian]
        if any(len(law) != 2 for law in laws):
            msg = f"[{_WHERE}] --gaussian takes mean,deviation twice, such as --gaussian 0,1 1,1.5"
            raise InputError(msg)
        facts["gaussian"] = d.gaussian(*laws[0], *laws[1])
    if estimate:
        from stochos.gan._sample_files import read_samples

        x, y = (read_samples(path, _WHERE) for path in estimate)
        found = d.estimate(x, y, steps=steps, seed=seed, progress=False if as_json else None)
        facts["estimate"] = {
            "bound": found.value, "low": found.low, "high": found.high, "confidence": found.confidence,
            "samples": [len(x), len(y)],
        }  # fmt: skip
    if plot is not None:
        _writing.check_figure(plot, _WHERE)
        gan.local_variational_plot(d, path=plot)
        facts["plot"] = str(plot)
    if as_json:
        print_json(facts)
        return
    first = max(map(len, facts))
    for key, value in facts.items():
        click.echo(f"{pad(key, first)}  {_shown(key, value)}")


def _shown(key: str, value: Any) -> str:
    if key == "estimate":
        ends = f"{value['low']:.5g} to {value['high']:.5g}"
        return f"at least {value['bound']:.5g}, {value['confidence']:.0%} interval {ends}"
    if isinstance(value, list):
        return f"from {value[0]:.6g} to {value[1]:.6g}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
