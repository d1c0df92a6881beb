"""Divergences from samples: a lower bound from a trained witness, on points that it has not seen."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks, _figures, executors, nn
from stochos._progress import Callback, progress_callback, report
from stochos.errors import InputError, InputTypeError
from stochos.gan import _witness
from stochos.gan._arrays import Floats
from stochos.nn import _context
from stochos.random import seed_of

if TYPE_CHECKING:
    from stochos.gan._divergence import Divergence

__all__ = ["Estimate", "estimate", "mutual_information"]

_LOOKS = 40  # points of the curve
_LOOK_SIZE = 4096


class Estimate:
    """A lower bound on a divergence, from samples.

    Attributes
    ----------
    value
        The bound: mean of T over P minus mean of f*(T) over Q, each point with a witness that was trained without it.
    low, high
        Ends of its confidence interval, from the spread of T and f*(T) (a normal approximation: where e^v has heavy
        tails, as in Pearson's with far laws, it is too narrow). The interval covers what the witness reaches, which is
        at most D(P || Q).
    standard_error
        Of ``value``.
    curve
        (steps, bound), two arrays: the held-out bound while the witness was trained.
    divergence, confidence
        What was estimated, and how wide the interval is.
    """

    def __init__(
        self,
        divergence: Divergence,
        parts: tuple[float, float, float],
        curve: tuple[NDArray[np.int64], Floats],
        confidence: float,
        witnesses: list[_witness.Trained],
        shape: tuple[int, ...],
    ) -> None:
        self.divergence, self.confidence, self.curve = divergence, confidence, curve
        self.value, self.low, self.high = parts
        self.standard_error = (self.high - self.low) / (2 * statistics.NormalDist().inv_cdf(0.5 + confidence / 2))
        self._witnesses, self._shape = witnesses, shape

    def __float__(self) -> float:
        """Return the bound."""
        return self.value

    def log_ratio(self, points: ArrayLike) -> Floats:
        """Return the estimated log(p/q) at points (N, ...), shape (N,); of total variation its sign alone."""
        given = np.asarray(points, dtype=np.float64)
        if given.ndim == 1 and self._shape == (1,):
            given = given[:, None]
        if given.ndim == 0 or given.shape[1:] != self._shape:
            msg = f"[gan.Estimate.log_ratio] points have shape {given.shape}; the samples were (N, {self._shape})"
            raise InputError(msg)
        return np.asarray(np.mean([witness(given) for witness in self._witnesses], axis=0), dtype=np.float64)

    def witness(self, points: ArrayLike) -> Floats:
        """Return the witness T = f'(p/q) at points (N, ...), shape (N,)."""
        return np.asarray(self.divergence.activation(self.log_ratio(points)), dtype=np.float64)

    def plot(self, path: _figures.Path = None, *, ax: Any = None) -> Any:
        """Draw the held-out bound over the training steps, with the interval; needs matplotlib.

        Parameters
        ----------
        path : str or path, optional
            Write the picture there (.png, .svg or .pdf).
        ax : matplotlib.axes.Axes, optional
            Draw here; default: a new figure.

        Returns
        -------
        matplotlib.axes.Axes
        """
        where = "gan.Estimate.plot"
        ax = _figures.axes(where, path, ax, (6.5, 4))
        ax.plot(*self.curve, color="tab:blue", label="held-out bound")
        ax.axhspan(self.low, self.high, color="tab:orange", alpha=0.3, lw=0, label=f"{self.confidence:.0%} interval")
        ax.axhline(self.value, color="tab:orange", lw=1)
        ax.set(xlabel="step", ylabel=f"bound on {self.divergence.name}")
        ax.legend(frameon=False)
        _figures.keep(ax.figure, path, where)
        return ax

    def __repr__(self) -> str:
        return f"<Estimate of {self.divergence.name!r}: {self.value:.5g}, {self.low:.5g} to {self.high:.5g}>"


def samples(where: str, name: str, values: ArrayLike, least: int) -> Floats:
    """Return samples as (N, ...) float64; numbers become (N, 1).

    Raises
    ------
    InputTypeError
        They are no numbers.
    InputError
        There are too few, or some are not finite.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        msg = f"[{where}] {name} is of type {type(values).__name__}; give an array of samples (N, ...) ({error})"
        raise InputTypeError(msg) from None
    if array.ndim == 0 or len(array) < least:
        msg = f"[{where}] {name} has the shape {array.shape}; give at least {least} samples, along the first axis"
        raise InputError(msg)
    if not np.isfinite(array).all():
        bad = int(np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(axis=1))[0])
        msg = f"[{where}] {name}[{bad}] is not finite"
        raise InputError(msg)
    return array[:, None] if array.ndim == 1 else array


def estimate(
    d: Divergence, x: ArrayLike, y: ArrayLike, *, where: str = "gan.Divergence.estimate", **options: Any
) -> Estimate:
    """Estimate D(P || Q); see :meth:`stochos.gan.Divergence.estimate`.

    Raises
    ------
    InputError
        The samples do not fit each other.
    """
    p, q = samples(where, "x", x, 20), samples(where, "y", y, 20)
    if p.shape[1:] != q.shape[1:]:
        msg = f"[{where}] a sample of x has shape {p.shape[1:]} and one of y {q.shape[1:]}; give points of one space"
        raise InputError(msg)
    folds = _checks.whole(where, "folds", options.get("folds", 2), 2, min(len(p), len(q)) // 5)
    places = np.arange(max(len(p), len(q))) % folds  # the samples are exchangeable: any split will do

    def split(fold: int) -> tuple[Floats, Floats, Floats, Floats]:
        mine, theirs = places[: len(p)] == fold, places[: len(q)] == fold
        return p[~mine], q[~theirs], p[mine], q[theirs]

    return _cross_fitted(d, split, folds, where, options)


def mutual_information(x: ArrayLike, y: ArrayLike, *, divergence: Divergence | str = "kl", **options: Any) -> Estimate:
    """Estimate the mutual information of pairs: the divergence of their law from the product of its marginals.

    Parameters
    ----------
    x, y
        N pairs: x[i] (N,) or (N, a) belongs to y[i] (N,) or (N, b). Both are numbers, or vectors.
    divergence
        ``"kl"`` for Shannon's mutual information in nats; any other gives its relative.
    **options
        Those of :meth:`stochos.gan.Divergence.estimate`.

    Returns
    -------
    Estimate
        Its ``log_ratio`` takes (N, a + b), the x and y of a pair side by side: the pointwise mutual information.

    Notes
    -----
    The product law is sampled by pairing each x with the y of others, within the part of the data that trains and
    within the part that is held out. The interval treats these pairs as independent of each other.

    Raises
    ------
    InputError
        Different numbers of x and y, too few of them, or numbers that are not finite.
    """
    from stochos.gan._divergence import divergence as named

    where = "gan.mutual_information"
    d = named(divergence) if isinstance(divergence, str) else divergence
    a, b = (samples(where, name, given, 20) for name, given in (("x", x), ("y", y)))
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    if len(a) != len(b):
        msg = f"[{where}] there are {len(a)} x and {len(b)} y; give them in pairs"
        raise InputError(msg)
    folds = _checks.whole(where, "folds", options.get("folds", 2), 2, len(a) // 5)
    places = np.arange(len(a)) % folds
    random = np.random.Generator(np.random.Philox(key=seed_of(options.get("seed", 0), where)))

    def apart(rows: NDArray[np.bool_]) -> Floats:
        first, second = a[rows], b[rows]
        # A cyclic shift of a random order: nobody keeps the own partner.
        pieces = []
        for _ in range(4):
            order = random.permutation(len(first))
            partner = np.empty_like(order)
            partner[order] = np.roll(order, 1)
            pieces.append(np.concatenate([first, second[partner]], axis=1))
        return np.concatenate(pieces)

    def split(fold: int) -> tuple[Floats, Floats, Floats, Floats]:
        mine = places == fold
        joint = np.concatenate([a, b], axis=1)
        return joint[~mine], apart(~mine), joint[mine], apart(mine)

    return _cross_fitted(d, split, folds, where, options)


def _cross_fitted(
    d: Divergence,
    split: Callable[[int], tuple[Floats, Floats, Floats, Floats]],
    folds: int,
    where: str,
    options: dict[str, Any],
) -> Estimate:
    known = {"seed", "witness", "folds", "steps", "batch_size", "learning_rate", "confidence", "executor", "progress"}
    unknown = sorted(set(options) - known)
    if unknown:
        msg = f"[{where}] there is no option {unknown[0]!r}; there are {', '.join(sorted(known))}"
        raise InputTypeError(msg)
    seed = seed_of(options.get("seed", 0), where)
    witness = options.get("witness", "mlp")
    make = _witness.maker(where, witness)
    steps = _checks.whole(where, "steps", options.get("steps", 1500), 2)
    batch_size = _checks.whole(where, "batch_size", options.get("batch_size", 512), 1)
    rate = _checks.real(where, "learning_rate", options.get("learning_rate", 5e-3), 0.0)
    confidence = _checks.real(where, "confidence", options.get("confidence", 0.95), 0.01, 0.9999)
    executor = options.get("executor")
    if executor is not None:
        executors.check_executor(where, executor)
    call = executors.new_call()
    shards = [
        _Fold(call, d, split(fold), witness, _context.sub_seed(seed, fold), steps, batch_size, rate, where)
        for fold in range(folds)
    ]
    with progress_callback(options.get("progress"), f"estimating {d.name}", "steps", where) as tell:
        if executor is None:
            fits = [_fold(shard, _shifted(tell, k, folds * steps)) for k, shard in enumerate(shards)]
        else:
            fits = executors.run_shards(executor, _fold, shards, [steps] * folds, call, tell, where)
    value, error = _bound(d, *(np.concatenate(parts) for parts in zip(*(fit.values for fit in fits), strict=True)))
    half = statistics.NormalDist().inv_cdf(0.5 + confidence / 2) * error
    ends = tuple(d._out(end) for end in (value, value - half, value + half))
    bounds = np.array([d._out(one) for one in np.mean([fit.curve for fit in fits], axis=0)])
    witnesses = [fit.witness(make(shard.seed), shard.data[0]) for fit, shard in zip(fits, shards, strict=True)]
    looks = np.arange(1, len(bounds) + 1) * max(1, steps // _LOOKS)
    return Estimate(d, (ends[0], ends[1], ends[2]), (looks, bounds), confidence, witnesses, shards[0].data[0].shape[1:])


@dataclasses.dataclass(frozen=True)
class _Fold:
    """The work of one fold, with all that it depends on."""

    call: str
    divergence: Divergence
    data: tuple[Floats, Floats, Floats, Floats]  # x and y to train on, x and y held out
    make: Any  # what makes the witness
    seed: int
    steps: int
    batch_size: int
    rate: float
    where: str


@dataclasses.dataclass(frozen=True)
class _Fit:
    """What came of one fold, as plain arrays."""

    state: dict[str, NDArray[Any]]
    scaling: tuple[Floats, Floats]
    reach: tuple[float, float]
    values: tuple[Floats, Floats]  # v at the points held out
    curve: list[float]

    def witness(self, network: Any, x: Floats) -> _witness.Trained:
        """Put the weights into a fresh network."""
        trained = _witness.Trained(network, *self.scaling, reach=self.reach)
        _begin(trained, x)
        network.set_state(self.state)
        return trained


def _shifted(tell: Callback | None, fold: int, total: int) -> Callback:
    """Return the progress of one fold as that of all."""
    return lambda done, steps: report(tell, fold * steps + done, total)


def _fold(shard: _Fold, tell: Callback | None = None) -> _Fit:
    """Train one fold's witness; called by the executor."""
    d, steps = shard.divergence, shard.steps
    x, y, *held = shard.data
    trained = _witness.Trained(_witness.maker(shard.where, shard.make)(shard.seed), *_witness.scaling(x, y))
    best = _Best(d, trained, (x[: 4 * _LOOK_SIZE], y[: 4 * _LOOK_SIZE]))
    every = max(1, steps // _LOOKS)
    curve: list[float] = []

    def watch(step: int) -> None:
        if step % every == 0:
            curve.append(_bound(d, *(trained(one[:_LOOK_SIZE]) for one in held))[0])
        if step == steps or (step >= steps // 2 and step % every == 0):
            best.look()
        report(tell or (lambda _done, _total: not executors.is_ended(shard.call)), step, steps)

    _fit(d, trained, (x, y), shard.seed, steps, shard.batch_size, shard.rate, watch)
    best.restore()
    return _Fit(trained.network.state(), trained.scaling, trained.reach, (trained(held[0]), trained(held[1])), curve)


class _Best:
    """Keeps the weights with the largest bound on the data that train: heavy tails of e^v may lead away from them."""

    def __init__(self, d: Divergence, trained: _witness.Trained, data: tuple[Floats, Floats]) -> None:
        self.trained = trained
        self._d, self._data = d, data
        self._value = -np.inf
        self._state: dict[str, NDArray[Any]] | None = None

    def look(self) -> None:
        """Compare the weights of now with the best so far."""
        value = _bound(self._d, *(self.trained(one) for one in self._data))[0]
        if value > self._value:
            self._value, self._state = value, self.trained.network.state()

    def restore(self) -> None:
        """Take the best weights, and let v of new points stay within its range on the data."""
        if self._state is not None:
            self.trained.network.set_state(self._state)
        self.trained.keep_within(*self._data)


def _fit(
    d: Divergence,
    trained: _witness.Trained,
    data: tuple[Floats, Floats],
    seed: int,
    steps: int,
    batch_size: int,
    rate: float,
    watch: Callable[[int], None],
) -> None:
    orders = [_witness.batches(_context.sub_seed(seed, i), len(one), batch_size) for i, one in enumerate(data)]

    def draw(_: int) -> tuple[Floats, Floats]:
        return data[0][next(orders[0])], data[1][next(orders[1])]

    _begin(trained, data[0])
    _witness.train(d, trained, draw, steps, rate, watch)


def _begin(trained: _witness.Trained, x: Floats) -> None:
    """Make the weights."""
    with nn.training_mode(False):
        trained(x[:1])


def _bound(d: Divergence, p: Floats, q: Floats) -> tuple[float, float]:
    """Return the bound and its standard error from v at held-out points of P and Q."""
    # As in training: the witness is the activation of the bent v.
    t = np.asarray(d.activation(nn.tensor(p)).numpy())
    conjugate = np.asarray(d.fused(nn.tensor(q)).numpy())
    value = float(t.mean() - conjugate.mean())
    return value, float(np.sqrt(t.var(ddof=1) / len(t) + conjugate.var(ddof=1) / len(q)))
