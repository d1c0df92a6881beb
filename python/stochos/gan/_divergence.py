"""f-divergences: everything that follows from one convex f."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from stochos import _checks
from stochos.errors import InputError, UnknownNameError
from stochos.gan import _arrays, _custom, _discrete, _gaussian, _tensors
from stochos.gan._arrays import Floats
from stochos.gan._formulas import BUILT_IN, Formula, Function, alpha_family

if TYPE_CHECKING:
    from stochos._progress import Progress
    from stochos.gan._estimation import Estimate

__all__ = ["Divergence", "divergence", "divergence_names"]


def divergence_names() -> dict[str, tuple[str, ...]]:
    """Return the name of each built-in divergence with its other names.

    ``"alpha"`` and ``"renyi"`` take a parameter and stand here without other names. The names are those of
    statistics. The article that the factory follows calls (u - 1)^2 "Neyman" and (1 - u)^2/u "Pearson", the other way
    round: its names are there as ``"post_neyman"`` and ``"post_pearson"``.
    """
    names = {formula.name: formula.aliases for formula in BUILT_IN.values()}
    return {**names, "alpha": (), "renyi": ()}


def divergence(name: str, *, alpha: float | None = None) -> Divergence:
    """Return a built-in divergence.

    Parameters
    ----------
    name
        One of :func:`divergence_names`: ``"kl"``, ``"reverse_kl"``, ``"jeffreys"``, ``"jensen_shannon"`` (``"js"``),
        ``"gan"``, ``"total_variation"``, ``"pearson"``, ``"neyman"``, ``"squared_hellinger"``, ``"triangular"``,
        ``"alpha"``, ``"renyi"``, or another name of these; case, blanks and hyphens do not matter.
    alpha
        Order of ``"alpha"`` (not 0 or 1) and of ``"renyi"`` (above 0, not 1); no other divergence takes it.

    Raises
    ------
    UnknownNameError
        There is no such divergence; the message lists those there are.
    InputError
        ``alpha`` is missing, not wanted, or a number that the family leaves out.
    """
    where = "gan.divergence"
    _checks.instance(where, "name", name, str, "give a name such as 'kl'")
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    if key in ("alpha", "renyi"):
        if alpha is None:
            msg = f"[{where}] {key!r} is a family; give its order, as in divergence({key!r}, alpha=0.5)"
            raise InputError(msg)
        order = _checks.real(where, "alpha", alpha)
        if order in (0.0, 1.0) or (key == "renyi" and order < 0):
            msg = f"[{where}] alpha is {order:g}; the limits at 0 and 1 are 'reverse_kl' and 'kl'"
            if order < 0:
                msg = f"[{where}] alpha is {order:g}; the Renyi divergence has an order above 0"
            raise InputError(msg)
        origin, transform = partial(divergence, key, alpha=order), _renyi(order) if key == "renyi" else None
        return Divergence(alpha_family(order, key), transform=transform, origin=origin)
    if alpha is not None:
        msg = f"[{where}] {name!r} takes no alpha; only 'alpha' and 'renyi' do"
        raise InputError(msg)
    for formula in BUILT_IN.values():
        if key == formula.name or key in {alias.replace("-", "_").replace(" ", "_") for alias in formula.aliases}:
            return Divergence(formula)
    msg = f"[{where}] there is no divergence {name!r}; there are {', '.join(map(repr, divergence_names()))}"
    raise UnknownNameError(msg)


def _renyi(order: float) -> Callable[[float], float]:
    """Return the increasing map from the power divergence to Renyi's: log(1 + a (a - 1) D) / (a - 1)."""

    def transform(value: float) -> float:
        inner = 1.0 + order * (order - 1.0) * value
        if math.isinf(inner):
            return math.inf
        return math.log(inner) / (order - 1.0) if inner > 0 else math.inf

    return transform


