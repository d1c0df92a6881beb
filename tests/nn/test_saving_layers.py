"""Models of layers: sharing and ties come back from a file, code is never saved, and `fit` with several outputs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from stochos import nn
from stochos.errors import FileFormatError, InputError, UnknownNameError
from stochos.nn import saving

pytest.importorskip("stochos.nn.layers", reason="layers are not built in", exc_type=ImportError)

GENERATOR = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray:
    return GENERATOR.normal(size=shape).astype(np.float32)


def tensors(path: Path) -> dict[str, np.ndarray]:
    return safetensors.numpy.load_file(path)


def classifier() -> nn.Model:
    x = nn.Input((6,))
    hidden = nn.Dense(5, activation="relu", name="hidden")(x)
    return nn.Model(x, nn.Dense(3, name="scores")(nn.BatchNorm(name="norm")(hidden)))


def test_a_model_comes_back(tmp_path: Path):
    model, x = classifier(), numbers(4, 6)
    model.save(tmp_path / "m.safetensors")
    again = nn.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.predict(x), model.predict(x))
    assert again.parameter_count == model.parameter_count
    assert list(again.named_variables()) == list(model.named_variables())
    assert set(tensors(tmp_path / "m.safetensors")) == set(model.named_variables())


def test_a_shared_layer_is_one_tensor_and_shared_again(tmp_path: Path):
    # keras#10898, #9571: d = Dense(10) used inside a sub-model and outside of it: 110 parameters, not 220.
    x = nn.Input((10,))
    d = nn.Dense(10)
    inner = nn.Model(x, d(x))
    outside = nn.Input((10,))
    model = nn.Model(outside, d(inner(outside)))
    assert model.parameter_count == 110
    model.save(tmp_path / "m.safetensors")
    assert sum(a.size for a in tensors(tmp_path / "m.safetensors").values()) == 110
    again = nn.load(tmp_path / "m.safetensors")
    assert again.parameter_count == 110
    data = numbers(2, 10)
    assert np.array_equal(again.predict(data), model.predict(data))
    # one step moves both uses
    kernel = again.parameters[0]
    kernel.assign(np.zeros(kernel.shape, dtype=np.float32))
    assert np.array_equal(again.predict(data), np.zeros((2, 10), dtype=np.float32) + again.parameters[1].numpy())


def tied() -> tuple[nn.Model, nn.Embedding, nn.Dense]:
    words = nn.Input((4,), dtype="int64")
    embedding, scores = nn.Embedding(7, 5, name="embedding"), nn.Dense(7, name="decoder")
    model = nn.Model(words, scores(embedding(words)))
    nn.tie(scores, embedding, transform="transpose")
    return model, embedding, scores


def test_a_tie_survives(tmp_path: Path):
    # safetensors#98, #202: shared tensors refuse to be saved elsewhere. Embedding as output layer: 7 * 5 + 7 numbers.
    model, _, _ = tied()
    assert model.parameter_count == 42
    model.save(tmp_path / "m.safetensors")
    assert sum(a.size for a in tensors(tmp_path / "m.safetensors").values()) == 42
    again = nn.load(tmp_path / "m.safetensors")
    assert again.parameter_count == 42
    index = np.array([[0, 3, 3, 6]])
    assert np.array_equal(again.predict(index), model.predict(index))


def test_a_foreign_file_without_the_tied_weight_loads(tmp_path: Path):
    # transformers leaves decoder.weight out: it is the embedding. pytorch#188346: loading must not untie.
    model, *_ = tied()
    table, bias = numbers(7, 5), numbers(7)
    path = tmp_path / "hf.safetensors"
    safetensors.numpy.save_file({"embeddings.weight": table, "predictions.bias": bias}, path)
    variables = model.named_variables()
    (table_path,) = [name for name, v in variables.items() if tuple(v.shape) == (7, 5)]
    (bias_path,) = [name for name, v in variables.items() if tuple(v.shape) == (7,)]
    report = model.load_weights(path, rename={"embeddings.weight": table_path, "predictions.bias": bias_path})
    assert report.missing == report.unexpected == []
    assert model.parameter_count == 42
    index = np.array([[1, 2, 0, 6]])
    np.testing.assert_allclose(model.predict(index), table[index] @ table.T + bias, rtol=1e-5, atol=1e-6)


def test_one_tensor_of_the_file_fills_both_places_of_an_untied_model(tmp_path: Path):
    x = nn.Input((4,))
    layer = nn.Dense(4, name="a")
    shared = nn.Model(x, layer(layer(x)))
    x = nn.Input((4,))
    apart = nn.Model(x, nn.Dense(4, name="b")(nn.Dense(4, name="a")(x)))
    arrays = {name: v.numpy() for name, v in shared.named_variables().items()}
    aliases = {name.replace("a/", "b/"): name for name in arrays}
    from stochos.nn import _safetensors

    _safetensors.write(
        tmp_path / "s.safetensors", arrays, saving.describing(shared) | {"aliases": json.dumps(aliases)}, "t"
    )
    assert apart.load_weights(tmp_path / "s.safetensors").missing == []
    data = numbers(3, 4)
    np.testing.assert_allclose(apart.predict(data), shared.predict(data), rtol=1e-6)


def test_a_wrong_file_lists_everything_and_changes_nothing(tmp_path: Path):
    model = classifier()
    before = model.state()
    arrays = dict(before)
    arrays["scores/extra"] = arrays.pop("scores/bias")
    arrays["hidden/kernel"] = numbers(6, 4)
    safetensors.numpy.save_file(arrays, tmp_path / "w.safetensors")
    with pytest.raises(InputError) as found:
        model.load_weights(tmp_path / "w.safetensors")
    text = str(found.value)
    for part in ("missing: 'scores/bias'", "unexpected: 'scores/extra'", "'hidden/kernel'", "(6, 5)", "(6, 4)"):
        assert part in text
    assert "nothing was changed" in text
    after = model.state()
    assert all(np.array_equal(before[key], after[key]) for key in before)
    with pytest.raises(InputError, match=r"\(6, 4\)"):  # shapes count without strict, too
        model.load_weights(tmp_path / "w.safetensors", strict=False)


def test_a_partial_file_says_what_kept_its_values(tmp_path: Path):
    model = classifier()
    before = model.state()
    part = {"scores/kernel": numbers(5, 3), "head": numbers(2)}
    safetensors.numpy.save_file(part, tmp_path / "p.safetensors")
    report = model.load_weights(tmp_path / "p.safetensors", strict=False)
    assert report.loaded == ["scores/kernel"]
    assert report.unexpected == ["head"]
    assert set(report.missing) == set(before) - {"scores/kernel"}
    after = model.state()
    assert np.array_equal(after["scores/kernel"], part["scores/kernel"])
    assert all(np.array_equal(after[key], before[key]) for key in report.missing)


def test_rename_can_transform_and_leave_out():
    # PyTorch's Linear keeps (out, in).
    model = classifier()
    weight, bias = numbers(5, 6), numbers(5)

    def rename(name: str):
        return {
            "fc.weight": ("hidden/kernel", np.transpose), "fc.bias": "hidden/bias", "position_ids": None,
        }[name]  # fmt: skip

    given = {"fc.weight": weight, "fc.bias": bias, "position_ids": np.arange(3)}
    report = model.load_weights(given, rename=rename, strict=False)
    assert sorted(report.loaded) == ["hidden/bias", "hidden/kernel"]
    assert report.unexpected == []
    assert np.array_equal(model.state()["hidden/kernel"], weight.T)
    with pytest.raises(InputError, match="two tensors"):
        model.load_weights({"a": bias, "b": bias}, rename=lambda _: "hidden/bias", strict=False)


def test_one_variable_with_two_different_values_is_refused():
    x = nn.Input((4,))
    layer = nn.Dense(4, name="a")
    inner = nn.Model(x, layer(x), name="inner")
    outside = nn.Input((4,))
    model = nn.Model(outside, layer(inner(outside)))
    state, (other, home) = model.state(), next(iter(model.aliases().items()))
    model.load_weights({**state, other: state[home]})
    with pytest.raises(InputError, match=r"one tensor.*different values"):
        model.load_weights({**state, other: state[home] + 1})


def test_code_is_never_saved(tmp_path: Path):
    x = nn.Input((3,))
    model = nn.Model(x, nn.Lambda(lambda t: t * 2)(nn.Dense(3)(x)))
    with pytest.raises(InputError, match="register"):
        model.save(tmp_path / "m.safetensors")
    assert list(tmp_path.iterdir()) == []
    model.save_weights(tmp_path / "w.safetensors")
    assert len(tensors(tmp_path / "w.safetensors")) == 2
    with pytest.raises(FileFormatError, match="without an architecture"):
        nn.load(tmp_path / "w.safetensors")


def rewritten(path: Path, **changes: str) -> None:
    with safetensors.safe_open(path, "numpy") as file:
        meta = file.metadata() | changes
    safetensors.numpy.save_file(tensors(path), path, meta)


def test_damaged_metadata_are_refused(tmp_path: Path):
    path = tmp_path / "m.safetensors"
    for changes, text in (
        ({"version": "2"}, "newer"),
        ({"version": "x"}, "damaged"),
        ({"architecture": "{"}, "damaged"),
        ({"architecture": "[]"}, "description"),
        ({"aliases": "[1]"}, "shared tensors"),
    ):
        classifier().save(path)
        rewritten(path, **changes)
        with pytest.raises(FileFormatError, match=text):
            nn.load(path)
    classifier().save(path)
    rewritten(path, architecture=json.dumps(classifier().get_config()).replace('"Dense"', '"os.system"'))
    with pytest.raises(UnknownNameError, match=r"os\.system"):
        nn.load(path)


def test_a_file_whose_tensors_do_not_fit_its_architecture_is_refused(tmp_path: Path):
    path = tmp_path / "m.safetensors"
    classifier().save(path)
    with safetensors.safe_open(path, "numpy") as file:
        meta = file.metadata()
    arrays = tensors(path)
    del arrays["norm/scale" if "norm/scale" in arrays else next(iter(arrays))]
    safetensors.numpy.save_file(arrays, path, meta)
    with pytest.raises(FileFormatError, match="missing"):
        nn.load(path)


def test_a_model_without_weights_says_so(tmp_path: Path):
    with pytest.raises(InputError, match="first call"):
        saving.save(nn.Dense(3), tmp_path / "x")


def test_frozen_layers_stay_frozen(tmp_path: Path):
    model = classifier()
    model.layer("hidden").freeze()
    model.save(tmp_path / "m.safetensors")
    again = nn.load(tmp_path / "m.safetensors")
    assert [v.trainable for v in again.parameters] == [v.trainable for v in model.parameters]
    assert not again.layer("hidden").parameters[0].trainable


X = np.random.default_rng(5).normal(size=(50, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64) + (X[:, 3] > 1)


def test_several_inputs_and_outputs():
    a, b = nn.Input((3,), name="a"), nn.Input((3,), name="b")
    both = nn.Dense(5, activation="tanh")(nn.Concatenate()([a, b]))
    made = nn.Model([a, b], {"class": nn.Dense(3)(both), "size": nn.Dense(1)(both)})
    x, y = [X[:, :3], X[:, 3:]], {"class": Y, "size": X[:, :1]}
    losses = {"class": "cross_entropy", "size": "mse"}
    before = made.evaluate(x, y, loss=losses)["loss"]
    history = made.fit(x, y, loss=losses, loss_weights={"class": 1.0, "size": 0.5}, optimizer=nn.Adam(1e-2), epochs=20)
    assert history["loss"][-1] < before
    out = made.predict(x, batch_size=20)
    assert {key: value.shape for key, value in out.items()} == {"class": (50, 3), "size": (50, 1)}
    with pytest.raises(InputError, match="one loss and one target"):
        made.evaluate(x, y, loss={"class": "cross_entropy", "weight": "mse"})


def test_penalties_of_regularisers_are_added_once():
    # keras#8807: Dense(1, kernel 1, L1 of 1) called twice: penalty 1, not 2.
    x = nn.Input((1,))
    layer = nn.Dense(1, use_bias=False, kernel_initializer="ones", kernel_regularizer=nn.regularizers.L1(1.0))
    made = nn.Model(x, layer(layer(x)))
    zeros = np.zeros((4, 1), dtype=np.float32)
    history = made.fit(zeros, zeros, loss="mse", optimizer=nn.SGD(0.1), batch_size=4)
    assert history["loss"] == [1.0]
    assert made.parameters[0].numpy().item() == pytest.approx(0.9)
