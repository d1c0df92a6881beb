"""The tasks that learn: divergences estimated from samples, and networks trained."""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _reading, _writing
from stochos.errors import FileFormatError, InputError, InputTypeError, UnknownNameError
from stochos.jobs._trials import required, trial

if TYPE_CHECKING:
    from stochos.gan import Divergence
    from stochos.jobs.job import Item

__all__ = ["ESTIMATING", "TRAINING", "check_estimate", "check_train", "estimate", "train"]

_WHERE = "jobs.run"

# --- estimate --------------------------------------------------------------------------------------------------------
ESTIMATING = {
    "x": "text", "y": "text", "quantity": "text", "divergence": "text", "expression": "text", "alpha": "real",
    "witness": "text", "folds": "whole", "steps": "whole", "batch_size": "whole", "learning_rate": "real",
    "confidence": "real", "seed": "whole",
}  # fmt: skip
_WHICH = ("quantity", "divergence", "expression", "alpha", "x", "y")


def _divergence(options: Mapping[str, Any]) -> Divergence:
    from stochos import gan

    if "expression" in options:
        if "divergence" in options:
            msg = f"[{_WHERE}] give either divergence (a name) or expression (an f), and not both"
            raise InputError(msg)
        return gan.Divergence.from_expression(options["expression"])
    return gan.divergence(options.get("divergence", "kl"), alpha=options.get("alpha"))


def _estimated(options: Mapping[str, Any], x: Any, y: Any, progress: Any) -> Any:
    from stochos import gan

    call = {key: value for key, value in options.items() if key not in _WHICH} | {"progress": progress}
    quantity = options.get("quantity", "divergence")
    if quantity == "mutual_information":
        return gan.mutual_information(x, y, divergence=_divergence(options), **call)
    if quantity != "divergence":
        msg = f"[{_WHERE}] quantity is {quantity!r}; give 'divergence' or 'mutual_information'"
        raise InputError(msg)
    return _divergence(options).estimate(x, y, **call)


def check_estimate(where: str, options: dict[str, Any]) -> None:
    """Estimate between a few numbers, in two steps."""
    required(where, options, "x", "y")
    numbers = np.linspace(-1.0, 1.0, max(40, 10 * min(options.get("folds", 2), 1000)))
    trial(where, lambda: _estimated({**options, "steps": min(options.get("steps", 2), 2)}, numbers, numbers, False))


def estimate(item: Item, progress: Any) -> None:
    """Estimate and write value, interval and curve."""
    from stochos.gan._sample_files import read_samples
    from stochos.reactions import _files

    options = dict(item.options)
    x, y = (read_samples(Path(options[key]), _WHERE) for key in ("x", "y"))
    made = _estimated(options, x, y, progress)
    steps, bounds = made.curve
    facts: dict[str, Any] = {
        "divergence": made.divergence.name, "quantity": options.get("quantity", "divergence"), "value": made.value,
        "low": made.low, "high": made.high, "standard_error": made.standard_error, "confidence": made.confidence,
        "samples": [len(x), len(y)], "curve_steps": steps, "curve": bounds,
    }  # fmt: skip
    if item.output.suffix.lower() == ".npz":
        _files.npz(facts, item.output, _WHERE)
        return
    plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in facts.items()}
    _writing.whole(item.output, (json.dumps(plain, indent=1) + "\n").encode(), _WHERE)


# --- train -----------------------------------------------------------------------------------------------------------
TRAINING = {
    "model": "text", "layers": "tables", "x": "text", "y": "text", "loss": "text", "optimizer": "text or table",
    "epochs": "whole", "batch_size": "whole", "validation": "real", "metrics": "texts", "class_weights": "numbers",
    "shuffle": "flag", "accumulate": "whole", "seed": "whole",
}  # fmt: skip
_CALL = (
    "loss", "epochs", "batch_size", "validation", "metrics", "class_weights", "shuffle", "accumulate", "seed",
)  # fmt: skip


