"""The single loss: its gradients are the two separate ones, its steps those of simultaneous training."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from stochos import _core, gan, nn
from stochos.gan import _steps, _witness

sys.path.insert(0, str(Path(__file__).parent))
from players import data, made, weights

F_GANS = ("kl", "reverse_kl", "js", "gan", "pearson", "neyman", "squared_hellinger", "jeffreys", "triangular", "tv")
GAMES = (*F_GANS, "hinge", "wasserstein", "least_squares", "relativistic", "relativistic_average")
LAYERS = {
    "plain": list,
    "dropout": lambda: [nn.Dropout(0.4, seed=5)],
    "batch norm": lambda: [nn.BatchNorm(dtype="float64")],
    "both": lambda: [nn.Dropout(0.4, seed=5), nn.BatchNorm(dtype="float64")],
    "spectral norm": lambda: [gan.SpectralNorm(nn.Dense(8, "tanh", dtype="float64", seed=3), dtype="float64", seed=4)],
}


def by_hand(model: gan.GAN, x: np.ndarray, z: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the separate gradients of both players, each from a loss of its own, without the module's steps."""
    g, d, game = model.generator, model.discriminator, model.game
    flat = lambda v: nn.reshape(v, (-1,))  # noqa: E731

    def critic():
        return game.critic(flat(d(nn.tensor(x))), flat(d(nn.stop_gradient(g(nn.tensor(z))))))

    def wish():
        return model.weight * game.generator(flat(d(nn.tensor(x))), flat(d(g(nn.tensor(z)))))

    return tuple(  # type: ignore[return-value]
        [one.numpy() for one in nn.grad(f, wrt=player)()] for f, player in ((critic, d), (wish, g))
    )


@pytest.mark.parametrize(
    ("name", "loss"),
    [(name, loss) for name in GAMES for loss in ("minimax", "non_saturating") if name in F_GANS or loss != "minimax"],
)
def test_gradients_of_the_single_loss_are_the_two_separate_ones(name: str, loss: str):
    model = made(name, generator_loss=loss, weight=0.7, gradient_penalty=0.0)
    x, z = data(), np.random.default_rng(1).normal(size=(64, 3))
    model.generator(z)
    model.discriminator(x)
    expected_d, expected_g = by_hand(model, x, z)
    with _core.Recording():
        total = sum(model.terms(x, nn.tensor(z)).values(), start=nn.tensor(0.0))
        found_d = _core.gradients([total], [None], list(model.discriminator.parameters))
        found_g = _core.gradients([total], [None], list(model.generator.parameters))
    for found, expected in ((found_d, expected_d), (found_g, expected_g)):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.numpy(), other, rtol=1e-6, atol=1e-12)
    # One step of plain descent is the rate times these.
    model._latent = lambda _: nn.tensor(z)  # type: ignore[method-assign]
    before = [v.numpy().copy() for player in (model.generator, model.discriminator) for v in player.parameters]
    _steps.single_loss(model, nn.tensor(x))
    after = [v.numpy() for player in (model.generator, model.discriminator) for v in player.parameters]
    for old, new, slope in zip(before, after, [*expected_g, *expected_d], strict=True):
        np.testing.assert_allclose(old - new, 0.05 * slope, rtol=1e-6, atol=1e-14)


