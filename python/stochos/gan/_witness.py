"""Witness networks and their training: a function v whose activation makes the bound on a divergence large."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stochos import _core, nn
from stochos.errors import ConvergenceError, InputError, InputTypeError
from stochos.gan._arrays import Floats
from stochos.nn import _context, _philox

if TYPE_CHECKING:
    from stochos.gan._divergence import Divergence

_ops = _core.ops
_WIDEST_QUADRATIC = 32  # dimensions beyond which the quadratic part keeps its diagonal alone


class Witness(nn.Layer):
    """v(x) = c + b x + x A x + a small network of x, for x (B, ...) of mean 0 and variance 1, laid flat.

    The quadratic part alone holds the log-ratio of any two Gaussians; the network has the rest. It begins at v = 0.
    """

    def __init__(self, kind: str = "mlp", width: int = 64, **settings: Any) -> None:
        super().__init__(**settings)
        self.kind = kind
        self.hidden = [nn.Dense(width, "silu", seed=_context.sub_seed(self._seed, i)) for i in range(2)]
        self.out = nn.Dense(1, use_bias=False, kernel_initializer="zeros", seed=_context.sub_seed(self._seed, "out"))

    def build(self, *shapes: Any) -> None:
        """Make the weights of the linear and of the quadratic part."""
        d = math.prod(shapes[0][1:])
        self.add_weight("linear", (d, 1), "zeros")
        self.add_weight("constant", (1,), "zeros")
        if self.kind == "mlp":
            self.add_weight("quadratic", (d, d) if d <= _WIDEST_QUADRATIC else (d,), "zeros")

    def call(self, x: Any) -> Any:
        """Compute v of shape (B,)."""
        x = _ops.reshape(x, (x.shape[0], -1))
        v = x @ self.linear + self.constant
        if self.kind == "mlp":
            turned = x @ self.quadratic if len(self.quadratic.shape) == 2 else x * self.quadratic
            v = v + _ops.sum(turned * x, axis=-1, keepdims=True)
            v = v + self.out(self.hidden[1](self.hidden[0](x)))
        return _ops.reshape(v, (-1,))


def maker(where: str, witness: object) -> Callable[[int], Any]:
    """Return a function of a seed that makes a fresh network.

    Raises
    ------
    InputError
        There is no witness of this name.
    InputTypeError
        It is neither a name nor a layer nor a function.
    """
    if isinstance(witness, str):
        if witness not in ("mlp", "linear"):
            msg = f"[{where}] there is no witness {witness!r}; give 'mlp', 'linear', a layer or a function"
            raise InputError(msg)
        return lambda seed: Witness(witness, seed=seed)
    if isinstance(witness, nn.Layer):
        return lambda seed: witness.clone(seed)
    if callable(witness):
        return lambda _: witness()
    msg = f"[{where}] witness is of type {type(witness).__name__}; give 'mlp', 'linear', a layer or a function"
    raise InputTypeError(msg)


class Trained:
    """A network with the scaling of its inputs.

    Parameters
    ----------
    network : Layer
    center, scale : ndarray
        Inputs go in as (x - center) / scale.
    reach : tuple of float
        Ends of what v may be.
    """

    def __init__(
        self, network: Any, center: Floats, scale: Floats, reach: tuple[float, float] = (-np.inf, np.inf)
    ) -> None:
        self.network, self.scaling, self.reach = network, (center, scale), reach

    def keep_within(self, *points: NDArray[Any]) -> None:
        """Let v of other points stay between the least and the greatest v of these: a witness does not extrapolate."""
        found = np.concatenate([self(one) for one in points])
        self.reach = (float(found.min()), float(found.max()))

    def scaled(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Return points as the network takes them."""
        return np.asarray((x - self.scaling[0]) / self.scaling[1], dtype=np.float32)

    def __call__(self, x: NDArray[Any], batch: int = 8192) -> Floats:
        """Return v of N points, shape (N,)."""
        parts = [
            np.asarray(values(self.network, self.scaled(x[i : i + batch])).numpy(), dtype=np.float64)
            for i in range(0, len(x), batch)
        ]
        return np.clip(np.concatenate(parts), *self.reach) if parts else np.empty(0)


