"""Hidden states, pooled output, logits and every gradient are those of transformers in float64."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import albert, nn
from stochos.errors import InputError, InputTypeError

PRECISIONS = [("float32", 1e-5), ("float64", 1e-10)]


def inputs_of(expected):
    return expected["input_ids"], expected["attention_mask"], expected["token_type_ids"]


def check_gradients(found, expected, dtype: str):
    # The expected gradients are kept in float32 (2^-24 of the value); the error is measured against the largest number
    # of each tensor, and against 1 where all of them are small, as those of the keys' biases, which are exactly 0.
    tolerance = 1e-5 if dtype == "float32" else 2.0**-23
    names = [key.removeprefix("grad/") for key in expected.files if key.startswith("grad/")]
    assert len(names) == len(found)
    for name in names:
        value = expected[f"grad/{name}"]
        error = np.abs(found[name.removeprefix("albert.")] - value).max()
        assert error <= tolerance * max(1.0, np.abs(value).max()), name


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("which", ["g1", "g2"])
def test_encoder_gives_what_transformers_gave(tiny, gradients_by_name, which: str, dtype: str, tolerance: float):
    model = albert.load(tiny / which, dtype=dtype)
    with np.load(tiny / which / "expected.npz") as expected:
        out = model(*inputs_of(expected), output_hidden_states=True, output_attentions=True)
        states = np.array([state.numpy() for state in out.hidden_states])
        np.testing.assert_allclose(states, expected["hidden_states"], rtol=0, atol=tolerance)
        np.testing.assert_allclose(out.pooler_output.numpy(), expected["pooler_output"], rtol=0, atol=tolerance)
        np.testing.assert_allclose(out.attentions[0].numpy(), expected["attentions_layer0"], rtol=0, atol=tolerance)
        unmasked = model(expected["input_ids"], None, expected["token_type_ids"]).last_hidden_state
        np.testing.assert_allclose(unmasked.numpy(), expected["last_hidden_no_mask"], rtol=0, atol=tolerance)

        def loss():
            out = model(*inputs_of(expected))
            hidden = (out.last_hidden_state * expected["C_hidden"]).sum()
            return hidden + (out.pooler_output * expected["C_pooled"]).sum()

        value, gradients = nn.value_and_grad(loss, wrt=model)()
        assert float(value) == pytest.approx(float(expected["loss"]), rel=tolerance)
        check_gradients(gradients_by_name(model, gradients), expected, dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
def test_masked_words_give_what_transformers_gave(tiny, gradients_by_name, dtype: str, tolerance: float):
    # The decoder is tied: the gradient of the table is the sum over both of its uses, and the padding's row has one
    # from the decoder alone.
    model = albert.load(tiny / "mlm", dtype=dtype)
    with np.load(tiny / "mlm" / "expected.npz") as expected:
        logits = model(*inputs_of(expected)).logits
        np.testing.assert_allclose(logits.numpy(), expected["logits"], rtol=tolerance, atol=tolerance)

        def loss():
            return nn.losses.cross_entropy(model(*inputs_of(expected)).logits, expected["labels"])

        value, gradients = nn.value_and_grad(loss, wrt=model)()
        assert float(value) == pytest.approx(float(expected["loss"]), rel=tolerance)
        found = gradients_by_name(model, gradients)
        check_gradients(found, expected, dtype)
        row = np.linalg.norm(found["embeddings.word_embeddings.weight"][0])
        assert row == pytest.approx(9.18e-4, rel=1e-2)  # measured in transformers


def test_compiled_model_gives_the_same(tiny):
    model = albert.load(tiny / "mlm")
    with np.load(tiny / "mlm" / "expected.npz") as expected:
        plain, fast = model(*inputs_of(expected)), model.compiled()(*inputs_of(expected))
    np.testing.assert_allclose(fast.logits.numpy(), plain.logits.numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", ["albert", "bert"])
def test_padding_changes_nothing(small, batch, kind: str):
    # A text alone and the same text padded in a batch: only the places of padding may differ.
    wide = {} if kind == "albert" else {"model_type": "bert", "embedding_size": 16, "num_hidden_groups": 3}
    model = small(**wide)
    ids, mask, types = batch
    together = model(ids, mask, types)
    for row, length in enumerate(mask.sum(axis=1)):
        alone = model(*(array[row : row + 1, :length] for array in batch))
        hidden = together.last_hidden_state.numpy()[row, :length]
        np.testing.assert_allclose(hidden, alone.last_hidden_state.numpy()[0], rtol=0, atol=1e-12)
        np.testing.assert_allclose(
            together.pooler_output.numpy()[row], alone.pooler_output.numpy()[0], rtol=0, atol=1e-12
        )


def test_padding_changes_nothing_in_float32(small, batch):
    model = small(dtype="float32")
    together = model(*batch).pooler_output.numpy()
    alone = model(*(array[1:2, :4] for array in batch)).pooler_output.numpy()
    np.testing.assert_allclose(together[1:2], alone, rtol=0, atol=1e-6)


def test_text_of_padding_alone_gives_finite_numbers(small, batch):
    model = small()
    ids, mask, types = batch
    mask = mask.copy()
    mask[2] = 0
    value, gradients = nn.value_and_grad(
        lambda: model(ids, mask, types).last_hidden_state.sum() + model(ids, mask, types).pooler_output.sum(), wrt=model
    )()
    assert np.isfinite(float(value))
    assert all(np.isfinite(gradient.numpy()).all() for gradient in gradients)
    # The other texts do not see it.
    np.testing.assert_array_equal(
        model(ids, mask, types).last_hidden_state.numpy()[:2], model(*batch).last_hidden_state.numpy()[:2]
    )


def test_mask_may_say_for_each_place_what_it_sees(small, batch):
    model = small()
    ids, mask, types = batch
    square = np.repeat(mask[:, None, :], 7, axis=1)
    np.testing.assert_array_equal(
        model(ids, square, types).last_hidden_state.numpy(), model(*batch).last_hidden_state.numpy()
    )


def test_wrong_inputs_are_told(small, batch):
    model = small()
    ids, mask, _ = batch
    with pytest.raises(InputError, match=r"attention_mask has shape \(3, 6\)"):
        model(ids, mask[:, :6])
    with pytest.raises(InputTypeError, match="input_ids"):
        model(ids.astype(np.float32))
    with pytest.raises(InputTypeError, match="input_ids"):
        model(ids[0])
    with pytest.raises(InputError, match="up to 20 tokens"):
        model(np.ones((1, 21), np.int64))


def test_weights_are_a_function_of_the_seed(small):
    one, two, other = small(seed=1), small(seed=1), small(seed=2)
    assert all(np.array_equal(a, two.state()[path]) for path, a in one.state().items())
    assert not np.array_equal(one.embeddings.word.table.numpy(), other.embeddings.word.table.numpy())


def test_dropout_acts_in_training_alone(small, batch):
    model = small("classifier", hidden_dropout_prob=0.2, attention_probs_dropout_prob=0.2)
    plain = model(*batch).logits.numpy()
    np.testing.assert_array_equal(plain, model(*batch).logits.numpy())
    one, two = (model(*batch, training=True).logits.numpy() for _ in range(2))
    assert not np.allclose(one, two)
    assert not np.allclose(one, plain)
