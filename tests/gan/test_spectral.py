"""Spectral normalisation: values, gradients, files, and images through it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stochos import gan, nn


def test_spectral_norm_divides_by_the_largest_singular_value():
    layer = gan.SpectralNorm(nn.Dense(7, use_bias=False, dtype="float64", seed=2), iterations=200, dtype="float64")
    x = np.random.default_rng(0).normal(size=(5, 4))
    y = layer(x, training=True).numpy()
    kernel = layer.layer.kernel.numpy()
    np.testing.assert_allclose(y, x @ kernel / np.linalg.svd(kernel)[1][0], rtol=1e-9)
    np.testing.assert_allclose(layer(x).numpy(), y, rtol=1e-9)
    assert len(layer.parameters) == 1
    # The gradient passes through the division: a longer kernel is the same layer, so its own direction has slope 0.
    slope = nn.grad(lambda: nn.sum(layer(x) ** 2), wrt=layer)()[0].numpy()
    assert abs((slope * kernel).sum()) < 1e-9
    assert np.abs(slope).max() > 1e-3


def test_spectral_norm_in_models_copies_and_files(tmp_path: Path):
    x = nn.Input((4,))
    model = nn.Model(x, nn.Dense(1)(gan.SpectralNorm(nn.Dense(7, "relu"))(x)))
    assert model.parameter_count == 4 * 7 + 7 + 7 + 1
    points = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    first = model(points, training=True).numpy()
    assert np.abs(model(points, training=True).numpy() - first).max() > 0  # the power method moves on
    model.save(tmp_path / "m.safetensors")
    for other in (nn.load(tmp_path / "m.safetensors"), model.copy()):
        np.testing.assert_array_equal(other(points).numpy(), model(points).numpy())


def test_a_gan_of_images_with_convolutions_and_both_penalties():
    g = nn.Sequential([nn.Dense(16, "relu"), nn.Dense(64), nn.Reshape((8, 8, 1))])
    d = nn.Sequential([gan.SpectralNorm(nn.Conv2D(4, 3, activation="relu")), nn.Flatten(), nn.Dense(1)])
    model = gan.GAN(g, d, "hinge", latent=5, gradient_penalty=0.1)
    model.fit(np.random.default_rng(0).normal(size=(60, 8, 8, 1)), steps=3, batch_size=30)
    assert model.sample(4).shape == (4, 8, 8, 1)
    assert gan.audit(model).ok
