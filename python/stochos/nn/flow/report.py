"""What `nn.gradient_flow` returns."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stochos import _checks
from stochos.nn.flow import _capture, _products
from stochos.nn.flow._cell import Cell
from stochos.nn.flow._gradients import Backward, backward
from stochos.nn.flow._verdict import Verdict, judge, profile_lags
from stochos.nn.flow._weights import WHERE, Array, Weights
from stochos.nn.flow.chain import Chain, ProductNorms, _real_places

if TYPE_CHECKING:
    from stochos.nn.flow.comparison import Comparison, Remedies

__all__ = ["GradientFlow"]

_PROFILED = 4  # sequences that the verdict looks at


class GradientFlow:
    """The Jacobians of one recurrent layer over one batch, and what follows from them; see `gradient_flow`.

    Steps are counted from 0 in the order in which the layer takes them: of a layer with ``reverse=True`` the last step
    of `x` comes first.

    Attributes
    ----------
    kind : str
        "SimpleRNN", "LSTM" or "GRU".
    name : str
        Of the layer.
    sequences, steps, units : int
        B, T and H.
    chain_state : {"h", "c"}
        Whose Jacobians `jacobians`, `terms` and `norms` are.
    chain : Chain
        These Jacobians with their products and spectra.
    whole : Chain
        Those of the whole state, (c, h) of S = 2 H numbers where there is a c, else of h.
    weights : Weights
    cell : Cell
        The run, with all states and gates.
    real : bool array, shape (B, T)
        False in padding.
    loss : float or None
        Value of the loss that was given.
    """

    def __init__(self, captured: _capture.Captured, memory: int, dtype: type[np.floating[Any]] = np.float64) -> None:
        self._captured, self._memory = captured, memory
        self.cell: Cell = captured.cell
        self.weights: Weights = self.cell.weights
        self.real: NDArray[np.bool_] = self.cell.real
        self.loss = captured.loss
        self.kind, self.name = self.weights.kind, self.weights.name or self.weights.kind
        self.sequences, self.steps, self.units = self.cell.batch, self.cell.length, self.cell.units
        self.chain_state = "h" if self.cell.c is None else "c"
        cast = self._cast = self.cell.cast(dtype)
        self.chain = Chain(self.units, cast.jacobian, self.real, memory, dtype=dtype)
        self.whole = Chain(self.cell.size, cast.whole, self.real, memory, dtype=dtype, in_place=True)

    # --- Jacobians --------------------------------------------------------------------------------------------------

    @property
    def jacobians(self) -> Array:
        """dh_t/dh_{t-1} or dc_t/dc_{t-1} of all steps, (B, T, H, H); row: the new unit. Made anew each time.

        Raises
        ------
        InputError
            They take more than ``memory`` bytes; see `Chain.at`.
        """
        return self.chain.jacobians

    @property
    def term_names(self) -> tuple[str, ...]:
        """Names of the terms; the first is the one that shall lead."""
        return self.cell.terms

    @property
    def terms(self) -> Mapping[str, Array]:
        """The parts whose sum is the Jacobian, each (B, T, H, H); each is made when it is looked up.

        LSTM: "forget gate", "through f", "through i", "through candidate". GRU: "1 - z", "through z", "through
        candidate", "through r" (not with reset "output"). SimpleRNN: "through h".

        Raises
        ------
        InputError
            One takes more than ``memory`` bytes.
        """
        return _Terms(self)

    @cached_property
    def term_sizes(self) -> dict[str, Array]:
        """Root mean square of the singular values of each term, (B, T): its Frobenius norm over sqrt(H)."""
        made = {}
        for name in self.term_names:
            sizes = np.full((self.sequences, self.steps), np.nan)
            for _, b, t in self.chain._chunks(*_real_places(self.real)):
                term = self.cell.term(name, b, t)
                sizes[b, t] = np.sqrt(np.einsum("nij,nij->n", term, term) / self.units)
            made[name] = sizes
        return made

    @property
    def norms(self) -> Array:
        """Norm of the product of the last 1 ... T Jacobians, (B, T); 0 or infinity beyond the range of float64."""
        return self.chain.norms

    @property
    def log_norms(self) -> Array:
        """Natural logarithm of `norms`, which has no such limits, (B, T)."""
        return self.chain.log_norms

    @property
    def spectral_norms(self) -> Array:
        """Largest singular value of each Jacobian, (B, T)."""
        return self.chain.spectral_norms

    def spectral_radii(self, steps: Any = None) -> tuple[NDArray[np.int64], Array]:
        """Return steps and the largest modulus of an eigenvalue of the Jacobian there; see `Chain.spectral_radii`."""
        return self.chain.spectral_radii(steps)

    def product_norms(self, **options: Any) -> ProductNorms:
        """Return the norms of products over (end, lag); see `Chain.product_norms`."""
        return self.chain.product_norms(**options)

    @property
    def lyapunov(self) -> Array:
        """Lyapunov exponents per step of the whole state, descending, (B, S)."""
        return self.whole.lyapunov

    # --- gates and gradients ----------------------------------------------------------------------------------------

    @property
    def gates(self) -> dict[str, Array]:
        """The gates after their nonlinearity, each (B, T, H), zero in padding: i, f, g, o; z, r, n; none."""
        return self.cell.gates

    def gate_histogram(self, gate: str, bins: int = 40) -> tuple[Array, Array]:
        """Return how often a gate has which value, over all real steps.

        Parameters
        ----------
        gate : str
        bins : int
            Of equal width; from 0 to 1, of a candidate from -1 to 1.

        Returns
        -------
        edges : ndarray of float64, shape (bins + 1,)
        shares : ndarray of float64, shape (bins,)
            Their sum is 1.
        """
        _checks.choice(f"{WHERE}.gate_histogram", "gate", gate, tuple(self.gates))
        bins = _checks.whole(f"{WHERE}.gate_histogram", "bins", bins, 1, 10_000)
        values = self.gates[gate][self.real]
        counts, edges = np.histogram(values, bins, (-1.0 if gate in ("g", "n") else 0.0, 1.0))
        return edges, counts / max(1, values.size)

    @cached_property
    def _backward(self) -> Backward:
        return backward(self._captured)

    @property
    def gradient_norms(self) -> Array:
        """Norm of the gradient of the loss by c (h where there is no c) after each step, (B, T); NaN in padding."""
        return self._backward.state

    @property
    def weight_gradients(self) -> dict[str, Array]:
        """Gradient of the loss by each weight of the layer, summed over sequences and steps."""
        return self._backward.weights

    @property
    def gradient_norm(self) -> float:
        """Norm of the gradient of the loss by all weights of the layer."""
        return math.hypot(*(float(np.linalg.norm(g)) for g in self.weight_gradients.values()))

    @property
    def contributions(self) -> Array:
        """Norm of each step's part of the gradient of the weights, (B, T): use of a weight at that step alone."""
        return self._backward.step

    @property
    def shares(self) -> Array:
        """Which share of the `contributions` each step has, (B, T); the sum over the steps is 1, or 0 with none."""
        largest = self.contributions.max(axis=1, keepdims=True)
        ratio = self.contributions / np.where(largest > 0, largest, 1.0)
        total = ratio.sum(axis=1, keepdims=True)
        return np.asarray(ratio / np.where(total > 0, total, 1.0))

    @cached_property
    def profile(self) -> tuple[NDArray[np.int64], Array]:
        """Lags, about eight a decade, and the log norm of the last so many steps' product, mean of at most 4 sequences.

        The lags end with the longest of these sequences.
        """
        chosen = np.flatnonzero(self.real.any(axis=1))[:_PROFILED]
        if not chosen.size:
            return np.array([1]), np.zeros(1)
        count = self.real[chosen].sum(axis=1)
        lags = np.array(profile_lags(int(count.max())))
        total, many = np.zeros(len(lags)), np.zeros(len(lags))
        for sequence, steps in zip(chosen, count, strict=True):
            own = lags[lags <= steps]
            if "log_norms" in self.chain.__dict__:
                found = self.chain.log_norms[sequence, own - 1]
            else:
                places = np.flatnonzero(self.real[sequence])
                found = _products.backwards_at(self.chain._of(int(sequence)), places[::-1], own, self.units)
            total[: len(own)] += found
            many[: len(own)] += 1
        return lags, total / many

    @cached_property
    def verdict(self) -> Verdict:
        """Vanishing, healthy or exploding; which gate closes where; what to try. Print it."""
        return judge(self)

    # --- showing ----------------------------------------------------------------------------------------------------

    def compare(self, after: GradientFlow, *, names: tuple[str, str] = ("before", "after")) -> Comparison:
        """Put this flow beside another one, such as that after training.

        Parameters
        ----------
        after : GradientFlow
        names : pair of str

        Returns
        -------
        Comparison
        """
        from stochos.nn.flow.comparison import Comparison

        return Comparison({names[0]: self, names[1]: after})

    def remedies(self, *, seed: int = 0) -> Remedies:
        """Try the remedies that fit the layer, each on a copy of its weights, over the same input.

        Parameters
        ----------
        seed : int
            Of new recurrent kernels and of chrono biases.

        Returns
        -------
        Remedies
        """
        from stochos.nn.flow.comparison import remedies

        return remedies(self, _checks.whole(f"{WHERE}.remedies", "seed", seed, 0))

    def plot(self, path: str | os.PathLike[str] | None = None, *, kind: str = "all", ax: Any = None) -> Any:
        """Draw with matplotlib.

        Parameters
        ----------
        path : str or path, optional
            Write the picture there (.png, .svg or .pdf).
        kind : {"all", "products", "terms", "gates", "gradients", "norms"}
            All five on one page; the heat map of product norms over (t, lag); the sizes of the terms, stacked; the
            gates' histograms; gradient norm and share a step; norm of the product over the lag.
        ax : matplotlib.axes.Axes, optional
            Draw one kind here.

        Returns
        -------
        matplotlib.axes.Axes or Figure

        Raises
        ------
        MissingPartError
            matplotlib is not installed.
        """
        from stochos.nn.flow import _plots

        return _plots.plot(self, path, kind, ax)

    def to_pandas(self) -> Any:
        """Return a table with a row for each sequence and real step.

        Columns: sequence, step, gradient_norm, share, spectral_norm, the size of each term, the mean of each gate, and
        log_norm of the product of the last ``lag`` steps, where ``lag`` counts from the end.

        Raises
        ------
        MissingPartError
            pandas is not installed.
        """
        from stochos.nn.flow import _tables

        return _tables.frame(self)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the report as one HTML page that needs no network; write it to `path` if given."""
        from stochos.nn.flow import _html

        return _html.page(self, path)

    def summary(self) -> dict[str, Any]:
        """Return the main figures as JSON values."""
        from stochos.nn.flow import _tables

        return _tables.summary(self)

    def __repr__(self) -> str:
        from stochos.nn.flow import _tables

        shape = f"{self.sequences} sequences, {self.steps} steps, {self.units} units"
        return f"<GradientFlow of {_tables.title(self)}: {shape}, {self.verdict.state}>"

    def __str__(self) -> str:
        from stochos.nn.flow import _tables

        return _tables.text(self)

    def _repr_html_(self) -> str:
        from stochos.nn.flow import _html

        return _html.fragment(self)


class _Terms(Mapping[str, Array]):
    """The terms by name, each made when it is looked up."""

    def __init__(self, flow: GradientFlow) -> None:
        self._flow = flow

    def __getitem__(self, name: str) -> Array:
        if name not in self._flow.term_names:
            raise KeyError(name)
        return self._flow.chain.collected(lambda b, t: self._flow._cast.term(name, b, t), f"the term {name!r}")

    def __iter__(self) -> Any:
        return iter(self._flow.term_names)

    def __len__(self) -> int:
        return len(self._flow.term_names)

    def __repr__(self) -> str:
        return f"<terms {', '.join(map(repr, self))}>"
