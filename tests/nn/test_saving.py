"""Values in files: each tensor once, and a wrong or partial file is listed and changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from stochos import nn
from stochos.errors import FileFormatError, InputError
from stochos.nn import saving

GENERATOR = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray:
    return GENERATOR.normal(size=shape).astype(np.float32)


@pytest.fixture
def net(small_net):
    return small_net((6, 5, 3))


@pytest.fixture
def shared(small_net):
    """A net whose first kernel has a second name, as a tied weight has."""

    class Shared(small_net):
        def aliases(self):
            return {"decoder/kernel": "dense_0/kernel"}

    return Shared((6, 5, 3))


def same(a: dict, b: dict) -> bool:
    return set(a) == set(b) and all(np.array_equal(a[key], b[key]) for key in a)


def test_values_come_back(net, small_net, tmp_path: Path):
    saving.save_weights(net, tmp_path / "w")
    other = small_net((6, 5, 3), seed=9)
    report = saving.load_weights(other, tmp_path / "w")
    assert same(net.state(), other.state())
    assert report.missing == report.unexpected == []
    assert same(safetensors.numpy.load_file(tmp_path / "w"), net.state())  # any program reads them
    assert not same(small_net((6, 5, 3), seed=9).state(), other.state())


def test_a_shared_tensor_stands_in_the_file_once(shared, small_net, tmp_path: Path):
    # safetensors#98, #202: elsewhere shared tensors refuse to be saved, or are written twice.
    saving.save_weights(shared, tmp_path / "w")
    assert set(safetensors.numpy.load_file(tmp_path / "w")) == set(shared.named_variables())
    with safetensors.safe_open(tmp_path / "w", "numpy") as file:
        assert "decoder/kernel" in file.metadata()["aliases"]


def test_a_foreign_file_may_have_any_of_the_names(shared, tmp_path: Path):
    # transformers leaves decoder.weight out, others leave the embedding out; or both stand there and are equal.
    state = shared.state()
    kernel = state.pop("dense_0/kernel") + 1
    for names in (["dense_0/kernel"], ["decoder/kernel"], ["dense_0/kernel", "decoder/kernel"]):
        safetensors.numpy.save_file({**state, **dict.fromkeys(names, kernel)}, tmp_path / "f")
        report = saving.load_weights(shared, tmp_path / "f")
        assert report.missing == report.unexpected == []
        assert np.array_equal(shared.state()["dense_0/kernel"], kernel)
    different = {**state, "dense_0/kernel": kernel, "decoder/kernel": kernel + 1}
    with pytest.raises(InputError, match=r"one tensor.*different values"):
        saving.load_weights(shared, different)


def test_one_tensor_of_the_file_fills_both_places_of_a_net_that_shares_nothing(shared, small_net, tmp_path: Path):
    saving.save_weights(shared, tmp_path / "w")

    class Apart(small_net):
        def __init__(self) -> None:
            super().__init__((6, 5, 3), seed=4)
            self.variables["decoder/kernel"] = small_net((6, 5), seed=8).variables["dense_0/kernel"]

    apart = Apart()
    assert saving.load_weights(apart, tmp_path / "w").missing == []
    assert np.array_equal(apart.state()["decoder/kernel"], shared.state()["dense_0/kernel"])


def test_a_wrong_file_lists_everything_and_changes_nothing(net, tmp_path: Path):
    before = net.state()
    arrays = dict(before)
    arrays["dense_1/extra"] = arrays.pop("dense_1/bias")
    arrays["dense_0/kernel"] = numbers(6, 4)
    safetensors.numpy.save_file(arrays, tmp_path / "w")
    with pytest.raises(InputError) as found:
        saving.load_weights(net, tmp_path / "w")
    text = str(found.value)
    for part in ("missing: 'dense_1/bias'", "unexpected: 'dense_1/extra'", "'dense_0/kernel'", "(6, 5)", "(6, 4)"):
        assert part in text
    assert "nothing was changed" in text
    assert same(before, net.state())
    with pytest.raises(InputError, match=r"\(6, 4\)"):  # shapes count without strict, too
        saving.load_weights(net, tmp_path / "w", strict=False)
    assert same(before, net.state())


def test_a_partial_file_says_what_kept_its_values(net, tmp_path: Path):
    before = net.state()
    part = {"dense_1/kernel": numbers(5, 3), "head": numbers(2)}
    safetensors.numpy.save_file(part, tmp_path / "p")
    report = saving.load_weights(net, tmp_path / "p", strict=False)
    assert report.loaded == ["dense_1/kernel"]
    assert report.unexpected == ["head"]
    assert set(report.missing) == set(before) - {"dense_1/kernel"}
    after = net.state()
    assert np.array_equal(after["dense_1/kernel"], part["dense_1/kernel"])
    assert all(np.array_equal(after[key], before[key]) for key in report.missing)


def test_rename_can_transform_and_leave_out(net):
    # PyTorch's Linear keeps (out, in).
    weight, bias = numbers(5, 6), numbers(5)
    names = {"fc.weight": ("dense_0/kernel", np.transpose), "fc.bias": "dense_0/bias", "position_ids": None}
    given = {"fc.weight": weight, "fc.bias": bias, "position_ids": np.arange(3)}
    report = saving.load_weights(net, given, rename=names.get, strict=False)
    assert sorted(report.loaded) == ["dense_0/bias", "dense_0/kernel"]
    assert report.unexpected == []
    assert np.array_equal(net.state()["dense_0/kernel"], weight.T)
    with pytest.raises(InputError, match="two tensors"):
        saving.load_weights(net, {"a": bias, "b": bias}, rename=lambda _: "dense_0/bias", strict=False)


def test_half_precision_becomes_the_nets(net, tmp_path: Path):
    halves = {
        name: value.astype(np.float16) if value.dtype == np.float32 else value for name, value in net.state().items()
    }
    safetensors.numpy.save_file(halves, tmp_path / "h")
    saving.load_weights(net, tmp_path / "h")
    assert all(np.array_equal(net.state()[name], value) for name, value in halves.items())
    assert net.state()["dense_0/kernel"].dtype == np.float32
    with pytest.raises(InputError, match=r"int64.*float32"):
        saving.load_weights(net, {**net.state(), "dropout/count": np.float32(1.5)})


def test_a_file_without_architecture_is_no_model(net, tmp_path: Path):
    saving.save_weights(net, tmp_path / "w")
    with pytest.raises(FileFormatError, match="without an architecture"):
        saving.load(tmp_path / "w")


def test_what_has_no_weights_yet_says_so(net, tmp_path: Path):
    net.built = False
    with pytest.raises(InputError, match="first call"):
        saving.save_weights(net, tmp_path / "w")
    with pytest.raises(InputError, match="int"):
        saving.save_weights(3, tmp_path / "w")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"version": "2"}, "newer"),
        ({"version": "x"}, "damaged"),
        ({"aliases": "[1]"}, "shared tensors"),
        ({"aliases": "{"}, "damaged"),
    ],
)
def test_damaged_metadata_are_refused(net, changes: dict, text: str, tmp_path: Path):
    saving.save_weights(net, tmp_path / "w")
    with safetensors.safe_open(tmp_path / "w", "numpy") as file:
        meta = file.metadata() | changes
    safetensors.numpy.save_file(safetensors.numpy.load_file(tmp_path / "w"), tmp_path / "w", meta)
    with pytest.raises(FileFormatError, match=text):
        saving.load_weights(net, tmp_path / "w")


def test_equal_models_are_equal_files_whatever_was_made_before(tmp_path):
    def save(name: str) -> bytes:
        nn.seed(3)
        shared = nn.Dense(4, name="shared")
        x = nn.Input((4,), name="x")
        model = nn.Model(x, nn.Dense(2, name="last")(shared(shared(x))), name="m")
        model.save(tmp_path / name)
        return (tmp_path / name).read_bytes()

    first = save("first")
    nn.Sequential([nn.Dense(3), nn.Dense(3)])  # takes numbers
    assert save("second") == first
