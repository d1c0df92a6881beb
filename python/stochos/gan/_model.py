"""A GAN: two players, what they play for, and how they are moved."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stochos import _checks, _core, nn
from stochos.errors import InputError, InputTypeError
from stochos.gan import _games, _steps, _witness
from stochos.nn import _context
from stochos.random import seed_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stochos._progress import Progress
    from stochos.gan._divergence import Divergence
    from stochos.nn.history import History

__all__ = ["GAN"]


class GAN:
    """A generator and a discriminator that learn from each other.

    Parameters
    ----------
    generator
        A layer or model from latent numbers (B, ...) to examples (B, ...).
    discriminator
        A layer or model from examples to one score each, (B,) or (B, 1), without a last activation: with an
        f-divergence the score becomes the estimated log(p/q), higher for real.
    divergence
        What is made small: a divergence or its name; ``"hinge"``, ``"wasserstein"`` (with a gradient penalty of 10
        unless you say otherwise), ``"least_squares"``, ``"relativistic"``, ``"relativistic_average"``; or a `Game`.
    update
        ``"single-loss"``: both players from one backward pass of one loss. ``"simultaneous"``: the same moves by two
        separate gradients. ``"alternating"``: the discriminator `critic_steps` times, each with fresh batches, then the
        generator against the discriminator of now.
    generator_loss
        Of f-divergences: ``"non_saturating"`` raises the witness T on what was made, ``"minimax"`` makes the bound
        itself small. For total variation they are the same.
    discriminator_loss
        Of f-divergences: ``"bound"`` makes the lower bound on the divergence large; ``"log_score"`` answers "real or
        made?", whose best scores are log(p/q) as well and whose gradients are bounded, while the generator goes on
        playing for the divergence. For those whose bound grows exponentially (Pearson's, Neyman's); no estimate then.
    weight
        Factor of the generator's loss, the λ of the single loss. It is the ratio of the learning rates with SGD alone:
        Adam and RMSprop divide it out. Give each player its own rate by its own optimizer instead.
    generator_optimizer, discriminator_optimizer
        Default: Adam with rate 1e-3 and beta1 0.5.
    critic_steps
        Of ``"alternating"``.
    gradient_penalty
        Factor of E (|∇D| - penalty_center)²; second order. 0: none.
    penalty_center
        1 as in WGAN-GP; 0 for R1, with ``penalty_at="real"``.
    penalty_at
        ``"between"`` (on lines between real and made examples), ``"real"`` or ``"made"``.
    latent
        Shape of the latent numbers of one example; taken from a generator that is a `nn.Model`.
    prior
        Law of the latent numbers: ``"normal"`` or ``"uniform"`` on (-1, 1).
    seed
        Of the latent numbers until `fit` brings its own.

    Attributes
    ----------
    game : Game
    history : nn.History
        What `fit` has measured so far.
    steps : int
        Moves of the generator so far.

    Raises
    ------
    InputError, InputTypeError, UnknownNameError
        An argument is out of range, of another kind, or not known.

    References
    ----------
    S. Nowozin, B. Cseke, R. Tomioka, "f-GAN", NeurIPS 2016; kexue.fm/archives/6016 and 6387. B. Poole, A. Alemi,
    J. Sohl-Dickstein, A. Angelova, "Improved generator objectives for GANs", arXiv:1612.02780 (the log score).

    Examples
    --------
    >>> from stochos import gan, nn
    >>> g = nn.Sequential([nn.Dense(64, "relu"), nn.Dense(2)])
    >>> d = nn.Sequential([nn.Dense(64, "relu"), nn.Dense(1)])
    >>> model = gan.GAN(g, d, "jensen_shannon", latent=16)
    >>> history = model.fit(gan.ring(8).sample(2000), steps=10, batch_size=64)
    >>> model.sample(5).shape
    (5, 2)
    """

    def __init__(
        self,
        generator: Any,
        discriminator: Any,
        divergence: str | Divergence | _games.Game = "js",
        update: str = "single-loss",
        *,
        generator_loss: str = "non_saturating",
        discriminator_loss: str = "bound",
        weight: float = 1.0,
        generator_optimizer: nn.Optimizer | None = None,
        discriminator_optimizer: nn.Optimizer | None = None,
        critic_steps: int = 1,
        gradient_penalty: float | None = None,
        penalty_center: float = 1.0,
        penalty_at: str = "between",
        latent: int | tuple[int, ...] | None = None,
        prior: str = "normal",
        seed: int | np.random.Generator | np.random.SeedSequence = 0,
    ) -> None:
        where = "gan.GAN"
        for name, player in (("generator", generator), ("discriminator", discriminator)):
            _checks.instance(where, name, player, nn.Layer, "give a layer or model of stochos.nn")
        self.generator, self.discriminator = generator, discriminator
        _checks.choice(where, "generator_loss", generator_loss, ("non_saturating", "minimax"))
        _checks.choice(where, "discriminator_loss", discriminator_loss, ("bound", "log_score"))
        self.game = _games.game(where, divergence, generator_loss, discriminator_loss)
        self._losses = [generator_loss, discriminator_loss]
        self.update = _checks.choice(where, "update", update, tuple(_steps.STEPS))
        self.weight = _checks.real(where, "weight", weight, 0.0)
        self.critic_steps = _checks.whole(where, "critic_steps", critic_steps, 1)
        if self.critic_steps > 1 and update != "alternating":
            msg = f"[{where}] critic_steps is {critic_steps}; only update='alternating' moves one player more often"
            raise InputError(msg)
        default = 10.0 if self.game.name == "wasserstein" else 0.0
        given = default if gradient_penalty is None else gradient_penalty
        self.gradient_penalty = _checks.real(where, "gradient_penalty", given, 0.0)
        self.penalty_center = _checks.real(where, "penalty_center", penalty_center, 0.0)
        self.penalty_at = _checks.choice(where, "penalty_at", penalty_at, ("between", "real", "made"))
        self.prior = _checks.choice(where, "prior", prior, ("normal", "uniform"))
        self._latent_shape = _latent_shape(where, generator, latent)
        self.generator_optimizer = _optimizer(where, "generator_optimizer", generator_optimizer)
        self.discriminator_optimizer = _optimizer(where, "discriminator_optimizer", discriminator_optimizer)
        if self.generator_optimizer is self.discriminator_optimizer:
            msg = f"[{where}] both players have one optimizer; give each its own"
            raise InputError(msg)
        self.history: History = nn.History()
        self._noise = nn.RandomStream(_context.sub_seed(seed_of(seed, where), "latent"))

    @property
    def steps(self) -> int:
        """Moves of the generator so far."""
        return self.generator_optimizer.steps

    def fit(
        self,
        data: Any,
        *,
        steps: int = 1000,
        batch_size: int = 256,
        seed: int | np.random.Generator | np.random.SeedSequence = 0,
        log_every: int = 50,
        pictures: str | os.PathLike[str] | None = None,
        picture_every: int = 500,
        callbacks: Sequence[Callable[[GAN], object]] = (),
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 500,
        resume: bool = False,
        compile: bool = True,
        progress: Progress = None,
    ) -> History:
        """Train both players.

        Parameters
        ----------
        data
            Real examples (N, ...), or a `Mixture`, of which each batch is drawn anew.
        steps
            Moves of the generator in all, those before a resume or an earlier call included.
        batch_size
            Examples of each kind in a step.
        seed
            Of the order of the data and of the latent numbers.
        log_every
            Steps of one line of the history: means of ``"critic_loss"`` and ``"generator_loss"``, and where the game
            has one the ``"estimate"``, the discriminator's bound on the divergence in training.
        pictures
            Folder for pictures of samples, one each `picture_every` steps: a scatter plot of points in the plane, a
            grid of square images. Needs matplotlib.
        callbacks
            Functions of the model, called after each line of the history.
        checkpoint
            File for everything that the rest of the run depends on: written each `checkpoint_every` steps, at the end,
            and when the run is stopped by Ctrl-C; whole or not at all.
        resume
            Go on from the checkpoint, if the file is there. The run then ends with the same bits as one that was never
            cut, given the same data, options and number of threads.
        compile
            Trace the step once and replay it; False runs it operation by operation.
        progress
            None: a bar on a terminal. A callable gets (done, total) in steps, and stops the run by returning False.

        Returns
        -------
        nn.History
            One line each `log_every` steps.

        Raises
        ------
        InputError, InputTypeError
            The data or an option does not fit, or the checkpoint is of another run.
        ConvergenceError
            A loss is not finite; the message names the step.
        """
        from stochos.gan import _training

        options = _training.Options(
            steps, batch_size, seed, log_every, pictures, picture_every, tuple(callbacks), checkpoint, checkpoint_every,
            resume, compile, progress,
        )  # fmt: skip
        return _training.fit(self, data, options)

    def sample(
        self, n: int, *, seed: int | np.random.Generator | np.random.SeedSequence = 0, batch_size: int = 4096
    ) -> NDArray[Any]:
        """Return n examples of the generator, (n, ...), a function of the seed."""
        where = "gan.GAN.sample"
        count = _checks.whole(where, "n", n, 0)
        size = _checks.whole(where, "batch_size", batch_size, 1)
        stream = nn.RandomStream(_context.sub_seed(seed_of(seed, where), "sample"))
        made = [
            np.array(self.generator(self._latent(min(size, max(count - start, 1)), stream), training=False).numpy())
            for start in range(0, max(count, 1), size)
        ]
        return np.concatenate(made)[:count]

    def score(self, points: Any) -> NDArray[np.float64]:
        """Return the discriminator's scores of examples (N, ...), shape (N,): log-ratios in an f-GAN."""
        x = np.asarray(points, dtype=_witness.dtype_of(self.discriminator))
        return np.asarray(_witness.values(self.discriminator, nn.tensor(x), training=False).numpy(), dtype=np.float64)

    def terms(self, x: Any, z: Any = None) -> dict[str, Any]:
        """Return the terms of the single loss on a batch, as tensors with derivatives.

        Parameters
        ----------
        x
            Real examples (B, ...).
        z
            Latent numbers (B, ...); drawn when None.

        Returns
        -------
        dict
            ``"discriminator"``, ``"generator"`` (a difference whose value is 0) and, where there are any, ``"penalty"``
            and ``"generator penalty"``. Their sum is the single loss.
        """
        real = x if isinstance(x, _core.Tensor) else nn.tensor(np.asarray(x))
        found = _steps.terms(self, real, self._latent(real.shape[0]) if z is None else z)
        return {name: term for name, term in found.items() if name != "wish"}

    def _latent(self, rows: int, stream: nn.RandomStream | None = None) -> Any:
        source, shape = stream or self._noise, (rows, *self._latent_shape)
        dtype = _witness.dtype_of(self.generator)
        if self.prior == "uniform":
            return source.uniform(shape, -1.0, 1.0, dtype)
        return source.normal(shape, dtype=dtype)

    def __repr__(self) -> str:
        return f"<GAN of {self.game.name!r}, {self.update}, after {self.steps} steps>"


def _latent_shape(where: str, generator: Any, latent: int | tuple[int, ...] | None) -> tuple[int, ...]:
    if latent is None:
        inputs = getattr(generator, "inputs", None)
        if not inputs or len(inputs) != 1 or any(length is None for length in inputs[0].shape[1:]):
            msg = f"[{where}] the generator does not say what it takes; give latent=, the shape of its numbers"
            raise InputError(msg)
        return tuple(inputs[0].shape[1:])
    lengths = (latent,) if isinstance(latent, int) else tuple(latent)
    return tuple(_checks.whole(where, "latent", length, 1) for length in lengths)


def _optimizer(where: str, name: str, given: nn.Optimizer | None) -> nn.Optimizer:
    if given is None:
        return nn.Adam(1e-3, beta1=0.5)
    shown: object = given
    if not isinstance(shown, nn.Optimizer):
        msg = f"[{where}] {name} is of type {type(shown).__name__}; give an optimizer such as nn.Adam(1e-3)"
        raise InputTypeError(msg)
    return given
