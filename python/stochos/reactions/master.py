"""Exact probabilities of small networks: the chemical master equation on a truncated state space."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks, _core
from stochos._html import described
from stochos._progress import Progress, progress_callback
from stochos.errors import InputTypeError, UnknownNameError
from stochos.reactions._times import time_grid
from stochos.reactions.network import Network

__all__ = ["MasterSolution", "master_equation"]

_WHERE = "reactions.master_equation"


@dataclasses.dataclass(frozen=True, repr=False)
class MasterSolution:
    """Probabilities of the states of a network at given times.

    Attributes
    ----------
    times : ndarray of float64, shape (T,)
    species : list of str, length S
    states : ndarray of int64, shape (M, S)
        The states that can be reached inside the bounds, in ascending order.
    probabilities : ndarray of float64, shape (T, M)
        They and `truncation_error` sum to 1 at each time.
    truncation_error : ndarray of float64, shape (T,)
        Probability that the network has left the bounds by then. What has left does not return, so each probability
        is a lower bound of the true one, and the true ones exceed them by this much in all.
    settings : dict
        Bounds, tolerance, number of states, of rates and of products of matrix and vector.
    """

    times: NDArray[np.float64]
    species: list[str]
    states: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    truncation_error: NDArray[np.float64]
    settings: dict[str, Any]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean amounts, given that the bounds were not left: ndarray of float64, shape (T, S)."""
        mean: NDArray[np.float64] = self._inside() @ self.states.astype(np.float64)
        return mean

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviations, given that the bounds were not left: ndarray of float64, shape (T, S)."""
        weights, mean = self._inside(), self.mean
        squares = [w @ (self.states - m) ** 2 for w, m in zip(weights, mean, strict=True)]
        std: NDArray[np.float64] = np.sqrt(np.array(squares).reshape(mean.shape))
        return std

    def marginal(self, species: str) -> NDArray[np.float64]:
        """Return the distribution of one species.

        Parameters
        ----------
        species : str

        Returns
        -------
        ndarray of float64, shape (T, K)
            Column k: probability of the amount k; K - 1 is the largest amount that can be reached.

        Raises
        ------
        UnknownNameError
            The network has no such species.
        """
        if species not in self.species:
            msg = f"[{_WHERE}] there is no species {species!r}; there are {', '.join(self.species[:20])}"
            raise UnknownNameError(msg)
        amounts = self.states[:, self.species.index(species)]
        width = int(amounts.max()) + 1
        return np.array([np.bincount(amounts, weights=p, minlength=width) for p in self.probabilities])

    def probability(self, state: Mapping[str, int]) -> NDArray[np.float64]:
        """Return the probability that the named species have these amounts, at each time, shape (T,).

        Raises
        ------
        UnknownNameError
            The network has no such species.
        """
        chosen = np.ones(len(self.states), dtype=bool)
        for name, amount in state.items():
            if name not in self.species:
                msg = f"[{_WHERE}] there is no species {name!r}; there are {', '.join(self.species[:20])}"
                raise UnknownNameError(msg)
            chosen &= self.states[:, self.species.index(name)] == amount
        return np.asarray(self.probabilities[:, chosen].sum(axis=1))

    def _inside(self) -> NDArray[np.float64]:
        total = self.probabilities.sum(axis=1, keepdims=True)
        inside = np.full_like(self.probabilities, np.nan)
        np.divide(self.probabilities, total, out=inside, where=total > 0)
        return inside

    def __repr__(self) -> str:
        left = float(self.truncation_error.max())
        return (
            f"<MasterSolution: {len(self.states):,} states of {len(self.species)} species, {self.times.size} times, "
            f"truncation error at most {left:.2g}>"
        )

    def _repr_html_(self) -> str:
        rows = (
            (name, f"{mean:.6g}", f"{std:.4g}")
            for name, mean, std in zip(self.species, self.mean[-1], self.std[-1], strict=True)
        )
        return described(self, ("species", f"mean at {self.times[-1]:g}", "sd"), rows, len(self.species))


def master_equation(
    net: Network,
    bounds: Mapping[str, int] | None = None,
    times: ArrayLike = (1.0,),
    *,
    tolerance: float = 1e-12,
    max_states: int = 2_000_000,
    threads: int | None = None,
    progress: Progress = None,
) -> MasterSolution:
    r"""Compute the probability of every state of a small network, without simulation.

    The states that can be reached from the initial one inside `bounds` are listed, and the chemical master equation
    :math:`\dot p = A p` is solved on them by uniformisation. What leaves the bounds goes to a sink, whose probability
    is the truncation error.

    Parameters
    ----------
    net : Network
        Its rates must not depend on time, and it may have no events.
    bounds : mapping of str to int, optional
        The largest amount to keep of each species that could grow without end. The others need none.
    times : array of float, shape (T,)
        Ascending, 0 or more; the initial state holds at time 0.
    tolerance : float, default 1e-12
        Error of the sums in the 1-norm, from 1e-15 to 0.1, beside the truncation.
    max_states : int, default 2,000,000
        More states than this are refused.
    threads : int, optional
        The answer does not depend on it, to the last bit.
    progress : None, bool or callable
        As everywhere: a bar, none, or a function of (done, total).

    Returns
    -------
    MasterSolution

    Raises
    ------
    InputError
        There are too many states, a propensity is negative or not finite, rates depend on time, or an argument is out
        of range.
    UnknownNameError
        `bounds` names a species that the network has not.

    Notes
    -----
    Memory is O(M R) for M states and R reactions, time O(M R (\lambda t + \sqrt{\lambda t})) where :math:`\lambda` is
    the largest rate at which a state is left.

    References
    ----------
    A. Jensen, Skand. Aktuarietidskr. 36 (1953) 87. B. L. Fox, P. W. Glynn, Commun. ACM 31 (1988) 440,
    doi:10.1145/42404.42409. B. Munsky, M. Khammash, J. Chem. Phys. 124 (2006) 044104, doi:10.1063/1.2145882.

    Examples
    --------
    >>> from stochos import reactions
    >>> net = reactions.Network({"X": 0}, ["-> X @ 10", "X -> @ 1"], {})
    >>> exact = reactions.master_equation(net, {"X": 60}, times=[100.0])
    >>> round(float(exact.mean[0, 0]), 6)
    10.0
    """
    _checks.instance(_WHERE, "net", net, Network, "give a reactions.Network")
    grid = time_grid(_WHERE, times)
    species = list(net.species)
    bound = np.full(len(species), -1, dtype=np.int64)
    if bounds is not None and not hasattr(bounds, "items"):
        msg = f"[{_WHERE}] bounds is of type {type(bounds).__name__}; give a mapping of species to their bounds"
        raise InputTypeError(msg)
    for name, value in dict(bounds or {}).items():
        if name not in species:
            msg = f"[{_WHERE}] bounds names the species {name!r}; the network has {', '.join(species[:20])}"
            raise UnknownNameError(msg)
        bound[species.index(name)] = _checks.whole(_WHERE, f"the bound of {name}", value, 0, 2**53)
    tolerance = _checks.real(_WHERE, "tolerance", tolerance, 1e-15, 0.1)
    max_states = _checks.whole(_WHERE, "max_states", max_states, 1, 2**32 - 2)
    with progress_callback(progress, "master equation", "steps", _WHERE) as callback:
        found: dict[str, Any] = _core.master_equation(
            net._core(), bound, grid, max_states, tolerance, _checks.threads(_WHERE, threads), callback
        )
    states = found["states"].reshape(-1, len(species))
    settings = {
        "bounds": {name: int(b) for name, b in zip(species, bound, strict=True) if b >= 0},
        "tolerance": tolerance,
        "states": len(states),
        "rates": int(found["entries"]),
        "products": int(found["products"]),
    }
    probabilities = found["probabilities"].reshape(grid.size, len(states))
    return MasterSolution(grid, species, states, probabilities, found["outside"], settings)
