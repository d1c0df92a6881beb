"""``stochos albert``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stochos.cli._common import examples, json_option, plural, print_json, seed_option

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_TARGET = click.Path(path_type=Path, file_okay=False)


@click.group(
    "albert",
    short_help="Load, unshare and pretrain ALBERT and BERT.",
    epilog=examples(
        "stochos albert info albert-base-v2",
        "stochos albert unshare albert-base-v2 albert-base-unshared",
        "stochos albert pretrain corpus.txt tiny --epochs 3",
        "stochos albert fill tiny 'the [MASK] of the king'",
    ),
)
def command() -> None:
    """Work with ALBERT and BERT models in folders of transformers."""


@command.command("info", short_help="Show settings, sharing and sizes of a model.")
@click.argument("folder", type=_FOLDER)
@json_option
def info(folder: Path, as_json: bool) -> None:
    """Show what a model is, which layers share weights, and what it takes now, shared and unshared."""
    from stochos import albert

    model = albert.load(folder)
    report = model.memory_report()
    if as_json:
        print_json(
            {
                "head": model.head_kind, "config": model.config.to_dict(), "parameters": report.parameters,
                "weight_bytes": report.weights, "training_bytes": report.training, "parts": report.parts,
                "attention_groups": model.layer_groups("attention"), "ffn_groups": model.layer_groups("ffn"),
            }
        )  # fmt: skip
        return
    config = model.config
    click.echo(
        f"{config.model_type}, {plural(config.num_hidden_layers, 'layer')} of width {config.hidden_size}, ", nl=False
    )
    click.echo(f"vocabulary {config.vocab_size}, head {model.head_kind or 'none'}")
    click.echo(f"weights of layers: attention {model.layer_groups('attention')}, ffn {model.layer_groups('ffn')}")
    click.echo(str(report))


def _layers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        msg = f"--layers {text!r} is no list of numbers, such as 0,1,2"
        raise click.BadParameter(msg) from None


def _change(verb: str, folder: Path, target: Path, layers: str | None, parts: str, as_json: bool) -> None:
    from stochos import albert

    model = albert.load(folder)
    before = model.parameter_count
    getattr(model, verb)(_layers(layers), parts=parts)
    model.save(target)
    if as_json:
        print_json({"folder": str(target), "before": before, "parameters": model.parameter_count})
    else:
        click.echo(f"{before:,} parameters before, {model.parameter_count:,} in {target}")


_layers_option = click.option("--layers", metavar="N,N", help="Numbers of layers from 0; by default all.")
_parts_option = click.option(
    "--parts", type=click.Choice(["all", "attention", "ffn"]), default="all", show_default=True, help="Parts of layers."
)


@command.command("unshare", short_help="Give layers their own weights.")
@click.argument("folder", type=_FOLDER)
@click.argument("target", type=_TARGET)
@_layers_option
@_parts_option
@json_option
def unshare(folder: Path, target: Path, layers: str | None, parts: str, as_json: bool) -> None:
    """Write the model of FOLDER to TARGET with weights of their own for its layers."""
    _change("unshare", folder, target, layers, parts, as_json)


@command.command("share", short_help="Let layers use the mean of their weights.")
@click.argument("folder", type=_FOLDER)
@click.argument("target", type=_TARGET)
@_layers_option
@_parts_option
@json_option
def share(folder: Path, target: Path, layers: str | None, parts: str, as_json: bool) -> None:
    """Write the model of FOLDER to TARGET with one set of weights for its layers."""
    _change("share", folder, target, layers, parts, as_json)


@command.command("convert", short_help="Turn a checkpoint of TensorFlow into a folder.")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("target", type=_TARGET)
@click.option("--config", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The settings, JSON.")
@click.option("--kind", type=click.Choice(["albert", "bert"]), default="albert", show_default=True, help="The model.")
@click.option("--activation", help="Such as gelu; by default as Google's programs compute it.")
@click.option("--tokenizer", type=click.Path(path_type=Path, exists=True), help="A vocab.txt or *.model.")
@json_option
def convert(
    checkpoint: Path,
    target: Path,
    config: Path | None,
    kind: str,
    activation: str | None,
    tokenizer: Path | None,
    as_json: bool,
) -> None:
    """Read the TensorFlow CHECKPOINT (the name before .index, or its folder) and write the folder TARGET."""
    from stochos import albert

    model = albert.convert_tensorflow(
        checkpoint, target, config=config, kind=kind, activation=activation, tokenizer=tokenizer
    )
    if as_json:
        print_json({"folder": str(target), "parameters": model.parameter_count, "head": model.head_kind})
    else:
        click.echo(f"{model.parameter_count:,} parameters in {target}")


@command.command("pretrain", short_help="Train a small model from scratch on a text.")
@click.argument("text", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("target", type=_TARGET)
@click.option("--vocabulary", type=click.IntRange(16), default=8000, show_default=True, help="Tokens.")
@click.option("--layers", type=click.IntRange(1), default=4, show_default=True, help="Layers.")
@click.option("--hidden", type=click.IntRange(4), default=128, show_default=True, help="Width of the layers.")
@click.option("--length", type=click.IntRange(8, 512), default=128, show_default=True, help="Tokens of an example.")
@click.option("--epochs", type=click.IntRange(1), default=1, show_default=True, help="Passes over the text.")
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Examples of an update.")
@click.option("--checkpoint", type=click.Path(path_type=Path, dir_okay=False), help="Go on from here if it is there.")
@seed_option
@json_option
def pretrain(
    text: Path,
    target: Path,
    vocabulary: int,
    layers: int,
    hidden: int,
    length: int,
    epochs: int,
    batch_size: int,
    checkpoint: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Train on TEXT (UTF-8; empty lines part the documents) and write the model to the folder TARGET."""
    from stochos import albert
    from stochos.albert.pretraining import TINY

    sizes: dict[str, Any] = {
        **TINY, "num_hidden_layers": layers, "hidden_size": hidden, "intermediate_size": 4 * hidden,
        "num_attention_heads": max(n for n in (1, 2, 4, 8) if hidden % n == 0),
        "max_position_embeddings": max(length, 128),
    }  # fmt: skip
    model = albert.pretrain(
        text, config=albert.Config(**sizes), vocabulary=vocabulary, max_length=length, epochs=epochs,
        batch_size=batch_size, checkpoint=checkpoint, resume=checkpoint is not None, seed=seed,
    )  # fmt: skip
    model.save(target)
    figures = model.history.as_dict()
    if as_json:
        print_json({"folder": str(target), "parameters": model.parameter_count, "history": figures})
    else:
        click.echo(f"{model.parameter_count:,} parameters in {target}; loss of each epoch: ", nl=False)
        click.echo(", ".join(f"{loss:.4f}" for loss in figures["loss"]))


@command.command("fill", short_help="Guess the words at [MASK].")
@click.argument("folder", type=_FOLDER)
@click.argument("text")
@click.option("-k", type=click.IntRange(1), default=5, show_default=True, help="How many words.")
@json_option
def fill(folder: Path, text: str, k: int, as_json: bool) -> None:
    """Print the likeliest words at each [MASK] of TEXT."""
    from stochos import albert

    found = albert.fill_mask(albert.load(folder), text, k)
    rows = [found] if found and isinstance(found[0], tuple) else found
    if as_json:
        print_json([[{"word": word, "probability": p} for word, p in row] for row in rows])
        return
    for number, row in enumerate(rows, 1):
        if len(rows) > 1:
            click.echo(f"mask {number}:")
        for word, p in row:
            click.echo(f"{p:8.4f}  {word}")
