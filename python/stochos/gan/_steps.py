"""One step of each way to update two players, as a function that can be traced.

With sg = stop_gradient the single loss is

    L = D-part(D(x), D(sg G(z))) + weight (G-part(D(G(z))) - G-part(D(sg G(z)))),

whose second term is always 0 and has a gradient by G alone (kexue.fm/archives/6387). D(G(z)) and D(sg G(z)) are equal
numbers, so one pass makes both; and the two gradients by D that cancel are never formed, instead of cancelling to
rounding. Where D looks at each example alone, one sweep back through it serves both players.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stochos import _core, nn
from stochos.gan import _witness
from stochos.nn.regularizers import regularization_loss

if TYPE_CHECKING:
    from stochos.gan._model import GAN

_ops = _core.ops


def single_loss(model: GAN, x: Any) -> tuple[Any, Any, Any]:
    """Move both players by the gradients of the single loss; return the losses (of D, of G, of D without penalties)."""
    g, d = model.generator, model.discriminator
    with _core.Recording():
        made = g(model._latent(_rows(x)), training=True)
        stopped = nn.stop_gradient(made)
        sweep = _together if _witness.by_example(d) and made.dtype == x.dtype else _apart
        plain, critic, wish, ours, pull = sweep(model, x, stopped)
        penalty = _penalty(g)
        outputs, cotangents = ([made], [pull]) if penalty is None else ([made, penalty], [pull, None])
        theirs = _core.gradients(outputs, cotangents, list(g.parameters))
    model.discriminator_optimizer.update(d, ours)
    model.generator_optimizer.update(g, theirs)
    return critic, wish, plain


def _apart(model: GAN, x: Any, made: Any) -> tuple[Any, ...]:
    """Return (loss, loss with penalties, G's loss, gradients by D, G's gradient by what was made): two passes of D.

    For any discriminator: batch statistics are those of each batch by itself.
    """
    real, scores = _both(model, x, made)
    plain, critic = _critic(model, real, scores, x, made)
    wish = model.weight * model.game.generator(nn.stop_gradient(real), scores)
    (pull,) = _core.gradients([wish], [None], [made])
    return plain, critic, wish, _core.gradients([critic], [None], list(model.discriminator.parameters)), pull


def _together(model: GAN, x: Any, made: Any) -> tuple[Any, ...]:
    """Return the same from one pass of D over all rows and one sweep back, for a D that looks at each row alone.

    Such a sweep is a row times its cotangent, so that the sweep for the D-part, row by row times the ratio of the two
    cotangents, is that of the G-part. Where the D-part's is nothing beside the G-part's, it is lifted to 1e-16 of it,
    which the gradients by D do not see.
    """
    count = _rows(x)
    rows = _core.fresh(_ops.concat([x, made]))
    all_scores = _witness.values(model.discriminator, rows, training=True)
    scores = _core.fresh(all_scores)
    plain = model.game.critic(scores[:count], scores[count:])
    fixed = nn.stop_gradient(scores)
    own = _core.fresh(fixed[count:])
    wish = model.weight * model.game.generator(fixed[:count], own)
    (share,) = _core.gradients([plain], [None], [scores])
    (pulls,) = _core.gradients([wish], [None], [own])
    least = 1e-16 * _ops.max(_ops.abs(pulls)) + 1e-30
    theirs = share[count:]
    theirs = _ops.where(_ops.abs(theirs) < least, _ops.where(theirs < 0.0, -least, least), theirs)
    outputs: list[Any] = [all_scores]
    cotangents: list[Any] = [_ops.concat([share[:count], theirs])]
    critic = plain
    for penalty in (gradient_penalty(model, x, made), _penalty(model.discriminator)):
        if penalty is not None:
            critic = critic + penalty
            outputs, cotangents = [*outputs, penalty], [*cotangents, None]
    *ours, slopes = _core.gradients(outputs, cotangents, [*model.discriminator.parameters, rows])
    ratio = _ops.reshape(pulls / theirs, (-1,) + (1,) * (len(made.shape) - 1))
    return plain, critic, wish, ours, slopes[count:] * ratio


def simultaneous(model: GAN, x: Any) -> tuple[Any, Any, Any]:
    """Move both players by two separate gradients at the same point."""
    g, d = model.generator, model.discriminator
    with _core.Recording():
        parts = terms(model, x, model._latent(_rows(x)))
        critic = parts["discriminator"] + parts.get("penalty", 0.0)
        ours = _core.gradients([critic], [None], list(d.parameters))
        wish = parts["generator"] + parts.get("generator penalty", 0.0)
        theirs = _core.gradients([wish], [None], list(g.parameters))
    model.discriminator_optimizer.update(d, ours)
    model.generator_optimizer.update(g, theirs)
    return critic, parts["wish"], parts["discriminator"]


def alternating(model: GAN, x: Any) -> tuple[Any, Any, Any]:
    """Move the discriminator, as often as there are batches in x (critic_steps, B, ...), then the generator."""
    g, d = model.generator, model.discriminator
    for i in range(model.critic_steps):
        with _core.Recording():
            batch = x[i]
            made = nn.stop_gradient(g(model._latent(_rows(batch)), training=True))
            plain, critic = _critic(model, *_both(model, batch, made), batch, made)
            found = _core.gradients([critic], [None], list(d.parameters))
        d_optimizer = model.discriminator_optimizer
        d_optimizer.update(d, found)
    with _core.Recording():
        batch = x[model.critic_steps - 1]
        made = g(model._latent(_rows(batch)), training=True)
        # The statistics of D moved on this batch of real ones already.
        scores = _witness.values(d, made, training=True)
        with nn.no_updates():
            real = _witness.values(d, batch, training=True) if model.game.paired else scores
        wish = model.weight * model.game.generator(nn.stop_gradient(real), scores)
        penalty = _penalty(g)
        found = _core.gradients([wish if penalty is None else wish + penalty], [None], list(g.parameters))
    model.generator_optimizer.update(g, found)
    return critic, wish, plain


def terms(model: GAN, x: Any, z: Any) -> dict[str, Any]:
    """Return the terms of the single loss as they are written, by three passes through D.

    D(G(z)) and D(sg G(z)) draw the same dropout masks and move moving statistics once.
    """
    made = model.generator(z, training=True)
    stopped = nn.stop_gradient(made)
    real = _witness.values(model.discriminator, x, training=True)
    with nn.no_updates():  # the same counters of random streams for the next pass
        still = _witness.values(model.discriminator, stopped, training=True)
    moving = _witness.values(model.discriminator, made, training=True)
    wish = model.weight * model.game.generator(real, moving)
    found = {
        "discriminator": model.game.critic(real, still),
        "generator": wish - model.weight * model.game.generator(real, still),
        "wish": wish,
    }
    penalties = [gradient_penalty(model, x, stopped), _penalty(model.discriminator)]
    kept = [one for one in penalties if one is not None]
    if kept:
        found["penalty"] = kept[0] if len(kept) == 1 else kept[0] + kept[1]
    own = _penalty(model.generator)
    if own is not None:
        found["generator penalty"] = own
    return found


def _rows(x: Any) -> int:
    return int(x.shape[0])


def _both(model: GAN, x: Any, made: Any) -> tuple[Any, Any]:
    """Score real and made examples, each batch apart, so that batch statistics never mix the two."""
    d = model.discriminator
    return _witness.values(d, x, training=True), _witness.values(d, made, training=True)


def _critic(model: GAN, real: Any, scores: Any, x: Any, made: Any) -> tuple[Any, Any]:
    plain = loss = model.game.critic(real, scores)
    for penalty in (gradient_penalty(model, x, made), _penalty(model.discriminator)):
        if penalty is not None:
            loss = loss + penalty
    return plain, loss


def _penalty(player: Any) -> Any:
    """Return the penalties of the weights of a player, None when no weight has one."""
    regular = any(layer._regularizers for layer in (player, *player.layers_inside()))
    return regularization_loss(player) if regular else None


def gradient_penalty(model: GAN, x: Any, made: Any) -> Any:
    """Return weight · E (|grad D| - center)^2 at points between real and made ones, or at one kind; None without it."""
    if not model.gradient_penalty:
        return None
    if model.penalty_at == "between":
        share = model._noise.uniform((_rows(x),) + (1,) * (len(x.shape) - 1), dtype=x.dtype)
        points = x * share + made * (1.0 - share)
    else:
        points = x if model.penalty_at == "real" else made
    points = _core.fresh(nn.stop_gradient(points))
    with nn.no_updates():
        scores = _witness.values(model.discriminator, points, training=True)
    (slopes,) = _core.gradients([_ops.sum(scores)], [None], [points])
    axes = tuple(range(1, len(slopes.shape)))
    squares = _ops.sum(_ops.square(slopes), axis=axes)
    if model.penalty_center == 0.0:
        return model.gradient_penalty * _ops.mean(squares)
    return model.gradient_penalty * _ops.mean(_ops.square(_ops.sqrt(squares + 1e-12) - model.penalty_center))


STEPS = {"single-loss": single_loss, "simultaneous": simultaneous, "alternating": alternating}
