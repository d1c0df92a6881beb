"""Each layer against its definition in NumPy, its shapes, its gradient, and what it says of wrong input."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from stochos import nn

RNG = np.random.default_rng(5)


def numbers(*shape: int, dtype=np.float32) -> np.ndarray:
    return RNG.normal(size=shape).astype(dtype)


def seen(layer, *inputs, **options):
    return layer(*inputs, **options).numpy()


def test_dense_is_a_product_and_a_bias():
    layer = nn.Dense(3, activation="tanh", bias_initializer="normal")
    x = numbers(2, 5, 4)
    assert np.allclose(seen(layer, x), np.tanh(x @ layer.kernel.numpy() + layer.bias.numpy()), atol=1e-6)
    assert nn.Dense(3, use_bias=False)(nn.Input((7, 4))).shape == (None, 7, 3)


def test_embedding_looks_up_rows():
    layer = nn.Embedding(6, 3)
    index = np.array([[0, 5], [2, 2]])
    assert np.array_equal(seen(layer, index), layer.table.numpy()[index])
    masked = nn.Embedding(6, 3, mask_zero=True)
    gradient = nn.grad(
        lambda: nn.sum(masked(index) * 2.0), wrt=[masked.table] if masked.built else _built(masked, index)
    )()
    assert gradient[0].numpy()[:, 0].tolist() == [0.0, 0.0, 4.0, 0.0, 0.0, 2.0]
    assert not seen(masked, index)[0, 0].any()


def _built(layer, *inputs):
    layer(*inputs)
    return layer.parameters


def test_the_padding_row_of_a_tied_table_still_learns_from_the_output():
    # As in BERT: the lookup gives row 0 nothing, the tied decoder does.
    words = nn.Input((2,), dtype="int64")
    table, scores = nn.Embedding(4, 3, mask_zero=True), nn.Dense(4)
    nn.tie(scores, table, "transpose")
    model = nn.Model(words, scores(table(words)))
    gradient = nn.grad(lambda: nn.sum(model(np.array([[0, 1]]))), wrt=table.table)()
    assert np.allclose(gradient.numpy()[0], table.table.numpy()[1], atol=1e-6)


def convolved(x: np.ndarray, kernel: np.ndarray, stride: int, dilation: int, padding: str) -> np.ndarray:
    """A convolution over time by its definition."""
    span = (len(kernel) - 1) * dilation + 1
    if padding == "same":
        count = -(-x.shape[1] // stride)
        lack = max((count - 1) * stride + span - x.shape[1], 0)
        x = np.pad(x, ((0, 0), (lack // 2, lack - lack // 2), (0, 0)))
    count = (x.shape[1] - span) // stride + 1
    return np.stack(
        [sum(x[:, t * stride + k * dilation] @ kernel[k] for k in range(len(kernel))) for t in range(count)], axis=1
    )


@pytest.mark.parametrize(
    ("stride", "dilation", "padding"), list(itertools.product([1, 2, 3], [1, 2], ["valid", "same"]))
)
def test_conv1d(stride: int, dilation: int, padding: str):
    layer = nn.Conv1D(4, 3, stride=stride, dilation=dilation, padding=padding, bias_initializer="normal")
    x = numbers(2, 11, 5)
    expected = convolved(x, _kernel(layer, x), stride, dilation, padding) + layer.bias.numpy()
    assert np.allclose(seen(layer, x), expected, atol=1e-5)
    assert layer(nn.Input((11, 5))).shape == (None, *expected.shape[1:])
    assert layer(nn.Input((None, 5))).shape == (None, None, 4)


def _kernel(layer, x):
    layer(x)
    return layer.kernel.numpy()


def test_conv2d_is_separable_where_the_kernel_is():
    row, column = numbers(3), numbers(2)
    layer = nn.Conv2D(
        1,
        (2, 3),
        use_bias=False,
        stride=(1, 2),
        padding="same",
        kernel_initializer=np.outer(column, row)[:, :, None, None],
    )
    x = numbers(2, 5, 7, 1)
    over_rows = convolved(x.reshape(10, 7, 1), row[:, None, None], 2, 1, "same").reshape(2, 5, 4)
    expected = convolved(over_rows.transpose(0, 2, 1).reshape(8, 5, 1), column[:, None, None], 1, 1, "same")
    assert np.allclose(seen(layer, x)[..., 0], expected.reshape(2, 4, 5).transpose(0, 2, 1), atol=1e-5)


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(2, None, "valid"), (3, 1, "valid"), (3, 2, "same"), (2, 3, "same")]
)
def test_pools_over_time(size, stride, padding):
    x = numbers(2, 7, 3)
    step = stride or size
    count = -(-7 // step) if padding == "same" else (7 - size) // step + 1
    lack = max((count - 1) * step + size - 7, 0) if padding == "same" else 0
    windows = [x[:, max(t * step - lack // 2, 0) : t * step - lack // 2 + size] for t in range(count)]
    largest, mean = (np.stack([f(w, axis=1) for w in windows], axis=1) for f in (np.max, np.mean))
    assert np.allclose(seen(nn.MaxPool1D(size, stride, padding=padding), x), largest)
    assert np.allclose(seen(nn.AveragePool1D(size, stride, padding=padding), x), mean, atol=1e-6)


def test_pools_over_images_and_over_everything():
    x = numbers(2, 4, 6, 3)
    blocks = x.reshape(2, 2, 2, 3, 2, 3)
    assert np.allclose(seen(nn.MaxPool2D(2), x), blocks.max((2, 4)))
    assert np.allclose(seen(nn.AveragePool2D(2), x), blocks.mean((2, 4)), atol=1e-6)
    assert np.allclose(seen(nn.GlobalMaxPool(), x), x.max((1, 2)))
    assert np.allclose(seen(nn.GlobalAveragePool(), x), x.mean((1, 2)), atol=1e-6)
    mask = np.array([[True, False, True, False], [False] * 4])
    found = seen(nn.GlobalAveragePool(), x[:, :, 0], mask=mask)
    assert np.allclose(found, [x[0, [0, 2], 0].mean(0), np.zeros(3)], atol=1e-6)


def test_layer_norm():
    layer = nn.LayerNorm(1e-3)
    x = numbers(2, 3, 5)
    layer(x)
    layer.gain.assign(numbers(5))
    layer.bias.assign(numbers(5))
    normal = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-3)
    assert np.allclose(seen(layer, x), normal * layer.gain.numpy() + layer.bias.numpy(), atol=1e-5)


def test_batch_norm_by_hand_and_its_moving_statistics():
    layer = nn.BatchNorm(momentum=0.75, epsilon=0.0)
    x = np.array([[1.0], [3.0]], np.float32)
    # batch: mean 2, variance 1 (unbiased 2); moving: 0.75 * 0 + 0.25 * 2 and 0.75 * 1 + 0.25 * 2
    assert seen(layer, x, training=True).tolist() == [[-1.0], [1.0]]
    assert (layer.moving_mean.item(), layer.moving_variance.item()) == (0.5, 1.25)
    assert np.allclose(seen(layer, x), (x - 0.5) / np.sqrt(1.25), atol=1e-6)
    with nn.no_updates():
        layer(x, training=True).numpy()
    assert layer.moving_mean.item() == 0.5
    assert len(layer.parameters) == 2
    assert len(layer.buffers) == 2
    assert set(layer.named_variables()) == {"gain", "bias", "moving_mean", "moving_variance"}


def test_batches_through_one_batch_norm_do_not_mix():
    # DCGAN-tensorflow#266, ganhacks#9: real mean 3, fake mean 0; each is normalised by itself, in one gradient too.
    layer = nn.BatchNorm(momentum=0.0)
    real, fake = numbers(64, 2) + 3, numbers(64, 2)

    def both():
        return nn.mean(layer(real, training=True) ** 2) + nn.mean(layer(fake, training=True) ** 2)

    layer(real)
    value, _ = nn.value_and_grad(both, wrt=layer)()
    assert value.item() == pytest.approx(2.0, abs=1e-3)
    assert np.allclose(layer.moving_mean.numpy(), fake.mean(0), atol=1e-5)  # the last batch
    new = layer.clone()
    assert new.moving_mean.numpy().tolist() == [0.0, 0.0]


def test_dropout_drops_the_share_and_keeps_the_mean():
    x = np.ones((200, 500), np.float32)
    layer = nn.Dropout(0.2, seed=1)
    first, second = seen(layer, x, training=True), seen(layer, x, training=True)
    assert set(np.unique(first).tolist()) == {0.0, 1.25}
    # 1e5 draws: the share's deviation is 0.0013; four of them
    assert abs((first == 0).mean() - 0.2) < 0.0051
    assert not np.array_equal(first, second)
    assert seen(layer, x).min() == 1.0
    again = nn.Dropout(0.2, seed=1)
    assert np.array_equal(seen(again, x, training=True), first)
    assert not np.array_equal(seen(nn.Dropout(0.2, seed=2), x, training=True), first)


def test_each_dropout_has_a_stream_of_its_own_and_a_compiled_step_draws_anew():
    nn.seed(0)
    a, b = nn.Dropout(0.5), nn.Dropout(0.5)
    x = np.ones((1, 64), np.float32)
    assert not np.array_equal(seen(a, x, training=True), seen(b, x, training=True))
    plain, traced = nn.Dropout(0.5, seed=3), nn.Dropout(0.5, seed=3)
    run = nn.compile(lambda t: traced(t, training=True))
    masks = [run(nn.tensor(x)).numpy().tolist() for _ in range(3)]
    assert masks == [seen(plain, x, training=True).tolist() for _ in range(3)]
    assert masks[0] != masks[1]


def test_training_reaches_inner_layers():
    x = nn.Input((64,))
    model = nn.Model(x, nn.Sequential([nn.Input((64,)), nn.Dropout(0.5)])(x))
    ones = np.ones((1, 64), np.float32)
    assert seen(model, ones).min() == 1.0
    assert seen(model, ones, training=True).min() == 0.0
    with nn.training_mode():
        assert seen(model, ones).min() == 0.0
        assert seen(model, ones, training=False).min() == 1.0


def attended(layer, query, value, key, mask) -> np.ndarray:
    """Attention of several heads by its definition, in float64."""
    w = {name: v.numpy().astype(np.float64) for name, v in layer.named_variables().items()}
    q, k, v = (x @ w[f"{n}_kernel"] + w[f"{n}_bias"] for n, x in (("query", query), ("key", key), ("value", value)))
    out = np.zeros((*query.shape[:2], w["output_kernel"].shape[0]))
    size, content = q.shape[-1] // layer.heads, v.shape[-1] // layer.heads
    for b, h, t in np.ndindex(query.shape[0], layer.heads, query.shape[1]):
        places = [s for s in range(key.shape[1]) if mask[b, h, t, s]]
        if places:
            at = slice(h * size, (h + 1) * size)
            scores = np.exp([q[b, t, at] @ k[b, s, at] / np.sqrt(size) for s in places])
            held = slice(h * content, (h + 1) * content)
            out[b, t, held] = sum(x * v[b, s, held] for x, s in zip(scores / scores.sum(), places, strict=True))
    return out @ w["output_kernel"] + w["output_bias"]


def test_attention_with_heads_and_masks():
    layer = nn.MultiHeadAttention(2, 3, value_size=4, units=5, bias_initializer="normal")
    query, value, key = numbers(2, 4, 6), numbers(2, 3, 7), numbers(2, 3, 8)
    full = np.ones((2, 2, 4, 3), bool)
    assert np.allclose(seen(layer, query, value, key), attended(layer, query, value, key, full), atol=1e-5)
    places = np.array([[True, True, False], [False, False, False]])
    wide = np.broadcast_to(places[:, None, None], full.shape)
    found = seen(layer, query, value, key, mask=places)
    assert np.allclose(found, attended(layer, query, value, key, wide), atol=1e-5)
    # transformers#17306, pytorch#103749: nothing to look at gives 0 from the heads, only the output's bias is left.
    assert np.allclose(found[1], layer.output_bias.numpy())
    each = RNG.random((2, 4, 3)) < 0.5
    wide = np.broadcast_to(each[:, None], full.shape)
    assert np.allclose(seen(layer, query, value, key, mask=each), attended(layer, query, value, key, wide), atol=1e-5)


def test_causal_attention_sees_no_later_place():
    layer = nn.MultiHeadAttention(2)
    x = numbers(1, 5, 4)
    whole = seen(layer, x, causal=True)
    for length in range(1, 5):
        assert np.allclose(seen(layer, x[:, :length], causal=True), whole[:, :length], atol=1e-6)
    assert layer(nn.Input((None, 4)), causal=True).shape == (None, None, 4)


def test_an_empty_set_has_no_gradient_and_no_nan():
    layer = nn.MultiHeadAttention(1, 2)
    x = numbers(2, 3, 4)
    layer(x)
    mask = np.array([[False] * 3, [True, False, False]])
    gradients = nn.grad(lambda: nn.sum(layer(x, mask=mask) ** 2), wrt=layer)()
    assert all(np.isfinite(g.numpy()).all() for g in gradients)
    of_x = nn.grad(lambda t: nn.sum(layer(t, mask=mask) ** 2))(x)
    assert not of_x.numpy()[0].any()
    assert of_x.numpy()[1].any()


def test_padding_does_not_change_what_is_not_padding():
    # PaddleNLP#1604: the same sentence alone and padded in a batch.
    layer = nn.MultiHeadAttention(2)
    x = numbers(1, 3, 4)
    padded = np.concatenate([x, numbers(1, 5, 4)], axis=1)
    mask = np.arange(8)[None] < 3
    assert np.allclose(seen(layer, padded, mask=mask)[:, :3], seen(layer, x), atol=1e-6)


def test_shaping_and_merging_layers():
    x = numbers(2, 3, 4)
    assert np.array_equal(seen(nn.Flatten(), x), x.reshape(2, 12))
    assert np.array_equal(seen(nn.Reshape((-1, 2)), x), x.reshape(2, 6, 2))
    assert np.array_equal(seen(nn.Permute(2, 1), x), x.transpose(0, 2, 1))
    assert nn.Flatten()(nn.Input((3, 4))).shape == (None, 12)
    y, z = numbers(2, 3, 4), numbers(2, 3, 4)
    for layer, expected in (
        (nn.Add(), x + y + z),
        (nn.Multiply(), x * y * z),
        (nn.Average(), (x + y + z) / 3),
        (nn.Maximum(), np.maximum(np.maximum(x, y), z)),
        (nn.Minimum(), np.minimum(np.minimum(x, y), z)),
        (nn.Concatenate(1), np.concatenate([x, y, z], 1)),
    ):
        assert np.allclose(seen(layer, x, y, z), expected, atol=1e-6)
        assert np.allclose(seen(layer, [x, y, z]), expected, atol=1e-6)
    assert np.allclose(seen(nn.Subtract(), x, y), x - y)
    assert np.allclose(seen(nn.Dot(), x, y)[..., 0], (x * y).sum(-1), atol=1e-5)
    cosine = (x * y).sum(-1) / np.linalg.norm(x, axis=-1) / np.linalg.norm(y, axis=-1)
    assert np.allclose(seen(nn.Dot(normalize=True), x, y)[..., 0], cosine, atol=1e-5)


def test_activations_as_layers_and_by_name():
    x = np.linspace(-3, 3, 13, dtype=np.float32)
    for layer, name in (
        (nn.ReLU(), "relu"), (nn.ELU(), "elu"), (nn.GELU(), "gelu"), (nn.GELU(approximate=True), "gelu_new"),
        (nn.SiLU(), "silu"), (nn.Sigmoid(), "sigmoid"), (nn.Tanh(), "tanh"), (nn.Softplus(), "softplus"),
        (nn.Softmax(), "softmax"), (nn.LeakyReLU(), "leaky_relu"),
    ):  # fmt: skip
        assert np.allclose(seen(layer, x), seen(nn.Activation(name), x)), name
    assert seen(nn.LeakyReLU(0.5), x)[0] == -1.5
    assert seen(nn.Softmax(), x[None], mask=np.zeros((1, 13), bool)).tolist() == [[0.0] * 13]


GRADIENTS = {
    "dense": (lambda: nn.Dense(3, activation="tanh", dtype="float64"), (2, 4)),
    "conv1d": (lambda: nn.Conv1D(3, 2, stride=2, padding="same", dtype="float64"), (2, 5, 2)),
    "conv2d": (lambda: nn.Conv2D(2, (2, 3), dilation=(1, 2), dtype="float64"), (1, 4, 6, 2)),
    "layer_norm": (lambda: nn.LayerNorm(dtype="float64"), (3, 5)),
    "batch_norm": (lambda: nn.BatchNorm(dtype="float64"), (5, 3)),
    "attention": (lambda: nn.MultiHeadAttention(2, dtype="float64"), (1, 3, 4)),
    "max_pool": (lambda: nn.MaxPool1D(2, 1), (1, 5, 2)),
    "average_pool": (lambda: nn.AveragePool2D(2, padding="same"), (1, 3, 5, 1)),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_against_differences(name: str):
    # Central differences in float64; the weights of the sum make no direction vanish.
    make, shape = GRADIENTS[name]
    layer, x = make(), RNG.permutation(np.linspace(-1.5, 1.5, int(np.prod(shape)))).reshape(shape)
    factors = numbers(*layer(x, training=True).shape, dtype=np.float64)

    def value(t):
        with nn.no_updates():
            return nn.sum(layer(t, training=True) * factors)

    found = nn.grad(value)(x).numpy()
    step = 1e-6
    for place in np.ndindex(shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        assert found[place] == pytest.approx((value(up).item() - value(down).item()) / (2 * step), rel=1e-5, abs=1e-7)


def test_float_inputs_take_the_dtype_of_the_weights():
    assert nn.Dense(2)(np.ones((1, 2))).dtype == "float32"
    assert nn.Dense(2, dtype="float64")(np.ones((1, 2), np.float32)).dtype == "float64"
    assert nn.ReLU()(np.ones((1, 2))).dtype == "float64"


def test_eight_threads_build_and_call_one_layer():
    from concurrent.futures import ThreadPoolExecutor

    layer = nn.Sequential([nn.Dense(8), nn.Dropout(0.5), nn.Dense(4)])
    x = numbers(16, 8)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: layer(x).numpy(), range(64)))
    assert len(layer.parameters) == 4
    assert all(np.array_equal(f, found[0]) for f in found)
