"""What the two players of a GAN want: the loss of the discriminator and that of the generator, from their scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stochos import _core
from stochos.errors import InputError, InputTypeError, UnknownNameError
from stochos.gan._divergence import Divergence, divergence, divergence_names

__all__ = ["Game", "game"]

_ops = _core.ops
Score = Callable[[Any, Any], Any]  # (scores of real, scores of made) -> a number


@dataclass(frozen=True)
class Game:
    """Two losses of the discriminator's scores; a higher score always means "more likely real".

    Attributes
    ----------
    name
        What it is called.
    critic
        From the scores of real and of made examples, two tensors (B,), to the number that the discriminator makes
        small.
    generator
        From the same to the number that the generator makes small.
    estimate
        Whether minus the critic's loss is a lower bound on a divergence.
    divergence
        Of an f-GAN; None of others.
    paired
        Whether the generator's loss looks at the scores of real examples.

    Examples
    --------
    >>> from stochos import gan, nn
    >>> mine = gan.Game(
    ...     "linear", lambda real, made: nn.mean(made) - nn.mean(real), lambda real, made: -nn.mean(made)
    ... )
    """

    name: str
    critic: Score
    generator: Score
    estimate: bool = False
    divergence: Divergence | None = None
    paired: bool = True


def _f_gan(d: Divergence, generator_loss: str, discriminator_loss: str) -> Game:
    # "minimax" makes the bound itself small, whose gradients are small where the discriminator is sure; the other
    # one raises T on what was made (Nowozin et al. 2016, section 3.2).
    theory = generator_loss == "minimax"
    by_bound = discriminator_loss == "bound"
    return Game(
        d.name,
        (lambda real, made: _ops.mean(d.fused(made)) - _ops.mean(d.activation(real))) if by_bound else _log_score,
        (lambda _, made: -_ops.mean(d.fused(made))) if theory else (lambda _, made: -_ops.mean(d.activation(made))),
        estimate=by_bound,
        divergence=d,
        paired=False,
    )


def _log_score(real: Any, made: Any) -> Any:
    """Return the logarithmic score of "real or made?", whose best answer is v = log(p/q) whatever the divergence."""
    return _ops.mean(_ops.softplus(-real)) + _ops.mean(_ops.softplus(made))


def _relativistic(real: Any, made: Any) -> Any:
    return _ops.mean(_ops.softplus(made - real))


def _relativistic_average(real: Any, made: Any) -> Any:
    return _ops.mean(_ops.softplus(_ops.mean(made) - real)) + _ops.mean(_ops.softplus(made - _ops.mean(real)))


#: Games that are no f-divergence. J. Lim, J. Ye 2017 (hinge); M. Arjovsky et al. 2017; X. Mao et al. 2017;
#: A. Jolicoeur-Martineau 2019 (both relativistic ones).
OTHERS = {
    "hinge": Game(
        "hinge",
        lambda real, made: _ops.mean(_ops.relu(1.0 - real)) + _ops.mean(_ops.relu(1.0 + made)),
        lambda _, made: -_ops.mean(made),
        paired=False,
    ),
    "wasserstein": Game(
        "wasserstein",
        lambda real, made: _ops.mean(made) - _ops.mean(real),
        lambda _, made: -_ops.mean(made),
        estimate=True,
        paired=False,
    ),
    "least_squares": Game(
        "least_squares",
        lambda real, made: 0.5 * _ops.mean(_ops.square(real - 1.0)) + 0.5 * _ops.mean(_ops.square(made)),
        lambda _, made: 0.5 * _ops.mean(_ops.square(made - 1.0)),
        paired=False,
    ),
    "relativistic": Game("relativistic", _relativistic, lambda real, made: _relativistic(made, real)),
    "relativistic_average": Game(
        "relativistic_average", _relativistic_average, lambda real, made: _relativistic_average(made, real)
    ),
}


def game(where: str, given: object, generator_loss: str, discriminator_loss: str = "bound") -> Game:
    """Return the game that an argument stands for.

    Raises
    ------
    UnknownNameError
        There is none of this name.
    InputTypeError
        It is neither a name nor a divergence nor a game.
    InputError
        The Renyi divergence, whose bound is not a mean; a loss of the discriminator where the game has its own.
    """
    if isinstance(given, Game):
        if discriminator_loss != "bound":
            msg = (
                f"[{where}] discriminator_loss is {discriminator_loss!r}, and the game {given.name!r} has a loss of "
                "its own for the discriminator; give an f-divergence"
            )
            raise InputError(msg)
        return given
    if isinstance(given, Divergence):
        if given.name == "renyi":
            msg = f"[{where}] the Renyi divergence is a function of a mean; train with divergence('alpha', alpha=...)"
            raise InputError(msg)
        return _f_gan(given, generator_loss, discriminator_loss)
    if not isinstance(given, str):
        msg = f"[{where}] divergence is of type {type(given).__name__}; give a name, a gan.Divergence or a gan.Game"
        raise InputTypeError(msg)
    key = given.strip().lower().replace("-", "_").replace(" ", "_")
    if key in OTHERS:
        return game(where, OTHERS[key], generator_loss, discriminator_loss)
    try:
        return game(where, divergence(given), generator_loss, discriminator_loss)
    except UnknownNameError:
        names = ", ".join(map(repr, [*divergence_names(), *OTHERS]))
        msg = f"[{where}] there is no divergence or game {given!r}; there are {names}"
        raise UnknownNameError(msg) from None
