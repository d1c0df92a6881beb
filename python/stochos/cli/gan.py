"""``stochos gan``."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from stochos import _writing
from stochos.cli._common import (
    check_output,
    examples,
    json_option,
    output_option,
    plural,
    print_json,
    seed_option,
)
from stochos.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stochos.gan import GAN, Mixture

_WHERE = "gan"


def _data(name: str) -> tuple[Any, Mixture | None, str | None]:
    """Return the real examples, their law if it is known, and the last activation of a generator of them."""
    from stochos import datasets, gan
    from stochos.gan._sample_files import read_samples

    if name == "ring":
        return gan.ring(8), gan.ring(8), None
    if name == "lattice":
        return gan.lattice(25), gan.lattice(25), None
    if name == "digits":
        return (datasets.load_digits()[0].reshape(-1, 64) / 8 - 1).astype(np.float32), None, "tanh"
    path = Path(name)
    if not path.is_file():
        msg = f"[{_WHERE}] {name!r} is no file and none of ring, lattice and digits"
        raise InputError(msg)
    found = read_samples(path, _WHERE)
    return found.reshape(len(found), -1) if found.ndim > 1 else found[:, None], None, None


@click.command(
    "gan",
    short_help="Train a GAN from one loss, by any f-divergence.",
    epilog=examples(
        "stochos gan ring --divergence squared_hellinger --plot ring.png",
        "stochos gan ring --divergence pearson --discriminator-loss log_score",
        "stochos gan digits --steps 8000 --plot digits.png",
        "stochos gan points.csv --expression '(u - 1)^2/(u + 1)' --output made.npy",
    ),
)
@click.argument("data")
@click.option("--divergence", "name", help="What to make small; also hinge, wasserstein, ...  [default: js]")
@click.option("--expression", help="A convex f(u) with f(1) = 0 instead.")
@click.option("--alpha", type=float, help="Order of the divergence alpha.")
@click.option(
    "--update",
    type=click.Choice(["single-loss", "simultaneous", "alternating"]),
    default="single-loss",
    show_default=True,
    help="How the players are moved.",
)
@click.option(
    "--discriminator-loss",
    type=click.Choice(["bound", "log_score"]),
    default="bound",
    show_default=True,
    help="Of f-divergences: the bound itself, or the score of 'real or made?', which never runs away.",
)
@click.option("--steps", type=click.IntRange(1), default=5000, show_default=True, help="Moves of the generator.")
@click.option("--batch-size", type=click.IntRange(2), default=256, show_default=True, help="Examples in a step.")
@click.option("--latent", type=click.IntRange(1), help="Latent numbers.  [default: 2 in the plane, else 32]")
@click.option(
    "--width", type=click.IntRange(1), default=128, show_default=True, help="Of both networks' hidden layers."
)
@click.option("--rate", type=click.FloatRange(0), default=3e-3, show_default=True, help="Learning rate at the start.")
@click.option(
    "--gradient-penalty", type=click.FloatRange(0), default=0.1, show_default=True, help="Factor of E |grad D|^2."
)
@click.option("--samples", type=click.IntRange(1), default=2000, show_default=True, help="How many to make at the end.")
@output_option("Write the samples here: .npy, or else text with a point a line.", required=False)
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw the samples into this file.")
@click.option("--checkpoint", type=click.Path(path_type=Path, dir_okay=False), help="Keep the run in this file.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint.")
@seed_option
@json_option
def command(
    data: str,
    name: str | None,
    expression: str | None,
    alpha: float | None,
    steps: int,
    batch_size: int,
    latent: int | None,
    samples: int,
    output: Path | None,
    plot: Path | None,
    checkpoint: Path | None,
    resume: bool,
    seed: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Train a GAN on DATA: ring or lattice (mixtures of 8 and 25 Gaussians), digits, or a file of points."""
    from stochos import gan
    from stochos.cli.divergence import chosen
    from stochos.gan import _games, _ready

    for path in (output, checkpoint):
        if path is not None:
            check_output(path, _WHERE)
    if plot is not None:
        _writing.check_figure(plot, _WHERE)
    real, law, last = _data(data)
    size = law.centers.shape[1] if law is not None else real.shape[1]
    if name in _games.OTHERS and expression is None:
        target: Any = name
    else:
        target = chosen(name or (None if expression else "js"), expression, alpha, _WHERE)
    model = _ready.plain(
        size, target, steps=steps, latent=latent or (2 if size == 2 else 32), last=last, seed=seed, **options
    )
    start = time.perf_counter()
    model.fit(
        real, steps=steps, batch_size=batch_size, seed=seed, log_every=max(1, steps // 20), checkpoint=checkpoint,
        resume=resume, progress=False if as_json else None,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    made = model.sample(samples, seed=seed)
    if output is not None:
        _write(made, output)
    if plot is not None:
        shown = law.sample(2000, 0) if law is not None else real
        gan.samples_plot(made if size == 2 else made[:64], shown, path=plot)
    _tell(model, made, law, real, seconds, [str(path) for path in (output, plot, checkpoint) if path], as_json)


def _write(made: NDArray[Any], path: Path) -> None:
    buffer = io.BytesIO()
    if path.suffix.lower() == ".npy":
        np.save(buffer, made, allow_pickle=False)
    else:
        np.savetxt(buffer, made, fmt="%.9g", delimiter=",")
    _writing.whole(path, buffer.getbuffer(), _WHERE)


def _tell(
    model: GAN, made: NDArray[Any], law: Mixture | None, real: Any, seconds: float, written: list[str], as_json: bool
) -> None:
    from stochos import gan

    history = model.history
    facts: dict[str, Any] = {
        "game": model.game.name, "update": model.update, "steps": model.steps, "seconds": round(seconds, 3),
    }  # fmt: skip
    if law is not None:
        found = gan.metrics.coverage(made, law)
        facts |= {
            "modes": found.modes,
            "of": len(law.centers),
            "quality": round(found.quality, 4),
            "js": gan.metrics.divergence_from(made, law, "js"),
        }
        real = law.sample(len(made), 1)
    if len(made) > 1 and len(real) > 1:
        facts["mmd"] = gan.metrics.mmd(made[:1000], np.asarray(real[:1000]))
    if as_json:
        print_json({**facts, "history": history.as_dict(), "output": written})
        return
    names = [one for one in ("step", "critic_loss", "generator_loss", "estimate") if one in history]
    click.echo("  ".join(f"{one:>14}" for one in names))
    for row in list(zip(*(history[one] for one in names), strict=True))[-20:]:
        click.echo("  ".join(f"{value:>14.6g}" for value in row))
    quality = ""
    if law is not None:
        quality = f"; {facts['modes']} of {facts['of']} modes, {facts['quality']:.1%} of the samples on one"
    arrow = f" → {', '.join(written)}" if written else ""
    click.echo(f"{plural(model.steps, 'step')} by {model.game.name} in {seconds:.1f} s{quality}{arrow}")