def dtype_of(player: Any) -> str:
    """Return the dtype of a network's weights: a model of float64 layers counts as float64."""
    kinds = {layer.dtype for layer in (player, *player.layers_inside())}
    return "float64" if "float64" in kinds else "float32"


_BY_EXAMPLE = (
    nn.Dense, nn.Activation, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Softplus,
    nn.LayerNorm, nn.Flatten, nn.Conv1D, nn.Conv2D, nn.AveragePool1D, nn.AveragePool2D, nn.MaxPool1D, nn.MaxPool2D,
    nn.GlobalAveragePool, nn.GlobalMaxPool,
)  # fmt: skip


def by_example(network: Any) -> bool:
    """Tell whether a network certainly treats each example by itself, the same in training and without a draw."""
    if type(network) is nn.Sequential:
        return all(type(layer) in _BY_EXAMPLE for layer in network.layers)
    if type(network) is nn.Model:
        return all(type(call.target) in _BY_EXAMPLE for call in network.calls)
    return type(network) in _BY_EXAMPLE


def values(network: Any, x: Any, **options: Any) -> Any:
    """Call a network and return one number for each example, shape (B,).

    Raises
    ------
    InputError
        It gives another shape.
    """
    v = network(x, **options)
    if tuple(v.shape) not in ((x.shape[0],), (x.shape[0], 1)):
        msg = (
            f"[gan] the network gives shape {tuple(v.shape)} for {x.shape[0]} examples; a witness or discriminator "
            "gives one number for each, shape (B,) or (B, 1)"
        )
        raise InputError(msg)
    return _ops.reshape(v, (-1,)) if len(v.shape) == 2 else v


def scaling(*samples: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each coordinate over all samples; constant ones get scale 1."""
    both = np.concatenate([np.asarray(sample, dtype=np.float64) for sample in samples])
    scale = both.std(axis=0)
    return both.mean(axis=0), np.where(scale > 0, scale, 1.0)


def batches(seed: int, count: int, size: int) -> Iterator[NDArray[np.int64]]:
    """Yield indices of batches without end: each pass over the examples in an order of its own."""
    size, epoch = min(size, count), 0
    while True:
        epoch += 1
        order = _philox.permutation(seed, count, epoch)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]


def train(
    d: Divergence,
    trained: Trained,
    draw: Callable[[int], tuple[NDArray[Any], NDArray[Any]]],
    steps: int,
    learning_rate: float,
    watch: Callable[[int], None],
) -> None:
    """Train a network to make E_P[T] - E_Q[f*(T)] large.

    The first half of the steps goes by the logarithmic score of "P or Q?", whose best v is the log-ratio too and whose
    gradients are bounded; the second half by the bound itself.

    Parameters
    ----------
    d : Divergence
    trained : Trained
    draw : callable
        From the number of the step to a batch of P and one of Q.
    steps : int
    learning_rate : float
        At the start; it goes to 0 along a cosine in each half.
    watch : callable
        Called with the number of each step after it.

    Raises
    ------
    ConvergenceError
        The bound is no number.
    """
    network = trained.network
    optimizer = nn.Adam(learning_rate, clip_norm=10.0)

    def step_of(score: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def step(x: Any, y: Any) -> Any:
            def loss() -> Any:
                v = values(network, _ops.concat([x, y]), training=True)
                return score(v[: x.shape[0]], v[x.shape[0] :])

            value, gradients = nn.value_and_grad(loss, wrt=network)()
            optimizer.update(network, gradients)
            return value

        return nn.compile(step)

    classify = step_of(lambda p, q: _ops.mean(_ops.softplus(-p)) + _ops.mean(_ops.softplus(q)))
    bound = step_of(lambda p, q: _ops.mean(d.fused(q)) - _ops.mean(d.activation(p)))
    first = steps // 2
    for number in range(steps):
        early = number < first
        done = number / first if early else (number - first) / (steps - first)
        optimizer.learning_rate = (
            learning_rate * (0.03 + 0.97 * (0.5 + 0.5 * np.cos(np.pi * done))) * (1.0 if early else 0.3)
        )
        x, y = draw(number)
        value = float((classify if early else bound)(trained.scaled(x), trained.scaled(y)))
        if not np.isfinite(value):
            msg = f"[gan.estimate] the bound of {d.name!r} is {value} at step {number}; lower the learning_rate"
            raise ConvergenceError(msg)
        watch(number + 1)
