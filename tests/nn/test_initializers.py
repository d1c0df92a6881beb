"""Starting values: functions of shape and seed alone, with the mean, the variance and the law that they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from stochos import _core
from stochos.errors import InputError, InputTypeError, UnknownNameError
from stochos.nn import _philox, initializers

RANDOM = [
    initializers.Uniform(-1.0, 3.0),
    initializers.Normal(1.0, 2.0),
    initializers.TruncatedNormal(0.5, 2.0),
    initializers.TruncatedNormal(0.0, 1.0, 1.0, 4.0),
    *(kind() for kind in (initializers.GlorotUniform, initializers.GlorotNormal, initializers.HeUniform)),
    *(kind(gain=0.5) for kind in (initializers.HeNormal, initializers.LecunUniform, initializers.LecunNormal)),
    initializers.VarianceScaling(3.0, "fan_out", "uniform"),
    initializers.Orthogonal(),
]
SHAPE = (200, 300)


def law(initializer: initializers.Initializer) -> stats.rv_continuous:
    """Return the distribution of one element, from the papers' formulas; 200 inputs and 300 outputs."""
    name, gain = type(initializer).__name__, getattr(initializer, "gain", 1.0)
    if name == "Uniform":
        return stats.uniform(-1.0, 4.0)
    if name == "Normal":
        return stats.norm(1.0, 2.0)
    if name == "TruncatedNormal":
        return stats.truncnorm(initializer.low, initializer.high, initializer.mean, initializer.std)
    if name == "VarianceScaling":
        return stats.uniform(-math.sqrt(3 * 3 / 300), 2 * math.sqrt(3 * 3 / 300))
    variance = gain**2 * {"Gl": 2 / 500, "He": 2 / 200, "Le": 1 / 200}[name[:2]]
    if name.endswith("Normal"):
        return stats.norm(0, math.sqrt(variance))
    bound = math.sqrt(3 * variance)
    return stats.uniform(-bound, 2 * bound)


def stream_key(seed: int, purpose: int) -> tuple[int, int]:
    """The key of a stream, as stream version 1 has it: splitmix64's finaliser over seed and purpose."""
    whole = (1 << 64) - 1

    def mix(x: int) -> int:
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & whole
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & whole
        return x ^ (x >> 31)

    key = mix(mix((seed + 0x9E3779B97F4A7C15) & whole) ^ ((purpose * 0xD1342543DE82EF95) & whole))
    return key & 0xFFFFFFFF, key >> 32


def test_words_are_those_of_the_core():
    # The blocks of the core's own Philox, which its C++ tests check against the authors' vectors.
    seed, record = 2**63 + 5, 2**40 + 7
    found = _philox.words(seed, 4 * 3 + 2, record, _philox.TENSOR_START)
    key = np.array(stream_key(seed, _philox.TENSOR_START), dtype=np.uint32)
    for index in range(4):
        counter = np.array([index, 0, record & 0xFFFFFFFF, record >> 32], dtype=np.uint32)
        block = _core.philox(counter, key)
        assert found[4 * index : 4 * index + 4].tolist() == block.tolist()[: len(found) - 4 * index]


def test_quantile_is_the_inverse_of_the_distribution_function():
    # SciPy's ndtri, accurate to about 1e-15, over the whole range of 32-bit uniforms.
    p = np.concatenate(
        [(np.arange(2000) + 0.5) * 2.0**-32, np.linspace(1e-6, 1 - 1e-6, 5001), 1 - 2.0 ** -np.arange(9, 33)]
    )
    np.testing.assert_allclose(_philox.quantile(p), stats.norm.ppf(p), rtol=4e-14, atol=1e-16)


@pytest.mark.parametrize("initializer", RANDOM, ids=repr)
def test_values_are_a_function_of_shape_and_seed(initializer: initializers.Initializer):
    first = initializer(SHAPE, 7)
    assert first.dtype == np.float32
    assert first.shape == SHAPE
    assert first.flags.c_contiguous
    assert np.array_equal(first, initializer(SHAPE, 7))
    assert np.array_equal(first, initializer(SHAPE, 7, "float64").astype(np.float32))
    assert not np.array_equal(first, initializer(SHAPE, 8))


@pytest.mark.parametrize("initializer", RANDOM[:-1], ids=repr)
def test_values_follow_the_promised_distribution(initializer: initializers.Initializer):
    # Kolmogorov-Smirnov; with the seed fixed the outcome is fixed; a right sampler fails one seed in 10,000.
    values = initializer(SHAPE, 3, "float64").ravel()
    assert stats.kstest(values, law(initializer).cdf).pvalue > 1e-4
    # and neighbours are not related: the correlation of 60,000 pairs has a standard error of 0.004
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 0.016