@pytest.mark.parametrize("name", ["js", "kl", "hinge", "wasserstein", "relativistic_average"])
@pytest.mark.parametrize("layers", LAYERS)
def test_single_loss_is_simultaneous_training_step_for_step(name: str, layers: str):
    # Also where dropout draws, statistics move and a penalty of second order is added.
    runs = []
    for update in ("single-loss", "simultaneous"):
        model = made(name, update, *LAYERS[layers](), gradient_penalty=0.5)
        model.fit(data(256), steps=6, batch_size=64, log_every=2)
        runs.append(model)
    one, two = runs
    np.testing.assert_allclose(weights(one), weights(two), rtol=1e-9, atol=1e-12)
    assert one.history["critic_loss"] == pytest.approx(two.history["critic_loss"], rel=1e-9)
    for a, b in zip(one.discriminator.state().values(), two.discriminator.state().values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("name", ["js", "relativistic"])
def test_the_generators_term_has_no_gradient_by_the_discriminator(name: str, layers: str):
    model = made(name, "single-loss", *LAYERS[layers](), gradient_penalty=0.5)
    found = gan.audit(model, data())
    assert found.ok
    if layers == "spectral norm":  # the two gradients by the singular value cancel to rounding
        assert found.norms["generator", "discriminator"] < 1e-15
    else:
        assert found.norms["generator", "discriminator"] == 0.0  # exactly
    assert found.norms["discriminator", "generator"] == 0.0
    assert found.norms["penalty", "generator"] == 0.0
    assert min(found.norms["generator", "generator"], found.norms["discriminator", "discriminator"]) > 1e-3
    assert found.values["generator"] == 0.0


def test_audit_leaves_the_model_as_it_was():
    model = made("js", "single-loss", *LAYERS["both"]())
    model.fit(data(128), steps=2, batch_size=64)
    before = model.discriminator.state(), model._noise.counter.numpy().copy()
    gan.audit(model)
    for name, value in model.discriminator.state().items():
        np.testing.assert_array_equal(value, before[0][name])
    assert model._noise.counter.numpy() == before[1]


def test_audit_catches_a_forgotten_stop_gradient():
    model = made("js")
    x, z = nn.tensor(data()), nn.tensor(np.random.default_rng(1).normal(size=(64, 3)))
    g, d, game = model.generator, model.discriminator, model.game
    g(z), d(x)
    flat = lambda v: nn.reshape(v, (-1,))  # noqa: E731
    players = {"discriminator": d, "generator": g}
    owners = {"critic": "discriminator", "wish": "generator"}
    right = {
        "critic": lambda: game.critic(flat(d(x)), flat(d(nn.stop_gradient(g(z))))),
        "wish": lambda: game.generator(None, flat(d(g(z)))) - game.generator(None, flat(d(nn.stop_gradient(g(z))))),
    }
    assert gan.audit(right, players=players, owners=owners).ok
    wrong = {**right, "critic": lambda: game.critic(flat(d(x)), flat(d(g(z))))}
    problems = gan.audit(wrong, players=players, owners=owners).problems
    assert len(problems) == 1
    assert problems[0].startswith("'critic' reaches the generator (norm ")
    # The generator's loss alone, without the difference, moves D as well: the trap of the single loss.
    wrong = {**right, "wish": lambda: game.generator(None, flat(d(g(z))))}
    assert "'wish' reaches the discriminator" in gan.audit(wrong, players=players, owners=owners).problems[0]
    # And one stop_gradient too many.
    wrong = {**right, "wish": lambda: game.generator(None, flat(d(nn.stop_gradient(g(z)))))}
    assert any(
        "does not reach the generator" in text for text in gan.audit(wrong, players=players, owners=owners).problems
    )


def test_a_loss_by_hand_in_numbers():
    # D(x) = b x, G(z) = a z, Wasserstein, x = 2, z = 3, a = 0.5, b = 1.5, weight 1.
    # L = (b sg(a z) - b x) + (-b a z + sg): dL/da = -b z = -4.5, dL/db = a z - x = -0.5; with the first sg forgotten
    # dL/da would be b z - b z = 0.
    a, b = nn.Variable(np.array(0.5), name="a"), nn.Variable(np.array(1.5), name="b")
    sg = nn.stop_gradient

    def loss(keep):
        fake = a * 3.0
        return (b * keep(fake) - b * 2.0) - (b * fake - b * sg(fake))

    assert [float(s) for s in nn.grad(lambda: loss(sg), wrt=[a, b])()] == [-4.5, -0.5]
    assert float(nn.grad(lambda: loss(lambda t: t), wrt=[a])()[0]) == 0.0


def test_batch_statistics_move_once_a_batch_and_do_not_mix():
    # Real examples at 3, made ones at 0 (a generator of zeros): the mean moves by a tenth towards 3, then towards 0.
    zeros = nn.Sequential([nn.Dense(2, kernel_initializer="zeros", dtype="float64")])
    norm = nn.BatchNorm(momentum=0.9, dtype="float64")
    d = nn.Sequential([norm, nn.Dense(1, dtype="float64")])
    for update in ("single-loss", "simultaneous"):
        model = gan.GAN(zeros, d.clone(), "js", update, latent=3, generator_optimizer=nn.SGD(0.0),
                        discriminator_optimizer=nn.SGD(0.0))  # fmt: skip
        model.fit(np.full((64, 2), 3.0), steps=1, batch_size=64)
        mean = model.discriminator.layers[0].moving_mean.numpy()
        np.testing.assert_allclose(mean, 0.9 * 0.3, rtol=1e-12)


def test_weight_is_a_ratio_of_rates_for_plain_descent_alone():
    moved = {}
    for name, optimizer in (("sgd", lambda: nn.SGD(1e-3)), ("adam", lambda: nn.Adam(1e-3))):
        for weight in (1.0, 10.0):
            model = made("js", weight=weight, generator_optimizer=optimizer(), discriminator_optimizer=optimizer())
            model.generator(np.zeros((1, 3)))
            start = [v.numpy().copy() for v in model.generator.parameters]
            model.fit(data(64), steps=1, batch_size=64)
            moved[name, weight] = np.concatenate(
                [(new.numpy() - old).ravel() for new, old in zip(model.generator.parameters, start, strict=True)]
            )
    np.testing.assert_allclose(moved["sgd", 10.0], 10 * moved["sgd", 1.0], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(moved["adam", 10.0], moved["adam", 1.0], rtol=1e-2, atol=1e-7)


def test_penalty_is_that_of_finite_differences():
    # At the real points with center 0: weight * mean of |grad D|^2 by central differences.
    model = made("js", gradient_penalty=2.0, penalty_center=0.0, penalty_at="real")
    x = data(8)
    model.discriminator(x), model.generator(np.zeros((1, 3)))
    squares = np.zeros(8)
    for axis in range(2):
        h = np.zeros(2)
        h[axis] = 1e-5
        squares += ((model.score(x + h) - model.score(x - h)) / 2e-5) ** 2
    assert float(model.terms(x)["penalty"]) == pytest.approx(2.0 * squares.mean(), rel=1e-7)
    # And its gradient by a weight.
    kernel = model.discriminator.parameters[0]
    slope = nn.grad(lambda: model.terms(x)["penalty"], wrt=[kernel])()[0].numpy()[1, 2]
    value = kernel.numpy().copy()
    ends = []
    for step in (1e-5, -1e-5):
        moved = value.copy()
        moved[1, 2] += step
        kernel.assign(moved)
        ends.append(float(model.terms(x)["penalty"]))
    assert slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


@pytest.mark.parametrize("name", ["js", "kl", "hinge", "least_squares"])
@pytest.mark.parametrize("score", [-200.0, -60.0, 0.0, 60.0, 200.0])
def test_one_sweep_serves_both_players_at_any_score(name: str, score: float):
    # Where the D-part's cotangent is nothing (hinge) or underflows, the generator's gradient is still its own.
    model = made(name, generator_optimizer=nn.SGD(1.0), discriminator_optimizer=nn.SGD(0.0))
    x, z = data(), np.random.default_rng(1).normal(size=(64, 3))
    model.generator(z), model.discriminator(x)
    assert _witness.by_example(model.discriminator)
    bias = model.discriminator.parameters[-1]
    bias.assign(bias.numpy() + score)
    expected = by_hand(model, x, z)[1]
    model._latent = lambda _: nn.tensor(z)  # type: ignore[method-assign]
    before = [v.numpy().copy() for v in model.generator.parameters]
    _steps.single_loss(model, nn.tensor(x))
    for old, new, slope in zip(before, model.generator.parameters, expected, strict=True):
        size = np.abs(slope).max()
        np.testing.assert_allclose(old - new.numpy(), slope, rtol=1e-6, atol=1e-6 * size + 1e-15)


def test_which_discriminators_look_at_each_example_alone():
    x = nn.Input((2,))
    layer = nn.Dense(2, "tanh")
    assert _witness.by_example(nn.Model(x, nn.Dense(1)(layer(layer(x)))))
    assert not _witness.by_example(nn.Model(x, nn.Dense(1)(x - nn.mean(x, axis=0))))
    assert not _witness.by_example(nn.Model(x, nn.Dense(1)(nn.BatchNorm()(x))))
    assert not _witness.by_example(nn.Sequential([nn.Dropout(0.5), nn.Dense(1)]))
    # A layer used twice is one: the sum over both places, in one sweep as in two gradients.
    runs = []
    for update in ("single-loss", "simultaneous"):
        x = nn.Input((2,), dtype="float64")
        layer = nn.Dense(2, "tanh", dtype="float64", seed=1)
        d = nn.Model(x, nn.Dense(1, dtype="float64", seed=2)(layer(layer(x))))
        g = nn.Sequential([nn.Dense(2, dtype="float64", seed=3)])
        model = gan.GAN(
            g, d, "js", update, latent=3, generator_optimizer=nn.SGD(0.1), discriminator_optimizer=nn.SGD(0.1)
        )
        model.fit(data(128), steps=5, batch_size=64)
        runs.append(weights(model))
        assert gan.audit(model, data()).ok
    np.testing.assert_allclose(*runs, rtol=1e-9, atol=1e-13)
