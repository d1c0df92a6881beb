"""Training GANs: files, resume, interruption, pictures, what is refused, and mixtures that are learned."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from stochos import gan, nn
from stochos.errors import ConvergenceError, FileFormatError, InputError, InputTypeError, StoppedError, UnknownNameError

sys.path.insert(0, str(Path(__file__).parent))
from players import data, made, mlp, weights


def adam(rate: float = 1e-3) -> dict[str, nn.Optimizer]:
    return {"generator_optimizer": nn.Adam(rate), "discriminator_optimizer": nn.Adam(rate)}


@pytest.mark.parametrize("update", ["single-loss", "simultaneous", "alternating"])
def test_a_resumed_run_ends_with_the_bits_of_one_that_was_never_cut(update: str, tmp_path: Path):
    extra = {"critic_steps": 2} if update == "alternating" else {}

    def model() -> gan.GAN:
        return made("js", update, nn.Dropout(0.2, seed=1), gradient_penalty=0.1, **adam(), **extra)

    options = {"batch_size": 32, "log_every": 4, "seed": 7}
    whole = model()
    whole.fit(data(100), steps=11, **options)
    path = tmp_path / "run.safetensors"
    first = model()
    first.fit(data(100), steps=6, checkpoint=path, **options)
    second = model()
    second.fit(data(100), steps=11, checkpoint=path, resume=True, **options)
    np.testing.assert_array_equal(weights(whole), weights(second))
    assert whole.history == second.history
    assert whole.history["step"] == [4.0, 8.0]
    # Also without a file, by calling again.
    first.fit(data(100), steps=11, **options)
    np.testing.assert_array_equal(weights(whole), weights(first))
    third = model()
    with pytest.raises(InputError, match="of a run with seed 7, this one has 8"):
        third.fit(data(100), steps=11, checkpoint=path, resume=True, **(options | {"seed": 8}))
    assert third.steps == 0
    with pytest.raises(InputError, match="of a run with losses"):
        made("js", update, generator_loss="minimax", **adam(), **extra).fit(
            data(100), steps=11, checkpoint=path, resume=True, **options
        )


def test_compiled_and_plain_steps_agree():
    runs = []
    for compile in (True, False):
        model = made("kl", **adam())
        model.fit(data(64), steps=5, batch_size=32, compile=compile)
        runs.append(weights(model))
    np.testing.assert_allclose(*runs, rtol=1e-9, atol=1e-12)


def test_interrupting_leaves_a_checkpoint_that_goes_on(tmp_path: Path):
    path = tmp_path / "run.safetensors"
    model = made("js", **adam())

    def stop(model: gan.GAN) -> None:
        if model.steps == 20:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        model.fit(data(), steps=10**6, batch_size=32, log_every=5, callbacks=[stop], checkpoint=path)
    again, whole = made("js", **adam()), made("js", **adam())
    again.fit(data(), steps=40, batch_size=32, log_every=5, checkpoint=path, resume=True)
    whole.fit(data(), steps=40, batch_size=32, log_every=5)
    np.testing.assert_array_equal(weights(again), weights(whole))
    assert again.history == whole.history


def test_progress_stops_the_run():
    model = made("js")
    with pytest.raises(StoppedError):
        model.fit(data(), steps=100, batch_size=32, progress=lambda done, total: done < 3 or total != 100)
    assert model.steps == 3


def test_damaged_checkpoints_are_refused(tmp_path: Path):
    path = tmp_path / "run.safetensors"
    model = made("js")
    model.fit(data(), steps=1, batch_size=32)
    model.generator.save(path)
    with pytest.raises(FileFormatError, match="no checkpoint of a GAN"):
        made("js").fit(data(), steps=2, batch_size=32, checkpoint=path, resume=True)
    with pytest.raises(InputError, match="needs checkpoint="):
        model.fit(data(), steps=2, batch_size=32, resume=True)


def test_a_loss_that_runs_away_is_named():
    model = made(gan.Game("mine", lambda _, fake: nn.exp(1e3 + nn.mean(fake)), lambda _, fake: nn.mean(fake)))
    with pytest.raises(ConvergenceError, match=r"at step \d+; lower the learning rates"):
        model.fit(data(), steps=50, batch_size=32)


def test_a_discriminator_that_runs_away_is_told():
    # Pearson's witness is 2 (e^v - 1): at these rates its bound falls by millions in the first steps.
    model = gan.GAN(
        mlp(128, 2, activation="relu", dtype="float32"), mlp(128, 1, activation="relu", dtype="float32"), "pearson",
        latent=2, **adam(0.01),
    )  # fmt: skip
    with pytest.warns(
        RuntimeWarning, match=r"bound on pearson fell to -.* at step \d+.*discriminator_loss='log_score'"
    ):
        model.fit(gan.ring(8), steps=100, log_every=10)


def test_the_log_score_is_the_bound_of_the_gan_divergence():
    # Its bound is E log s(v) + E log(1 - s(v)) with the logistic s: the logarithmic score itself, with another sign.
    runs = []
    for discriminator_loss in ("bound", "log_score"):
        model = made("gan", discriminator_loss=discriminator_loss, **adam())
        model.fit(data(), steps=6, batch_size=32, log_every=2)
        runs.append((weights(model), model.history["critic_loss"]))
    np.testing.assert_allclose(runs[0][0], runs[1][0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(runs[0][1], runs[1][1], rtol=1e-9)
    assert "estimate" not in model.history


@pytest.mark.parametrize("name", ["pearson", "neyman", "kl"])
@pytest.mark.parametrize("update", ["single-loss", "simultaneous", "alternating"])
def test_with_the_log_score_the_generator_still_plays_for_its_divergence(name: str, update: str):
    def moved(name: str, **options: str) -> tuple[np.ndarray, np.ndarray]:
        model = made(name, update, rate=1e-3, **options)
        model.fit(data(), steps=1, batch_size=32)
        return tuple(
            np.concatenate([v.numpy().ravel() for v in p.parameters]) for p in (model.generator, model.discriminator)
        )

    g, d = moved(name, discriminator_loss="log_score")
    np.testing.assert_allclose(d, moved("gan")[1], rtol=1e-12, atol=1e-14)  # the discriminator of the log score
    assert np.abs(g - moved("gan")[0]).max() > 1e-7
    if update != "alternating":  # there the generator sees a discriminator that has moved in another way
        np.testing.assert_allclose(g, moved(name)[0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "name", ["hinge", "wasserstein", "least_squares", "relativistic", "relativistic_average", "tv"]
)
def test_every_game_moves_the_samples_towards_the_data(name: str):
    # A generator that shifts: real points around (3, 3), made ones around 0 at first.
    g = nn.Sequential([nn.Dense(2, kernel_initializer="identity")])
    model = gan.GAN(g, mlp(16, 1, dtype="float32"), name, latent=2, **adam(0.02))
    real = np.random.default_rng(0).normal(3.0, 1.0, (1000, 2)).astype(np.float32)
    model.fit(real, steps=150, batch_size=100)
    assert np.abs(model.sample(1000).mean(axis=0) - 3.0).max() < 1.5


def test_a_game_of_ones_own_trains():
    mine = gan.Game("mine", lambda real, fake: nn.mean(fake) - nn.mean(real), lambda _, fake: -nn.mean(fake), True)
    model = made(mine, **adam())
    model.fit(data(), steps=4, batch_size=32, log_every=2)
    assert model.history["estimate"] == pytest.approx([-value for value in model.history["critic_loss"]])


def test_samples_are_a_function_of_their_seed():
    model = made("js")
    model.fit(data(), steps=1, batch_size=32)
    np.testing.assert_array_equal(model.sample(10, seed=3), model.sample(10, seed=3))
    assert np.abs(model.sample(10, seed=3) - model.sample(10, seed=4)).max() > 0
    assert model.sample(0).shape == (0, 2)


def test_pictures_are_drawn_on_the_way(tmp_path: Path):
    pytest.importorskip("matplotlib")
    model = made("js")
    model.fit(data(), steps=4, batch_size=32, pictures=tmp_path / "p", picture_every=2)
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == ["samples_0000002.png", "samples_0000004.png"]
    assert all(path.stat().st_size > 1000 for path in (tmp_path / "p").iterdir())


def test_a_step_is_stopped_within_a_moment():
    model = made("js")
    start = time.monotonic()

    def stop(model: gan.GAN) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(data(), steps=10**9, batch_size=32, log_every=1, callbacks=[stop])
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"divergence": "kll"}, UnknownNameError, "no divergence or game 'kll'"),
        ({"divergence": 3}, InputTypeError, "divergence is of type int"),
        ({"divergence": gan.divergence("renyi", alpha=0.5)}, InputError, "function of a mean"),
        ({"update": "both"}, InputError, "update is 'both'"),
        ({"discriminator_loss": "log"}, InputError, "discriminator_loss is 'log'"),
        ({"divergence": "hinge", "discriminator_loss": "log_score"}, InputError, "'hinge' has a loss of"),
        ({"critic_steps": 3}, InputError, "only update='alternating'"),
        ({"generator": 3}, InputTypeError, "generator is of type int"),
        ({"latent": None}, InputError, "give latent="),
        ({"generator_optimizer": 0.1}, InputTypeError, "generator_optimizer is of type float"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message: str):
    given = {"generator": mlp(4, 2), "discriminator": mlp(4, 1), "latent": 2} | arguments
    with pytest.raises(error, match=message):
        gan.GAN(**given)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((64, 3)), r"makes examples of shape \(2,\), the data are of shape \(3,\)"),
        (np.zeros((10, 2)), "10 examples and batches of 32"),
        (np.full((64, 2), np.nan), "not finite"),
        (np.zeros(64), r"shape \(64,\)"),
        ("ring", "give numbers"),
    ],
)
def test_bad_data_are_named(x, message: str):
    with pytest.raises((InputError, InputTypeError), match=message):
        made("js").fit(x, steps=1, batch_size=32)


def test_one_optimizer_for_both_is_refused():
    one = nn.Adam(1e-3)
    with pytest.raises(InputError, match="give each its own"):
        gan.GAN(mlp(4, 2), mlp(4, 1), latent=2, generator_optimizer=one, discriminator_optimizer=one)


def test_the_bar_shows_the_estimate(capsys: pytest.CaptureFixture[str]):
    made("js").fit(data(), steps=4, batch_size=32, log_every=2, progress=True)
    assert "training by jensen_shannon" in (shown := capsys.readouterr().err)
    assert "estimate -" in shown or "estimate 0" in shown
