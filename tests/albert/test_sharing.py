"""Unsharing keeps the function; its gradients add up to the shared one; any grouping can become any other."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from stochos import albert, nn
from stochos.errors import InputError, InputTypeError
from stochos.nn import optimizers

mpl.use("Agg")


def gradients(model, batch):
    draw = np.random.default_rng(1)
    weights = draw.normal(size=(3, 7, 16))
    return nn.grad(lambda: (model(*batch).last_hidden_state * weights).sum(), wrt=model)()


def by_layer(model, found, part: str, inner: str, weight: str):
    values = {v.id: g.numpy() for v, g in zip(model.parameters, found, strict=True)}
    return [values[getattr(getattr(layer, inner), weight).id] for layer in getattr(model.encoder, part)]


@pytest.mark.parametrize("parts", ["all", "attention", "ffn"])
def test_unsharing_keeps_the_outputs_to_the_bit(small, batch, parts: str):
    model = small()
    before = model(*batch).last_hidden_state.numpy()
    assert model.unshare(parts=parts) is model
    np.testing.assert_array_equal(model(*batch).last_hidden_state.numpy(), before)
    attention, ffn = model.layer_groups("attention"), model.layer_groups("ffn")
    assert attention == ((0, 1, 2) if parts != "ffn" else (0, 0, 0))
    assert ffn == ((0, 1, 2) if parts != "attention" else (0, 0, 0))


@pytest.mark.parametrize("settings", [{}, {"num_hidden_groups": 2}, {"inner_group_num": 2}])
def test_shared_gradient_is_the_sum_of_the_unshared_ones(small, batch, settings):
    model = small(num_hidden_layers=4, **settings)
    inner = model.encoder.inner
    weights = [
        ("attention", "heads", "query_kernel"), ("attention", "heads", "output_bias"), ("attention", "norm", "gain"),
        ("feed_forward", "inner", "kernel"), ("feed_forward", "outer", "bias"), ("feed_forward", "norm", "bias"),
    ]  # fmt: skip
    shared = gradients(model, batch)
    groups = model.layer_groups()
    before = {place: by_layer(model, shared, *place) for place in weights}
    model.unshare()
    apart = gradients(model, batch)
    for place in weights:
        found = by_layer(model, apart, *place)
        for group in set(groups):
            for block in range(inner):
                members = [n * inner + block for n in range(4) if groups[n] == group]
                total = sum(found[n] for n in members)
                np.testing.assert_allclose(total, before[place][members[0]], rtol=1e-10, atol=1e-12)
        assert not np.allclose(found[0], found[-1])


def test_unshared_steps_are_those_of_transformers(tiny):
    # One step of gradient descent on the sum over the outputs, shared and unshared, in float64.
    with np.load(tiny / "g1" / "expected.npz") as z, np.load(tiny / "g1" / "expected_unshared.npz") as expected:
        inputs = z["input_ids"], z["attention_mask"], z["token_type_ids"]
        rate = float(expected["lr"])
        for name in ("shared", "unshared"):
            model = albert.load(tiny / "g1", dtype="float64")
            if name == "unshared":
                model.unshare()

            def loss(model=model):
                out = model(*inputs)
                return (out.last_hidden_state * z["C_hidden"]).sum() + (out.pooler_output * z["C_pooled"]).sum()

            value, found = nn.value_and_grad(loss, wrt=model)()
            assert float(value) == pytest.approx(float(expected["loss_before"]), rel=1e-12)
            if name == "unshared":
                for layer, gradient in enumerate(by_layer(model, found, "attention", "heads", "query_kernel")):
                    np.testing.assert_allclose(gradient.T, expected[f"grad_query_layer{layer}"], rtol=0, atol=1e-10)
            optimizers.SGD(rate).update(model, found)
            assert float(loss()) == pytest.approx(float(expected[f"loss_after_sgd_{name}"]), rel=1e-10)
            pooled = model(*inputs).pooler_output.numpy()
            np.testing.assert_allclose(pooled, expected[f"pooled_after_sgd_{name}"], rtol=0, atol=1e-10)


def test_some_layers_alone_are_unshared(small):
    model = small(num_hidden_layers=4).unshare(layers=[1, 3])
    assert model.layer_groups() == (0, 1, 0, 2)
    model = small(num_hidden_layers=4).unshare([0], parts="ffn")
    assert model.layer_groups("ffn") == (0, 1, 1, 1)
    assert model.layer_groups("attention") == (0, 0, 0, 0)


def test_sharing_takes_the_mean_and_goes_back(small, batch):
    model = small()
    one = model(*batch).last_hidden_state.numpy()
    count = model.parameter_count
    model.unshare().share()
    assert model.parameter_count == count
    np.testing.assert_allclose(model(*batch).last_hidden_state.numpy(), one, rtol=0, atol=1e-12)
    model.unshare()
    for number, block in enumerate(model.encoder.attention):
        block.heads.query_kernel.assign(np.full((16, 16), float(number)))
    model.share()
    np.testing.assert_array_equal(model.encoder.attention[0].heads.query_kernel.numpy(), np.ones((16, 16)))
    assert len({id(block) for block in model.encoder.attention}) == 1


def test_any_groups_become_any_others(small):
    model = small(num_hidden_layers=4, num_hidden_groups=2)
    values = [block.outer.kernel.numpy() for block in model.encoder.feed_forward]
    assert model.layer_groups() == (0, 0, 1, 1)
    model.regroup([0, 1, 1, 2])
    assert model.layer_groups() == (0, 1, 1, 2)
    now = [block.outer.kernel.numpy() for block in model.encoder.feed_forward]
    np.testing.assert_array_equal(now[0], values[0])
    np.testing.assert_allclose(now[1], (values[1] + values[2]) / 2, rtol=1e-15)
    np.testing.assert_array_equal(now[3], values[3])
    assert model.regroup(2).layer_groups() == (0, 0, 1, 1)
    assert model.regroup(3).layer_groups() == (0, 0, 1, 2)  # int(i / (4 / 3)), as transformers counts
    assert model.config.num_hidden_groups == 3


def test_unshared_layers_drop_different_numbers(small, batch):
    # Copies of a layer that drew from one stream in turn must not draw the same masks.
    model = small(hidden_dropout_prob=0.5).unshare()
    seeds = {block.dropout.stream.seed for block in model.encoder.attention}
    assert len(seeds) == 3


def test_heads_have_the_encoder_in_common(small, batch):
    model = small()
    task = model.with_head("classifier", classes=4)
    assert task(*batch).logits.shape == (3, 4)
    model.unshare()
    assert task.layer_groups() == (0, 1, 2)
    assert task.encoder is model.encoder


def test_drift_is_zero_until_the_layers_part(small):
    model = small().unshare()
    assert all((row == 0).all() for row in model.layer_drift().from_mean.values())
    kernel = model.encoder.attention[2].heads.value_kernel
    old = kernel.numpy().copy()
    kernel.assign(old * 1.3)
    drift = model.layer_drift()
    # The mean is 1.1 old, so the layers are 0.1, 0.1 and 0.2 away of it.
    np.testing.assert_allclose(drift.from_mean["value"], np.array([0.1, 0.1, 0.2]) / 1.1, rtol=1e-12)
    np.testing.assert_allclose(drift.between["value"][2], np.array([0.3, 0.3, 0.0]) / 1.1, rtol=1e-12, atol=1e-15)
    assert (drift.from_mean["query"] == 0).all()
    axes = drift.plot()
    assert [line.get_label() for line in axes.lines] == list(drift.from_mean)
    assert "value" in str(drift)


@pytest.mark.parametrize("head", [None, "pretraining"])
def test_memory_report_counts_what_is_there(small, head):
    model = small(head)
    report = model.memory_report()
    assert report.parameters["now"] == report.parameters["shared"] == model.parameter_count
    model.unshare()
    assert report.parameters["unshared"] == model.parameter_count
    after = model.memory_report()
    assert after.parameters == report.parameters | {"now": model.parameter_count}
    assert sum(after.parts.values()) == model.parameter_count
    assert after.weights["now"] == 8 * model.parameter_count
    assert "unshared" in str(after)


def test_wrong_requests_are_told(small):
    model = small()
    with pytest.raises(InputError, match="from 0 to 2"):
        model.unshare([3])
    with pytest.raises(InputError, match="'all', 'attention', 'ffn'"):
        model.unshare(parts="heads")
    with pytest.raises(InputTypeError, match="numbers of layers"):
        model.unshare("01")
    with pytest.raises(InputError, match="2 numbers; there are 3 layers"):
        model.regroup([0, 1])


def test_copies_are_independent_and_keep_the_sharing(small, batch):
    model = small("masked_lm").unshare([0])
    twin = model.copy()
    assert twin.layer_groups() == model.layer_groups() == (0, 1, 1)
    np.testing.assert_array_equal(twin(*batch).logits.numpy(), model(*batch).logits.numpy())
    assert twin.parameter_count == model.parameter_count
    twin.unshare()
    assert model.layer_groups() == (0, 1, 1)
    again = nn.from_config(model.get_config())
    again.set_state(model.state())
    np.testing.assert_array_equal(again(*batch).logits.numpy(), model(*batch).logits.numpy())