class Divergence:
    """An f-divergence, D(P || Q) = ∫ q f(p/q), with all that follows from f.

    Made by :func:`divergence` or :meth:`from_expression`. With u = p/q the ratio of the
    densities and f* the convex conjugate, D = max over T of E_P[T] - E_Q[f*(T)], reached by the witness T = f'(p/q)
    (X. Nguyen, M. Wainwright, M. Jordan, IEEE Trans. Inf. Theory 56 (2010); S. Nowozin et al., "f-GAN", 2016). The
    activation T = f'(e^v) makes v the log-ratio log(p/q) at the optimum, whatever f is.

    Attributes
    ----------
    name, aliases
        What it is called.
    expression
        f as text in the expression language, in the variable u; None for a Python callable.
    parameters
        Parameters of the family, such as ``{"alpha": 0.5}``.
    threshold
        f'(1): a witness above it says "P more likely than Q".
    domain
        (low, high): the values that f' takes; the conjugate is finite between them.
    bounds
        (low, high) of D; high is f(0) + lim f(u)/u and may be infinite.
    symmetric
        Whether D(P || Q) = D(Q || P) for all P and Q.
    """

    def __init__(
        self,
        formula: Formula,
        *,
        transform: Callable[[float], float] | None = None,
        origin: Callable[[], Divergence] | None = None,
    ) -> None:
        self._formula = formula
        self._origin = origin or partial(divergence, formula.name)
        self._transform = transform
        self.name = formula.name
        self.aliases = formula.aliases
        self.expression = formula.text or None
        self.parameters = dict(formula.parameters)
        self.threshold = formula.threshold
        self.domain = (formula.low, formula.high)
        self.symmetric = formula.symmetric
        high = formula.at_zero + formula.slope
        self.bounds = (self._out(formula.at_one), self._out(high))

    @classmethod
    def from_expression(cls, text: str, *, name: str | None = None) -> Divergence:
        """Return the divergence of an f written in the expression language.

        Parameters
        ----------
        text
            f in the one variable ``u`` > 0, such as ``"u*log(u)"``.
        name
            What to call it; the text itself when None.

        Raises
        ------
        InputError
            The text is no expression, has another variable, f(1) is not 0, or f is not convex; the message names a
            point where it is not.
        """
        return cls(_custom.from_expression(text, name), origin=partial(cls.from_expression, text, name=name))

    @classmethod
    def from_callable(cls, f: Callable[[Any], Any], *, name: str | None = None) -> Divergence:
        """Return the divergence of an f that is a function of tensors.

        Parameters
        ----------
        f
            Takes a tensor of ratios u > 0 and returns f(u), element by element, made of operators and of the functions
            of :mod:`stochos.nn`. Its derivatives come from automatic differentiation.
        name
            What to call it; the name of the function when None.

        Raises
        ------
        InputError
            f does not work element by element, f(1) is not 0, or f is not convex; the message names a point where it
            is not.
        InputTypeError
            f is no function.

        Examples
        --------
        >>> from stochos import gan, nn
        >>> gan.Divergence.from_callable(lambda u: u * nn.log(u), name="mine").threshold
        1.0
        """
        return cls(_custom.from_callable(f, name), origin=partial(cls.from_callable, f, name=name))

    def _out(self, value: float) -> float:
        return self._transform(value) if self._transform is not None else value

    def f(self, u: ArrayLike) -> Floats:
        """Return f(u) for u > 0; f(0) and f(∞) are their limits."""
        ratio = self._ratios("f", u)
        with np.errstate(all="ignore"):
            inside = np.where((ratio > 0) & np.isfinite(ratio), ratio, 1.0)
            value = np.asarray(self._formula.f(_arrays, inside), dtype=np.float64)
        value = np.where(ratio == 0, self._formula.at_zero, value)
        return np.where(np.isinf(ratio), _at_infinity(self._formula), value)

    def derivative(self, u: ArrayLike) -> Floats:
        """Return f'(u) for u > 0."""
        with np.errstate(all="ignore"):
            return np.asarray(self._formula.f1(_arrays, self._ratios("derivative", u)), dtype=np.float64)

    witness = derivative

    def second_derivative(self, u: ArrayLike) -> Floats:
        """Return f''(u) for u > 0."""
        with np.errstate(all="ignore"):
            return np.asarray(self._formula.f2(_arrays, self._ratios("second_derivative", u)), dtype=np.float64)

    def conjugate(self, t: ArrayLike) -> Floats:
        """Return f*(t), the supremum over u ≥ 0 of t u - f(u); infinity above the domain."""
        values = np.asarray(t, dtype=np.float64)
        high = self._formula.high
        with np.errstate(all="ignore"):
            inside = np.where(values < high, values, min(high, 0.0) - 1.0 if math.isfinite(high) else 0.0)
            out = np.asarray(self._formula.conjugate(_arrays, inside), dtype=np.float64)
            edge = self._at_high()
        out = np.where(values < high, out, np.where(values == high, edge, math.inf))
        return np.where(np.isnan(values), math.nan, out)

    def _at_high(self) -> float:
        """Return the conjugate at the upper end of its domain: the limit from below."""
        if not math.isfinite(self._formula.high):
            return math.inf
        value = float(self._formula.conjugate(_arrays, np.float64(self._formula.high)))
        return math.inf if math.isnan(value) else value

    def activation(self, v: ArrayLike) -> Any:
        """Return the witness T = f'(e^v) of a log-ratio v; it increases, and maps all numbers into the domain.

        For a tensor the result is a tensor, with derivatives. Beyond a limit (20 where e^v stands in the formula, none
        where it does not) its log-ratios are bent and stay within the limit + 1, so that losses and gradients of any
        v are finite in float32; the result is still a witness.
        """
        return self._at(self._formula.activation, v)

    def fused(self, v: ArrayLike) -> Any:
        """Return f*(activation(v)), computed in one stable form; tensors as in :meth:`activation`."""
        return self._at(self._formula.fused, v)

    def _at(self, function: Function, v: Any) -> Any:
        if _tensors.is_tensor(v):
            return function(_tensors, _tensors.bent(v, self._formula.limit))
        with np.errstate(over="ignore"):
            return np.asarray(function(_arrays, np.asarray(v, dtype=np.float64)), dtype=np.float64)

    def between(self, p: ArrayLike, q: ArrayLike) -> float:
        """Return D(P || Q) of two laws on the same K points.

        Parameters
        ----------
        p, q
            Probabilities, shape (K,), each summing to 1.

        Returns
        -------
        float
            The divergence; infinity where a point of one law is nothing in the other and f does not forgive it.

        Raises
        ------
        InputError
            Not two probability vectors of one length.
        """
        where = "gan.Divergence.between"
        first, second = _discrete.law(where, "p", p), _discrete.law(where, "q", q)
        if first.shape != second.shape:
            msg = f"[{where}] p has {first.size} points and q {second.size}; give both on the same points"
            raise InputError(msg)
        return self._out(_discrete.between(self._formula, first, second))

    def gaussian(self, m1: ArrayLike, s1: ArrayLike, m2: ArrayLike, s2: ArrayLike) -> float:
        """Return D(N(m1, s1) || N(m2, s2)).

        Closed forms for KL, reverse KL, Jeffreys, Pearson, Neyman, squared Hellinger and the power family in any
        dimension; quadrature (relative error below 1e-6) for the others where the laws differ along at most two axes.

        Parameters
        ----------
        m1, m2
            Means: a number, or a vector (d,).
        s1, s2
            A standard deviation, a vector (d,) of them, or a covariance matrix (d, d).

        Returns
        -------
        float
            The divergence; infinity where the integral diverges.

        Raises
        ------
        InputError
            Shapes that do not fit, a deviation that is not positive, or a quadrature in more than two dimensions.
        """
        where = "gan.Divergence.gaussian"
        first = _gaussian.parameters(where, m1, s1, ("m1", "s1"))
        second = _gaussian.parameters(where, m2, s2, ("m2", "s2"))
        if first[0].shape != second[0].shape:
            msg = f"[{where}] m1 has {first[0].size} dimensions and m2 {second[0].size}; give as many for both"
            raise InputError(msg)
        return self._out(_gaussian.value(self._formula, *first, *second, where))

    def estimate(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        seed: int | np.random.Generator | np.random.SeedSequence = 0,
        witness: Any = "mlp",
        folds: int = 2,
        steps: int = 1500,
        batch_size: int = 512,
        learning_rate: float = 5e-3,
        confidence: float = 0.95,
        executor: Any = None,
        progress: Progress = None,
    ) -> Estimate:
        """Estimate D(P || Q) from samples: a lower bound, from witnesses that are tried on points they have not seen.

        The samples are cut into folds. For each, a witness is trained on the others to make E_P[T] - E_Q[f*(T)] large,
        and measured on the fold. What comes out is a mean over all samples, and whatever the network, it is at most
        D(P || Q) but for the chance that the interval tells.

        Parameters
        ----------
        x, y
            Samples of P and of Q: (N,) or (N, ...) and (M,) or (M, ...), independent of each other.
        seed
            Of the network and of the order of the batches.
        witness
            ``"mlp"``: a quadratic form plus a network with two hidden layers of 64, on standardised points (N, d);
            ``"linear"``: a linear function; or a layer of your own, from (B, ...) to (B,) or (B, 1), of which fresh
            copies are trained; or a function that makes one.
        folds
            From 2 on.
        steps, batch_size, learning_rate
            Of the training on each fold.
        confidence
            Of the interval.
        executor
            A ``concurrent.futures.Executor`` that trains the folds side by side, with the same bits.
        progress

        Returns
        -------
        Estimate

        Raises
        ------
        InputError, InputTypeError
            The samples do not fit, are too few or not finite, or an option is out of range.
        ConvergenceError
            The training ran away.

        References
        ----------
        X. Nguyen, M. Wainwright, M. Jordan, IEEE Trans. Inf. Theory 56 (2010).

        Examples
        --------
        >>> random = np.random.default_rng(0)
        >>> x, y = random.normal(1, 1, 5000), random.normal(0, 1, 5000)
        >>> found = divergence("kl").estimate(x, y)
        >>> found.low < 0.5 < found.high + 0.05
        True
        """
        from stochos.gan import _estimation

        return _estimation.estimate(
            self, x, y, seed=seed, witness=witness, folds=folds, steps=steps, batch_size=batch_size,
            learning_rate=learning_rate, confidence=confidence, executor=executor, progress=progress,
        )  # fmt: skip

    def _ratios(self, function: str, u: ArrayLike) -> Floats:
        try:
            ratio = np.asarray(u, dtype=np.float64)
        except (TypeError, ValueError) as error:
            msg = f"[gan.Divergence.{function}] u is of type {type(u).__name__}; give numbers ({error})"
            raise InputError(msg) from None
        if (ratio < 0).any():
            msg = f"[gan.Divergence.{function}] u holds {float(ratio.min())!r}; a ratio of densities is not negative"
            raise InputError(msg)
        return ratio

    def __reduce__(self) -> tuple[Callable[[], Divergence], tuple[()]]:
        # By how it was made: the functions of a formula have no names by which another process could find them.
        return self._origin, ()

    def __repr__(self) -> str:
        text = f", f(u) = {self.expression}" if self.expression and self.expression != self.name else ""
        return f"<Divergence {self.name!r}{text}>"


def _at_infinity(formula: Formula) -> Any:
    """Return the limit of f(u) as u grows."""
    if formula.slope != 0:
        return math.copysign(math.inf, formula.slope)
    with np.errstate(all="ignore"):
        return float(formula.f(_arrays, np.float64(1e300)))