def test_values_of_one_seed_stay_the_same():
    # What stream version 1 gives; written down from the first release.
    found = initializers.Normal(0.0, 1.0)((5,), 0, "float64").tolist()
    assert found == [
        -0.10583491377678311,
        1.6850072397925715,
        0.900042777501739,
        2.0258812912891195,
        -0.381519145511874,
    ]


@pytest.mark.parametrize("shape", [(40, 25), (25, 40), (3, 3, 4, 7), (2, 50)])
def test_orthogonal_has_equal_singular_values(shape: tuple[int, ...]):
    matrix = initializers.Orthogonal(gain=1.5)(shape, 1, "float64").reshape(-1, shape[-1])
    np.testing.assert_allclose(np.linalg.svd(matrix, compute_uv=False), 1.5, rtol=1e-12)


def test_orthogonal_is_uniform_among_rotations():
    # The trace of a uniform orthogonal 3 x 3 matrix has mean 0 and variance 1; without the sign correction the mean
    # is far off. 2,000 seeds: six standard errors.
    traces = [np.trace(initializers.Orthogonal()((3, 3), seed, "float64")) for seed in range(2000)]
    assert abs(np.mean(traces)) < 6 / math.sqrt(2000)
    assert abs(np.var(traces) - 1) < 6 * math.sqrt(2 / 2000)


def test_identity_passes_signals_through():
    assert np.array_equal(initializers.Identity(2.0)((2, 3)), [[2, 0, 0], [0, 2, 0]])
    kernel = initializers.Identity()((3, 5, 2, 2))
    assert np.array_equal(kernel[1, 2], np.eye(2))
    assert kernel.sum() == 2


def test_constants():
    assert np.array_equal(initializers.Zeros()((2,)), [0, 0])
    assert np.array_equal(initializers.Ones()((2,)), [1, 1])
    assert np.array_equal(initializers.Constant(2.5)((1, 2)), [[2.5, 2.5]])


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0,), ()])
def test_empty_and_single_shapes(shape: tuple[int, ...]):
    for initializer in RANDOM[:-1]:
        assert initializer(shape, 1).shape == shape
    if len(shape) == 2:
        assert initializers.Orthogonal()(shape).shape == shape


def test_get_takes_names_numbers_arrays_and_functions():
    assert initializers.get("he_normal") == initializers.HeNormal()
    assert initializers.get("GlorotUniform") == initializers.GlorotUniform()
    assert initializers.get(2) == initializers.Constant(2.0)
    given = np.arange(3.0)
    made = initializers.get(given)((3,), 0, "float32")
    given[0] = 9
    assert made.tolist() == [0, 1, 2]
    function = lambda shape, seed, dtype: np.zeros(shape, dtype)  # noqa: E731
    assert initializers.get(function) is function
    with pytest.raises(UnknownNameError, match=r"\[nn.initializers.get\].*'nothing'"):
        initializers.get("nothing")
    with pytest.raises(InputTypeError, match="NoneType"):
        initializers.get(None)
    with pytest.raises(InputError, match=r"\(3,\).*\(4,\)"):
        initializers.get(np.zeros(3))((4,))


@pytest.mark.parametrize("initializer", [*RANDOM, initializers.Constant(3.0), initializers.Identity()], ids=repr)
def test_config_makes_an_equal_initializer(initializer: initializers.Initializer):
    assert initializers.from_config(initializer.config()) == initializer


def test_wrong_settings_are_refused():
    with pytest.raises(InputError, match="std"):
        initializers.Normal(0.0, -1.0)
    with pytest.raises(InputError, match="mode"):
        initializers.VarianceScaling(1.0, "fan")
    with pytest.raises(InputError, match="2 axes"):
        initializers.Orthogonal()((3,))
    with pytest.raises(InputError, match="shape is -1"):
        initializers.Zeros()((-1,))
    with pytest.raises(InputError, match="no settings"):
        initializers.from_config({"name": "Normal", "sigma": 1.0})
    with pytest.raises(UnknownNameError):
        initializers.from_config({"name": "Cauchy"})


def test_child_seeds_depend_on_every_label():
    seeds = {_philox.child_seed(s, *path) for s in (0, 1) for path in ((), ("a",), ("a", "b"), ("ab",), (1,), ("1",))}
    assert len(seeds) == 12


def test_permutation_holds_every_place_once():
    order = _philox.permutation(5, 1000, 3)
    assert sorted(order.tolist()) == list(range(1000))
    assert not np.array_equal(order, _philox.permutation(5, 1000, 4))
    # Uniform: the mean of 300 orders at each place has standard error 8.3 around 499.5; six of them, 1000 places.
    mean = np.mean([_philox.permutation(5, 1000, epoch) for epoch in range(300)], axis=0)
    assert np.abs(mean - 499.5).max() < 6 * 1000 / math.sqrt(12 * 300)
