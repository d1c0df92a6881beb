"""Which term of a loss reaches which player, measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _core, nn
from stochos.errors import InputError, InputTypeError
from stochos.gan import _witness

if TYPE_CHECKING:
    from stochos.gan._model import GAN

__all__ = ["Audit", "audit"]


_ROUNDING = 1e-6  # of the norm by the owner: what two sums that cancel may leave in float32


class Audit:
    """A table of gradient norms: terms of a loss down, players across.

    Attributes
    ----------
    norms
        {(term, player): Euclidean norm of the term's gradient by the player's parameters}.
    values
        {term: its value}.
    problems
        Sentences, one for each term that reaches a player it should not, or misses the one it is for.
    """

    def __init__(
        self, norms: dict[tuple[str, str], float], values: dict[str, float], owners: Mapping[str, str]
    ) -> None:
        self.norms, self.values = norms, values
        self.problems: list[str] = []
        for (term, player), norm in norms.items():
            owner = owners.get(term)
            if owner is not None and player != owner and norm > _ROUNDING * norms[term, owner]:
                text = f"{term!r} reaches the {player} (norm {norm:.3g}); a stop_gradient is missing"
                self.problems.append(text)
            if player == owner and norm == 0.0:
                self.problems.append(f"{term!r} does not reach the {player}; a stop_gradient is too much")

    @property
    def ok(self) -> bool:
        """Whether each term reaches its own player alone."""
        return not self.problems

    def __str__(self) -> str:
        players = list(dict.fromkeys(player for _, player in self.norms))
        wide = max(len(term) for term in [*self.values, "term"])
        lines = ["  ".join(["term".ljust(wide), f"{'value':>12}", *(f"{'by ' + player:>18}" for player in players)])]
        for term, value in self.values.items():
            cells = [f"{self.norms[term, player]:>18.6g}" for player in players]
            lines.append("  ".join([term.ljust(wide), f"{value:>12.6g}", *cells]))
        lines += self.problems or ["each term reaches its own player alone"]
        return "\n".join(lines)

    __repr__ = __str__


def audit(
    model: GAN | Mapping[str, Callable[[], Any]],
    x: Any = None,
    *,
    players: Mapping[str, Any] | None = None,
    owners: Mapping[str, str] | None = None,
) -> Audit:
    """Measure which term of the loss reaches which parameters.

    Parameters
    ----------
    model
        A GAN; or the terms of a loss of your own, {name: function without arguments that returns a number}.
    x
        Real examples (B, ...) for a GAN; default: standard normal numbers in the shape of what the generator makes.
    players
        Of terms of your own: {name: layer, model or variables}.
    owners
        Of terms of your own: {term: the one player that it is for}; others are measured, not judged.

    Returns
    -------
    Audit
        Print it to see the table.

    Raises
    ------
    InputError, InputTypeError
        What was given does not fit.

    Notes
    -----
    A GAN is as it was afterwards: statistics and random streams do not move.

    Examples
    --------
    A loop of one's own, in which a stop_gradient was forgotten:

    >>> from stochos import gan, nn
    >>> a, b = nn.Variable(2.0, name="a"), nn.Variable(0.5, name="b")
    >>> found = gan.audit(
    ...     {"critic": lambda: b * (1.0 - a)}, players={"generator": a, "critic": b}, owners={"critic": "critic"}
    ... )
    >>> found.problems
    ["'critic' reaches the generator (norm 0.5); a stop_gradient is missing"]
    """
    where = "gan.audit"
    if isinstance(model, Mapping):
        if players is None:
            msg = f"[{where}] terms of your own need players=, such as {{'generator': g, 'discriminator': d}}"
            raise InputError(msg)
        return _measured(where, model, players, owners or {})
    from stochos.gan._model import GAN

    given: object = model
    if not isinstance(given, GAN):
        msg = f"[{where}] {type(given).__name__} is no GAN; give a gan.GAN, or a dict of terms and players="
        raise InputTypeError(msg)
    g, d = model.generator, model.discriminator
    with nn.no_updates():
        z = np.zeros((2, *model._latent_shape), dtype=_witness.dtype_of(g))
        shape = tuple(g(nn.tensor(z), training=False).shape)[1:]
        if x is None:
            x = np.random.default_rng(0).normal(size=(64, *shape))
        model.score(np.asarray(x)[:2])
        real = nn.tensor(np.asarray(x, dtype=_witness.dtype_of(d)))
    state = _keep(model)
    try:
        latent = model._latent(real.shape[0])
        terms: dict[str, Any] = {}

        def term(name: str) -> Callable[[], Any]:
            def value() -> Any:
                # All terms of one recording: what one of them drew, the others see.
                if not terms:
                    terms.update(model.terms(real, latent))
                return terms[name]

            return value

        names = list(model.terms(real, latent))
        _restore(model, state)
        owned = {"discriminator": "discriminator", "penalty": "discriminator", "generator": "generator",
                 "generator penalty": "generator"}  # fmt: skip
        return _measured(where, {name: term(name) for name in names}, {"discriminator": d, "generator": g}, owned)
    finally:
        _restore(model, state)


def _keep(model: GAN) -> tuple[Any, ...]:
    return model.generator.state(), model.discriminator.state(), np.array(model._noise.counter.numpy())


def _restore(model: GAN, state: tuple[Any, ...]) -> None:
    model.generator.set_state(state[0])
    model.discriminator.set_state(state[1])
    model._noise.counter.assign(state[2])


def _measured(
    where: str, terms: Mapping[str, Callable[[], Any]], players: Mapping[str, Any], owners: Mapping[str, str]
) -> Audit:
    for term, player in owners.items():
        if term in terms and player not in players:
            msg = f"[{where}] the owner of {term!r} is {player!r}; the players are {', '.join(map(repr, players))}"
            raise InputError(msg)
    norms: dict[tuple[str, str], float] = {}
    values: dict[str, float] = {}
    with _core.Recording():
        made = {name: term() for name, term in terms.items()}
        groups = {name: _variables(where, name, player) for name, player in players.items()}
        for name, value in made.items():
            if not isinstance(value, _core.Tensor) or tuple(value.shape) != ():
                msg = f"[{where}] the term {name!r} is {value!r}; it must be one number"
                raise InputError(msg)
            values[name] = float(value)
            for player, variables in groups.items():
                found = _core.gradients([value], [None], variables)
                squares = sum(float(np.square(one.numpy().astype(np.float64)).sum()) for one in found)
                norms[name, player] = squares**0.5
    return Audit(norms, values, owners)


def _variables(where: str, name: str, player: Any) -> list[_core.Variable]:
    if isinstance(player, _core.Variable):
        return [player]
    found = list(player.parameters) if hasattr(player, "parameters") else list(player)
    if not found or not all(isinstance(one, _core.Variable) for one in found):
        msg = f"[{where}] the player {name!r} has no parameters; give a layer that has been called, or variables"
        raise InputError(msg)
    return found