def _named(kind: str, base: type, given: str | Mapping[str, Any], extra: Mapping[str, Any]) -> Any:
    """Make an object of `nn` from a name, or from a table with a name and arguments."""
    from stochos import nn

    table = {"name": given} if isinstance(given, str) else dict(given)
    name = table.pop("name", None)
    made = getattr(nn, name, None) if isinstance(name, str) and not name.startswith("_") else None
    if not isinstance(made, type) or not issubclass(made, base) or made is base:
        msg = f"[{_WHERE}] {kind} {name!r} is not known; give a table with the name of one of stochos.nn"
        raise UnknownNameError(msg)
    try:
        return made(**{**extra, **table})
    except TypeError as error:
        msg = f"[{_WHERE}] {kind} {name}: {error}"
        raise InputTypeError(msg) from None


def _optimizer(options: Mapping[str, Any]) -> Any:
    from stochos import nn

    return _named("optimizer", nn.Optimizer, options.get("optimizer", "Adam"), {})


def _model(options: Mapping[str, Any], x: Any) -> Any:
    """Load the model, or stack its layers upon an input of the shape of an example."""
    from stochos import nn
    from stochos.nn import _context

    if "model" in options:
        return nn.load(options["model"])
    with _context.seeded(options.get("seed", 0)):
        # Names that nn would count through the whole process: the file must not depend on what was made before.
        layers = [_named("layer", nn.Layer, table, {"name": f"layer{k}"}) for k, table in enumerate(options["layers"])]
        return nn.Sequential([nn.Input(x.shape[1:], dtype=x.dtype.name, name="x"), *layers], name="model")


def _array(path: str) -> Any:
    """Open examples of a .npy file; numbers as the network computes, float32, and labels as they are."""
    found: Any = _reading.array(path, _WHERE)
    if found.ndim == 0:
        msg = f"[{_WHERE}] {path} is a single number; the examples lie along the first axis of an array"
        raise FileFormatError(msg)
    return found.astype(np.float32) if found.dtype.kind == "f" else np.asarray(found)


def check_train(where: str, options: dict[str, Any]) -> None:
    """Make the optimizer and, where model and data are there already, the model, and train it on two examples."""
    required(where, options, "x", "loss")
    if ("model" in options) == ("layers" in options):
        msg = f"[{where}: give either model (a file) or layers (a list of tables), and not both"
        raise InputError(msg)
    trial(where, lambda: _optimizer(options))
    files = [options[key] for key in ("model", "x", "y") if key in options]
    if not all(Path(file).is_file() for file in files):
        return
    few = {**options, "epochs": min(options.get("epochs", 1), 1), "batch_size": min(options.get("batch_size", 2), 2)}
    few.pop("validation", None)

    def attempt() -> None:
        x, y = (_array(options[key])[:2] if key in options else None for key in ("x", "y"))
        _fit(_model(options, x), x, y, few, False)

    trial(where, attempt)


def _fit(model: Any, x: Any, y: Any, options: Mapping[str, Any], progress: Any, **more: Any) -> Any:
    call = {key: options[key] for key in _CALL if key in options}
    return model.fit(x, y, optimizer=_optimizer(options), progress=progress, **call, **more)


def train(item: Item, progress: Any) -> None:
    """Train, go on from the last whole epoch of an earlier try, and write the model and its history."""
    options = dict(item.options)
    x, y = (_array(options[key]) if key in options else None for key in ("x", "y"))
    model = _model(options, x)
    # Named by all that the run depends on: another run's checkpoint must not be taken for this one's.
    digest = hashlib.sha256(json.dumps(item.definition(), sort_keys=True).encode())
    for path in item.inputs:
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    old = f".{item.output.name}."
    checkpoint = item.output.with_name(f"{old}{digest.hexdigest()[:16]}.checkpoint")
    for path in item.output.parent.glob(f"{glob.escape(old)}*.checkpoint"):
        if path != checkpoint:
            path.unlink(missing_ok=True)
    history = _fit(model, x, y, options, progress, checkpoint=checkpoint, resume=True)
    figures = {name: history[name] for name in history}
    text = json.dumps(figures, indent=1) + "\n"
    _writing.whole(item.output.with_suffix(".history.json"), text.encode(), _WHERE)
    model.save(item.output)
    checkpoint.unlink(missing_ok=True)
