"""The training loop of a GAN: batches, history, pictures, checkpoints."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stochos import _checks, _core, _figures, nn
from stochos._progress import Progress, note, progress_callback, report
from stochos.errors import ConvergenceError, FileFormatError, InputError, InputTypeError
from stochos.gan import _steps, _witness
from stochos.gan._mixtures import Mixture
from stochos.nn import _context, _philox, _safetensors
from stochos.random import seed_of, stream_version

if TYPE_CHECKING:
    from stochos.gan._model import GAN
    from stochos.nn.history import History

FORMAT, VERSION = "stochos.gan.checkpoint", 1
_WHERE = "gan.GAN.fit"
_LOST = -10.0  # a bound below this: scores of 0 everywhere have the bound 0


@dataclass(frozen=True)
class Options:
    """What `GAN.fit` was given."""

    steps: int
    batch_size: int
    seed: int | np.random.Generator | np.random.SeedSequence
    log_every: int
    pictures: str | os.PathLike[str] | None
    picture_every: int
    callbacks: tuple[Callable[[GAN], object], ...]
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: int
    resume: bool
    compile: bool
    progress: Progress


def fit(model: GAN, data: Any, options: Options) -> History:
    """Train; see :meth:`stochos.gan.GAN.fit`.

    Raises
    ------
    ConvergenceError
        A loss is not finite.
    InputError
        The data or an option does not fit.
    """
    steps = _checks.whole(_WHERE, "steps", options.steps, 0)
    size = _checks.whole(_WHERE, "batch_size", options.batch_size, 1)
    seed = seed_of(options.seed, _WHERE)
    source = _Source(data, seed, size, model)
    _build(model, source.peek)
    log_every = _checks.whole(_WHERE, "log_every", options.log_every, 1)
    save_every = _checks.whole(_WHERE, "checkpoint_every", options.checkpoint_every, 1)
    draw_every = _checks.whole(_WHERE, "picture_every", options.picture_every, 1)
    if options.resume and options.checkpoint is None:
        msg = f"[{_WHERE}] resume=True needs checkpoint=, the file to go on from"
        raise InputError(msg)
    fresh = _context.sub_seed(seed, "latent")
    if model._noise.seed != fresh:
        model._noise = nn.RandomStream(fresh)
    run = _Run(model, options, {"batch_size": size, "seed": seed, "log_every": log_every, **_facts(model, source)})
    if options.resume and options.checkpoint is not None and os.path.exists(options.checkpoint):
        run.load()
    draw = _picture(model, source, options)
    move = _steps.STEPS[model.update]
    step: Callable[[Any], Any] = lambda x: move(model, x)  # noqa: E731
    step = nn.compile(step) if options.compile else step
    with progress_callback(options.progress, f"training by {model.game.name}", "steps", _WHERE) as tell:
        try:
            done = model.steps
            while done < steps:
                run.add(step(source.batch(done)), done + 1)
                done += 1
                if done % log_every == 0:
                    run.line()
                    note(tell, run.summary())
                    for callback in options.callbacks:
                        callback(model)
                if draw is not None and done % draw_every == 0:
                    draw(done)
                if options.checkpoint is not None and done % save_every == 0:
                    run.save()
                report(tell, done, steps)
        except KeyboardInterrupt:
            if options.checkpoint is not None:
                run.save()
            raise
    if options.checkpoint is not None:
        run.save()
    return model.history


class _Source:
    """Batches of real examples, each a function of the seed and of the number of its step."""

    def __init__(self, data: Any, seed: int, size: int, model: GAN) -> None:
        dtype, critic_steps = _witness.dtype_of(model.discriminator), model.critic_steps
        self._several = model.update == "alternating"
        self._seed, self._size, self._many, self._dtype = _context.sub_seed(seed, "data"), size, critic_steps, dtype
        self.law = data if isinstance(data, Mixture) else None
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, dtype=np.int64))
        if self.law is not None:
            self.peek = self.law.sample(2, self._seed).astype(dtype)
            return
        try:
            self._data = np.asarray(data.numpy() if isinstance(data, _core.Tensor) else data)
        except (TypeError, ValueError) as error:
            msg = f"[{_WHERE}] data is of type {type(data).__name__}; give examples (N, ...) or a gan.Mixture ({error})"
            raise InputTypeError(msg) from None
        if self._data.dtype.kind not in "fiub" or self._data.ndim < 2:
            msg = f"[{_WHERE}] data is of {self._data.dtype} and shape {self._data.shape}; give numbers (N, ...)"
            raise InputTypeError(msg)
        if len(self._data) < size:
            msg = f"[{_WHERE}] there are {len(self._data)} examples and batches of {size}; lower batch_size"
            raise InputError(msg)
        self._data = np.ascontiguousarray(self._data, dtype=dtype)
        if not np.isfinite(self._data).all():
            msg = f"[{_WHERE}] data holds numbers that are not finite; remove these examples"
            raise InputError(msg)
        self.peek = self._data[:2]

    def batch(self, step: int) -> NDArray[Any]:
        """Return the real examples of a step: (B, ...), or (critic_steps, B, ...) where there are several batches."""
        if not self._several:
            return self._one(step)
        return np.stack([self._one(step * self._many + i) for i in range(self._many)])

    def _one(self, number: int) -> NDArray[Any]:
        if self.law is not None:
            return self.law.sample(self._size, _context.sub_seed(self._seed, number)).astype(self._dtype)
        each = len(self._data) // self._size
        epoch, place = divmod(number, each)
        if self._order[0] != epoch:
            self._order = epoch, _philox.permutation(self._seed, len(self._data), epoch)
        return np.asarray(self._data[self._order[1][place * self._size : (place + 1) * self._size]])


def _build(model: GAN, peek: NDArray[Any]) -> None:
    """Make the weights of players that have not been called, and look whether they fit each other."""
    with nn.no_updates():
        made = model.generator(
            nn.tensor(np.zeros((2, *model._latent_shape), _witness.dtype_of(model.generator))), training=False
        )
        if tuple(made.shape) != peek.shape:
            shape = tuple(made.shape)[1:]
            msg = f"[{_WHERE}] the generator makes examples of shape {shape}, the data are of shape {peek.shape[1:]}"
            raise InputError(msg)
        model.score(peek)


def _facts(model: GAN, source: _Source) -> dict[str, Any]:
    return {
        "game": model.game.name,
        "losses": model._losses,
        "update": model.update,
        "weight": model.weight,
        "critic_steps": model.critic_steps,
        "gradient_penalty": [model.gradient_penalty, model.penalty_center, model.penalty_at],
        "prior": model.prior,
        "data": repr(source.law) if source.law is not None else list(source._data.shape),
        "optimizers": [type(one).__name__ for one in (model.generator_optimizer, model.discriminator_optimizer)],
    }


def _picture(model: GAN, source: _Source, options: Options) -> Callable[[int], None] | None:
    if options.pictures is None:
        return None
    from stochos.gan import _pictures

    folder = os.fsdecode(options.pictures)
    os.makedirs(folder, exist_ok=True)
    real = source._one(0) if source.law is None else source.law.sample(1000, 0)
    _pictures.check_shape(_WHERE, real)

    def draw(step: int) -> None:
        path = os.path.join(folder, f"samples_{step:07d}.png")
        ax = _figures.axes(_WHERE, path, None, (5, 5))
        ax.set_title(f"{model.game.name}, step {step:,}")
        _pictures.samples_plot(model.sample(1000 if real.ndim == 2 and real.shape[1] == 2 else 64), real, ax=ax)
        _figures.keep(ax.figure, path, _WHERE)

    return draw


class _Run:
    """What a run has measured since the last line of the history, and its file."""

    def __init__(self, model: GAN, options: Options, facts: dict[str, Any]) -> None:
        self._model, self._path, self._facts = model, options.checkpoint, facts
        self._pending: list[tuple[float, float, float]] = []
        self._warned = False

    def add(self, losses: tuple[Any, Any, Any], step: int) -> None:
        """Keep the losses of a step.

        Raises
        ------
        ConvergenceError
            One is not finite.
        """
        critic, wish, plain = (float(loss) for loss in losses)
        if not (math.isfinite(critic) and math.isfinite(wish)):
            msg = (
                f"[{_WHERE}] the losses are {critic} (discriminator) and {wish} (generator) at step {step}; lower the "
                "learning rates, clip the gradients (clip_norm=), or use a gradient penalty"
            )
            raise ConvergenceError(msg)
        self._pending.append((critic, wish, plain))

    def line(self) -> None:
        """Write a line of the history."""
        critic, wish, plain = np.mean(self._pending, axis=0)
        figures = {"step": float(self._model.steps), "critic_loss": critic, "generator_loss": wish}
        if self._model.game.estimate:
            figures["estimate"] = -plain
            self._watch(-plain)
        self._model.history.add(figures)
        self._pending.clear()

    def _watch(self, bound: float) -> None:
        """Warn, once, of a discriminator that is far worse than one that says nothing: its exponential ran away."""
        game = self._model.game
        if game.divergence is None or bound > _LOST or self._warned:
            return
        self._warned = True
        msg = (
            f"[{_WHERE}] the discriminator's bound on {game.name} fell to {bound:.3g} at step {self._model.steps}, "
            "where saying nothing has 0: it runs away; train it by discriminator_loss='log_score', or clip both "
            "players' gradients (clip_norm=1), or lower the rates"
        )
        warnings.warn(msg, RuntimeWarning, stacklevel=5)

    def summary(self) -> str:
        """Return the last line of the history in a few words."""
        name = "estimate" if self._model.game.estimate else "critic_loss"
        return f"{name.replace('_', ' ')} {self._model.history[name][-1]:.4f}"

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        model = self._model
        parts = {
            "generator": model.generator.state(),
            "discriminator": model.discriminator.state(),
            "generator_optimizer": model.generator_optimizer.state(model.generator),
            "discriminator_optimizer": model.discriminator_optimizer.state(model.discriminator),
            "noise": {"counter": np.array(model._noise.counter.numpy())},
        }
        arrays = {f"{part}/{name}": value for part, state in parts.items() for name, value in state.items()}
        text = {
            "history": model.history.as_dict(),
            "pending": self._pending,
            "facts": self._facts,
            "stream_version": stream_version,
        }
        meta = {"format": FORMAT, "version": str(VERSION), "training": json.dumps(text)}
        assert self._path is not None
        _safetensors.write(self._path, arrays, meta, _WHERE)

    def load(self) -> None:
        """Take the state of a checkpoint.

        Raises
        ------
        FileFormatError
            It is damaged or no checkpoint.
        InputError
            It is of another run. Nothing was changed.
        """
        assert self._path is not None
        name, model = os.fsdecode(self._path), self._model
        arrays, meta = _safetensors.read(self._path, _WHERE)
        if meta.get("format") != FORMAT or meta.get("version") != str(VERSION):
            msg = f"[{_WHERE}] {name!r} is no checkpoint of a GAN (layout {VERSION}); give the file that fit wrote"
            raise FileFormatError(msg)
        try:
            text = json.loads(meta["training"])
            history, facts = nn.History(text["history"]), dict(text["facts"])
            pending = [(float(a), float(b), float(c)) for a, b, c in text["pending"]]
            version = text["stream_version"]
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            msg = f"[{_WHERE}] {name!r} is damaged: its account of the run makes no sense"
            raise FileFormatError(msg) from None
        for fact, value in {**self._facts, "stream_version": stream_version}.items():
            found = version if fact == "stream_version" else facts.get(fact)
            if found != value:
                msg = (
                    f"[{_WHERE}] {name!r} is of a run with {fact} {found!r}, this one has {value!r}; resume with the "
                    "same, or begin anew without resume"
                )
                raise InputError(msg)
        parts: dict[str, dict[str, Any]] = {}
        for key, value in arrays.items():
            stem, _, rest = key.partition("/")
            parts.setdefault(stem, {})[rest] = np.array(value)
        counter = parts.get("noise", {}).get("counter")
        if counter is None or counter.size != 1 or counter.dtype.kind not in "iu":
            msg = f"[{_WHERE}] {name!r} is damaged: it does not say how much noise was drawn"
            raise FileFormatError(msg)
        before = model.generator.state(), model.discriminator.state()
        own = model.generator_optimizer.state(model.generator)
        try:
            model.generator.set_state(parts.get("generator", {}))
            model.discriminator.set_state(parts.get("discriminator", {}))
            model.generator_optimizer.set_state(model.generator, parts.get("generator_optimizer", {}))
            model.discriminator_optimizer.set_state(model.discriminator, parts.get("discriminator_optimizer", {}))
        except InputError:
            model.generator.set_state(before[0])
            model.discriminator.set_state(before[1])
            model.generator_optimizer.set_state(model.generator, own)
            raise
        model._noise.counter.assign(counter.reshape(()))
        model.history, self._pending = history, pending
