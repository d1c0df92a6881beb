"""Optimizers with the formulas and the defaults of PyTorch, which the tests compare them with, option by option.

In the formulas, p is a parameter, g its gradient, η the learning rate, t the number of the update from 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from stochos import _checks
from stochos._core import ops
from stochos.nn.optimizer import Optimizer
from stochos.nn.schedules import Schedule

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]


def _decayed(p: Any, g: Any, options: Mapping[str, Any]) -> Any:
    """Add the gradient of the L2 penalty."""
    return g + options["weight_decay"] * p if options["weight_decay"] else g


def _fused(
    kind: str, p: Any, g: Any, slots: Mapping[str, Any], scalars: Mapping[str, Any], **numbers: float
) -> tuple[Any, ...]:
    """Move p and its slots in one pass over memory."""
    states = [slot.value for slot in slots.values()]
    return tuple(ops.update(kind, p, g, states, scalars["exact"], step=scalars["step"], **numbers))


class SGD(Optimizer):
    """Gradient descent, with momentum or Nesterov's.

    g ← g + weight_decay p; with momentum μ: b ← μ b + (1 - dampening) g (the first time b ← g), and g ← b, or g + μ b
    for Nesterov; p ← p - η g.

    Parameters
    ----------
    learning_rate : float or Schedule
    momentum : float
        In [0, 1).
    nesterov : bool
        Needs a momentum, and no dampening.
    dampening : float
        In [0, 1].
    weight_decay : float
        Factor of the L2 penalty (whose value is ½ weight_decay p²).
    clip_norm, clip_value, groups
        See `Optimizer`.

    References
    ----------
    I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and momentum in deep learning",
    ICML 2013.

    Examples
    --------
    >>> optimizer = nn.SGD(0.1, momentum=0.9, groups=[{"parameters": "*/bias", "learning_rate": 0.2}])
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-3,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        groups: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(
            learning_rate, clip_norm=clip_norm, clip_value=clip_value, groups=groups, momentum=momentum,
            nesterov=nesterov, dampening=dampening, weight_decay=weight_decay,
        )  # fmt: skip

    def _checked(self, options: dict[str, Any]) -> dict[str, Any]:
        for name, high in (("momentum", 1.0), ("dampening", 1.0), ("weight_decay", math.inf)):
            _checks.real(self._where, name, options[name], 0.0, high)
        if options["nesterov"] and (options["momentum"] == 0 or options["dampening"] != 0):
            self._refuse("nesterov=True needs a momentum above 0 and no dampening")
        return options

    def _start(self, options: Mapping[str, Any]) -> dict[str, float]:
        return {"momentum": 0.0} if options["momentum"] else {}

    def _scalars(self, rate: Any, step: Any, options: Mapping[str, Any], dtype: str) -> dict[str, Any]:
        scalars = super()._scalars(rate, step, options, dtype)
        if options["dampening"]:
            # The first gradient is taken whole.
            later = ops.cast(step > 1, "float64")
            scalars["share"] = ops.cast(1.0 - options["dampening"] * later, dtype)
        return scalars

    def _updated(
        self, p: Any, g: Any, slots: Mapping[str, Any], scalars: Mapping[str, Any], options: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        momentum = options["momentum"]
        if not options["dampening"]:
            kind = "nesterov" if options["nesterov"] else "momentum" if momentum else "sgd"
            return _fused(kind, p, g, slots, scalars, l2=options["weight_decay"], beta1=momentum)
        g = _decayed(p, g, options)
        if not momentum:
            return (p - scalars["rate"] * g,)
        b = momentum * slots["momentum"] + scalars["share"] * g
        return p - scalars["rate"] * b, b


class RMSprop(Optimizer):
    """Steps divided by a moving root mean square of the gradient.

    s ← α s + (1 - α) g²; d = g / (√s + ε), centered: g / (√(s - m²) + ε) with m ← α m + (1 - α) g; with momentum μ:
    b ← μ b + d and p ← p - η b, else p ← p - η d.

    Parameters
    ----------
    learning_rate : float or Schedule
    decay : float
        α, in [0, 1).
    epsilon : float
        ε, outside of the root.
    momentum : float
    centered : bool
    weight_decay : float
        Factor of the L2 penalty.
    clip_norm, clip_value, groups
        See `Optimizer`.

    References
    ----------
    T. Tieleman, G. Hinton, "Lecture 6.5", 2012; A. Graves, arXiv:1308.0850 (centered).
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-2,
        *,
        decay: float = 0.99,
        epsilon: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        groups: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(
            learning_rate, clip_norm=clip_norm, clip_value=clip_value, groups=groups, decay=decay, epsilon=epsilon,
            momentum=momentum, centered=centered, weight_decay=weight_decay,
        )  # fmt: skip

    def _checked(self, options: dict[str, Any]) -> dict[str, Any]:
        for name, high in (("decay", 1.0), ("epsilon", math.inf), ("momentum", 1.0), ("weight_decay", math.inf)):
            _checks.real(self._where, name, options[name], 0.0, high)
        return options

    def _start(self, options: Mapping[str, Any]) -> dict[str, float]:
        out = {"square": 0.0}
        if options["centered"]:
            out["mean"] = 0.0
        if options["momentum"]:
            out["momentum"] = 0.0
        return out

    def _updated(
        self, p: Any, g: Any, slots: Mapping[str, Any], scalars: Mapping[str, Any], options: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        decay = options["decay"]
        if not options["centered"] and not options["momentum"]:
            return _fused(
                "rmsprop", p, g, slots, scalars, l2=options["weight_decay"], beta2=decay, epsilon=options["epsilon"]
            )
        g = _decayed(p, g, options)
        square = decay * slots["square"] + (1.0 - decay) * ops.square(g)
        moved = [square]
        spread = square
        if options["centered"]:
            moved.append(decay * slots["mean"] + (1.0 - decay) * g)
            spread = square - ops.square(moved[-1])
        d = g / (ops.sqrt(spread) + options["epsilon"])
        if options["momentum"]:
            d = options["momentum"] * slots["momentum"] + d
            moved.append(d)
        return (p - scalars["rate"] * d, *moved)


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients.

    s ← s + g²; p ← p - η / (1 + (t - 1) rate_decay) g / (√s + ε).

    Parameters
    ----------
    learning_rate : float or Schedule
    rate_decay : float
    start : float
        Where s begins.
    epsilon : float
    weight_decay : float
        Factor of the L2 penalty.
    clip_norm, clip_value, groups
        See `Optimizer`.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods", JMLR 12 (2011).
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-2,
        *,
        rate_decay: float = 0.0,
        start: float = 0.0,
        epsilon: float = 1e-10,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        groups: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(
            learning_rate, clip_norm=clip_norm, clip_value=clip_value, groups=groups, rate_decay=rate_decay,
            start=start, epsilon=epsilon, weight_decay=weight_decay,
        )  # fmt: skip

    def _checked(self, options: dict[str, Any]) -> dict[str, Any]:
        for name in ("rate_decay", "start", "epsilon", "weight_decay"):
            _checks.real(self._where, name, options[name], 0.0)
        return options

    def _start(self, options: Mapping[str, Any]) -> dict[str, float]:
        return {"square": options["start"]}

    def _scalars(self, rate: Any, step: Any, options: Mapping[str, Any], dtype: str) -> dict[str, Any]:
        if options["rate_decay"]:  # "exact" takes it along
            rate = rate / (1.0 + (ops.cast(step, "float64") - 1.0) * options["rate_decay"])
        return super()._scalars(rate, step, options, dtype)

    def _updated(
        self, p: Any, g: Any, slots: Mapping[str, Any], scalars: Mapping[str, Any], options: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        return _fused("adagrad", p, g, slots, scalars, l2=options["weight_decay"], epsilon=options["epsilon"])


class Adam(Optimizer):
    """Moving means of gradient and square, corrected for their start at zero.

    m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; p ← p - η m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε). With ``amsgrad``
    the largest v so far takes the place of v in the quotient.

    Parameters
    ----------
    learning_rate : float or Schedule
    beta1, beta2 : float
        In [0, 1).
    epsilon : float
    weight_decay : float
        Factor of the L2 penalty, which goes through the quotient as g does; see `AdamW` for the other way.
    amsgrad : bool
    clip_norm, clip_value, groups
        See `Optimizer`.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam", ICLR 2015, arXiv:1412.6980; S. Reddi et al., ICLR 2018 (amsgrad).
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-3,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        groups: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(
            learning_rate, clip_norm=clip_norm, clip_value=clip_value, groups=groups, beta1=beta1, beta2=beta2,
            epsilon=epsilon, weight_decay=weight_decay, amsgrad=amsgrad,
        )  # fmt: skip

    def _checked(self, options: dict[str, Any]) -> dict[str, Any]:
        below = math.nextafter(1.0, 0.0)
        for name, high in (("beta1", below), ("beta2", below), ("epsilon", math.inf), ("weight_decay", math.inf)):
            _checks.real(self._where, name, options[name], 0.0, high)
        return options

    def _start(self, options: Mapping[str, Any]) -> dict[str, float]:
        out = {"mean": 0.0, "square": 0.0}
        return out | {"largest": 0.0} if options["amsgrad"] else out

    def _scalars(self, rate: Any, step: Any, options: Mapping[str, Any], dtype: str) -> dict[str, Any]:
        t = ops.cast(step, "float64")
        first, second = (
            -ops.expm1(t * math.log(beta)) if beta else 1.0 + 0.0 * t for beta in (options["beta1"], options["beta2"])
        )
        out = {"rate": rate / first, "second": ops.sqrt(second)}
        out["keep"] = 1.0 - rate * options["weight_decay"]
        return {name: ops.cast(value, dtype) for name, value in out.items()} | {"exact": rate, "step": step}

    def _updated(
        self, p: Any, g: Any, slots: Mapping[str, Any], scalars: Mapping[str, Any], options: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        if not options["amsgrad"]:
            return self._fused(p, g, slots, scalars, options, l2=options["weight_decay"])
        return self._moved(p, _decayed(p, g, options), slots, scalars, options)

    def _fused(
        self,
        p: Any,
        g: Any,
        slots: Mapping[str, Any],
        scalars: Mapping[str, Any],
        options: Mapping[str, Any],
        **decay: float,
    ) -> tuple[Any, ...]:
        more = {name: options[name] for name in ("beta1", "beta2", "epsilon")}
        return _fused("adam", p, g, slots, scalars, **more, **decay)

    def _moved(
        self, p: Any, g: Any, slots: Mapping[str, Any], scalars: Mapping[str, Any], options: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        beta1, beta2 = options["beta1"], options["beta2"]
        mean = beta1 * slots["mean"] + (1.0 - beta1) * g
        square = beta2 * slots["square"] + (1.0 - beta2) * ops.square(g)
        spread = ops.maximum(slots["largest"], square)
        step = scalars["rate"] * mean / (ops.sqrt(spread) / scalars["second"] + options["epsilon"])
        return p - step, mean, square, spread


class AdamW(Adam):
    """`Adam` whose weight decay is apart from the gradient: first p ← (1 - η weight_decay) p, then the step of Adam.

    Parameters
    ----------
    learning_rate, beta1, beta2, epsilon, amsgrad, clip_norm, clip_value, groups
        See `Adam`.
    weight_decay : float

    References
    ----------
    I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv:1711.05101.
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-3,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        groups: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(
            learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, weight_decay=weight_decay, amsgrad=amsgrad,
            clip_norm=clip_norm, clip_value=clip_value, groups=groups,
        )  # fmt: skip

    def _updated(
        self, p: Any, g: Any, slots: Mapping[str, Any], scalars: Mapping[str, Any], options: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        if not options["amsgrad"]:
            return self._fused(p, g, slots, scalars, options, decay=options["weight_decay"])
        return self._moved(scalars["keep"] * p, g, slots, scalars, options)
