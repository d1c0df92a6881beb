"""``stochos gradient-flow``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from stochos import _writing
from stochos.cli._common import check_output, examples, json_option, output_option, print_json, seed_option
from stochos.errors import InputError

_WHERE = "gradient-flow"
_KINDS = ("simple", "lstm", "gru")


@click.command(
    "gradient-flow",
    short_help="Show where the gradients of a recurrent network vanish or explode.",
    epilog=examples(
        "stochos gradient-flow lstm --steps 200 --forget-bias 1 --output flow.html",
        "stochos gradient-flow gru --units 64 --steps 500 --remedies",
        "stochos gradient-flow model.safetensors --data sequences.npy --layer memory --plot flow.png",
    ),
)
@click.argument("model", metavar="MODEL")
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A .npy file with the input."
)
@click.option("--layer", help="Name of the recurrent layer, when the model has several.")
@click.option("--units", type=click.IntRange(1, 4096), default=32, show_default=True, help="Units of a fresh layer.")
@click.option("--steps", type=click.IntRange(1), default=100, show_default=True, help="Steps of random input.")
@click.option("--channels", type=click.IntRange(1), default=8, show_default=True, help="Channels of random input.")
@click.option("--sequences", type=click.IntRange(1), default=4, show_default=True, help="Sequences of random input.")
@click.option("--forget-bias", type=float, help="Bias of a fresh LSTM's forget gate; by default 1.")
@click.option("--update-bias", type=float, help="Bias of a fresh GRU's update gate; by default 0, negative remembers.")
@click.option("--chrono", type=click.IntRange(2), help="Spread the biases over memories of up to so many steps.")
@click.option(
    "--recurrent",
    type=click.Choice(["orthogonal", "identity", "glorot_uniform"]),
    default="orthogonal",
    show_default=True,
    help="How a fresh layer's recurrent kernel starts.",
)
@click.option(
    "--reset",
    type=click.Choice(["after", "before", "output"]),
    default="after",
    show_default=True,
    help="Where the reset gate of a fresh GRU acts.",
)
@click.option("--remedies", is_flag=True, help="Try the remedies over the same input and print what they do.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw into this .png, .svg or .pdf file.")
@output_option("Write the report here, as one HTML page.", required=False)
@seed_option
@json_option
def command(model: str, **options: Any) -> None:
    """Show where the gradients of a recurrent network vanish or explode, exactly and term by term.

    MODEL is simple, lstm or gru for a fresh layer, or a file written by model.save(); a file needs --data.
    """
    from stochos import nn

    output, plot = options["output"], options["plot"]
    if output is not None:
        check_output(output, _WHERE)
    if plot is not None:
        _writing.check_figure(plot, _WHERE)
    what = _fresh(model, options) if model in _KINDS else _saved(model, options)
    flow = nn.gradient_flow(what, _input(options), layer=options["layer"])
    tried = flow.remedies(seed=options["seed"] % 2**32) if options["remedies"] else None
    if output is not None:
        flow.to_html(output)
    if plot is not None:
        flow.plot(plot)
    written = [str(path) for path in (output, plot) if path is not None]
    if options["as_json"]:
        rows = {} if tried is None else {"remedies": tried.rows()}
        print_json({**flow.summary(), **rows, "output": written})
        return
    click.echo(str(flow))
    if tried is not None:
        click.echo(f"\n{tried!r}")
    for path in written:
        click.echo(f"wrote {path}")


def _fresh(kind: str, options: dict[str, Any]) -> Any:
    """Make a layer as the options say."""
    from stochos import nn

    settings: dict[str, Any] = {"recurrent_initializer": options["recurrent"], "seed": options["seed"]}
    chrono = None if options["chrono"] is None else nn.initializers.Chrono(options["chrono"])
    meant = {"forget_bias": "lstm", "update_bias": "gru", "chrono": "lstm or gru"}
    for name, kinds in meant.items():
        if options[name] is not None and kind not in kinds:
            msg = f"[{_WHERE}] --{name.replace('_', '-')} is a setting of {kinds}, not of {kind}; leave it out"
            raise InputError(msg)
    if chrono is not None and (options["forget_bias"] is not None or options["update_bias"] is not None):
        msg = f"[{_WHERE}] --chrono sets the biases; give it or --forget-bias and --update-bias, not both"
        raise InputError(msg)
    if kind == "simple":
        return nn.SimpleRNN(options["units"], **settings)
    if kind == "lstm":
        bias = 1.0 if options["forget_bias"] is None else options["forget_bias"]
        return nn.LSTM(options["units"], forget_bias=chrono or bias, **settings)
    bias = 0.0 if options["update_bias"] is None else options["update_bias"]
    return nn.GRU(options["units"], reset=options["reset"], update_bias=chrono or bias, **settings)


def _saved(path: str, options: dict[str, Any]) -> Any:
    from stochos import nn

    if not Path(path).is_file():
        msg = f"[{_WHERE}] {path!r} is neither {', '.join(_KINDS)} nor a file; a file comes from model.save(path)"
        raise InputError(msg)
    if options["data"] is None:
        msg = f"[{_WHERE}] give --data, a .npy file with what the model takes"
        raise InputError(msg)
    return nn.load(path)


def _input(options: dict[str, Any]) -> Any:
    if options["data"] is None:
        shape = (options["sequences"], options["steps"], options["channels"])
        return np.random.default_rng(options["seed"]).normal(size=shape)
    from stochos import _reading

    return np.asarray(_reading.array(options["data"], _WHERE))
