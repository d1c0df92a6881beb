"""Folders: names of every layout, what is missing or unexpected, what damaged files do, what is written back."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from stochos import albert
from stochos.errors import FileError, FileFormatError, InputError


def rewrite(source, target, change, settings=None):
    """Write a folder again with other names of tensors."""
    target.mkdir()
    config = json.loads((source / "config.json").read_text()) | (settings or {})
    (target / "config.json").write_text(json.dumps(config))
    save_file(change(load_file(source / "model.safetensors")), target / "model.safetensors")
    return target


def saved(model, folder):
    model.save(folder)
    return folder


def same(one, two, batch):
    np.testing.assert_array_equal(one(*batch).last_hidden_state.numpy(), two(*batch).last_hidden_state.numpy())


@pytest.mark.parametrize("head", [None, "masked_lm", "pretraining", "classifier", "tagger", "span"])
@pytest.mark.parametrize("kind", ["albert", "bert"])
def test_what_is_saved_is_loaded(small, batch, tmp_path, head, kind: str):
    wide = {} if kind == "albert" else {"model_type": "bert", "embedding_size": 16, "num_hidden_groups": 3}
    model = small(head, num_labels=5 if head == "classifier" else 2, **wide)
    model.save(tmp_path / "m")
    again = albert.load(tmp_path / "m", dtype="float64")
    assert again.head_kind == head
    assert again.config.num_hidden_layers == 3
    assert set(again.state()) == set(model.state())
    assert all(np.array_equal(value, again.state()[path]) for path, value in model.state().items())
    for one, two in zip(model(*batch), again(*batch), strict=True):
        assert (one is None) == (two is None)
        if one is not None:
            np.testing.assert_array_equal(one.numpy(), two.numpy())


@pytest.mark.parametrize("groups", [([0, 0, 1], "all"), ([0, 1, 0], "all"), ([0, 1, 2], "ffn"), ([0, 0, 0], "all")])
@pytest.mark.parametrize("kind", ["albert", "bert"])
def test_sharing_is_saved_too(small, batch, tmp_path, groups, kind: str):
    wide = {} if kind == "albert" else {"model_type": "bert", "embedding_size": 16, "num_hidden_groups": 3}
    model = small(**wide).regroup(groups[0], parts=groups[1])
    again = albert.load(saved(model, tmp_path / "m"), dtype="float64")
    assert again.layer_groups("attention") == model.layer_groups("attention")
    assert again.layer_groups("ffn") == model.layer_groups("ffn")
    assert again.parameter_count == model.parameter_count
    same(model, again, batch)


def test_parts_of_a_sharded_folder_are_read_together(small, batch, tmp_path):
    model = small("masked_lm")
    model.save(tmp_path / "m", max_shard_bytes=3000)
    assert len(list((tmp_path / "m").glob("model-*.safetensors"))) > 3
    assert not (tmp_path / "m" / "model.safetensors").exists()
    same(model, albert.load(tmp_path / "m", dtype="float64"), batch)
    # A save in one piece afterwards takes the place of the parts.
    model.save(tmp_path / "m")
    assert not (tmp_path / "m" / "model.safetensors.index.json").exists()
    same(model, albert.load(tmp_path / "m", dtype="float64"), batch)


@pytest.mark.parametrize("prefix", ["albert.", "module.albert.", "bert.albert."])
def test_any_prefix_of_the_encoder_is_taken_off(tiny, tmp_path, prefix: str):
    folder = rewrite(tiny / "g1", tmp_path / "m", lambda t: {prefix + name: x for name, x in t.items()})
    assert albert.load(folder).parameter_count == 43_968  # of the fixture, counted by PyTorch


def test_names_of_old_files_are_known(tiny, tmp_path):
    def old(tensors):
        found = {name: x for name, x in tensors.items() if not name.endswith("LayerNorm.weight")}
        for name, x in tensors.items():
            if name.endswith("LayerNorm.weight"):
                found[name.replace("weight", "gamma")] = x
        return found | {
            "albert.embeddings.position_ids": np.arange(32)[None],
            "predictions.decoder.weight": tensors["albert.embeddings.word_embeddings.weight"],
            "predictions.decoder.bias": tensors["predictions.bias"],
        }

    folder = rewrite(tiny / "mlm", tmp_path / "m", old)
    model, plain = albert.load(folder), albert.load(tiny / "mlm")
    assert all(np.array_equal(x, plain.state()[path]) for path, x in model.state().items())


def test_decoder_that_differs_is_not_dropped(tiny, tmp_path):
    def other(tensors):
        return tensors | {"predictions.decoder.weight": tensors["albert.embeddings.word_embeddings.weight"] + 1}

    folder = rewrite(tiny / "mlm", tmp_path / "m", other)
    with pytest.raises(InputError, match=r"predictions\.decoder\.weight.*tie_word_embeddings=False"):
        albert.load(folder)
    model = albert.load(folder, tie_word_embeddings=False)
    table = model.embeddings.word.table.numpy()
    np.testing.assert_array_equal(model.head.decoder.kernel.numpy(), table.T + 1)


def test_missing_and_unexpected_names_are_listed(tiny):
    # The two mistakes that other readers make without a word: a masked-LM file in the bare encoder has no pooler and a
    # head too many, an encoder's file has no head.
    with pytest.raises(
        InputError, match=r"missing: 'pooler.weight', 'pooler.bias'.*unexpected: 'predictions.LayerNorm.bias'"
    ):
        albert.load(tiny / "mlm", head=None)
    with pytest.raises(InputError, match=r"missing: 'predictions.bias'"):
        albert.load(tiny / "g1", head="masked_lm")
    model = albert.load(tiny / "mlm", head=None, new=["pooler"], drop=["predictions.*"], seed=4)
    assert model.head is None
    assert np.abs(model.pooler.kernel.numpy()).max() > 0
    fresh = albert.load(tiny / "g1", head="classifier", new=["head"], num_labels=3, seed=4)
    assert fresh.head.dense.kernel.shape == (64, 3)


def test_number_of_groups_must_be_that_of_the_file(tiny):
    # transformers leaves 48 tensors at random here.
    with pytest.raises(InputError, match=r"missing: 'encoder.albert_layer_groups.1.albert_layers.0"):
        albert.load(tiny / "g1", num_hidden_groups=4)


def test_shapes_are_compared(tiny):
    with pytest.raises(InputError, match=r"word_embeddings.weight' has shape \(96, 32\), the settings ask for \(97"):
        albert.load(tiny / "g1", vocab_size=97)
    with pytest.raises(InputError, match=r"settings ask for \(32, 48\) transposed"):
        albert.load(tiny / "g1", hidden_size=48)


def test_activations_of_both_versions(tiny):
    # v1 has the exact gelu, v2 the one with tanh; they differ by less than 5e-4 at each point.
    with np.load(tiny / "g1" / "expected.npz") as z:
        one, two = (
            albert.load(tiny / "g1", hidden_act=name)(z["input_ids"], z["attention_mask"]).last_hidden_state.numpy()
            for name in ("gelu_new", "gelu")
        )
    assert 0 < np.abs(one - two).max() < 1e-2


def test_damaged_folders_are_told(tiny, tmp_path):
    with pytest.raises(FileError, match=r"config\.json"):
        albert.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(FileFormatError, match="no JSON"):
        albert.load(tmp_path)
    shutil.copy(tiny / "g1" / "config.json", tmp_path)
    with pytest.raises(FileError, match=r"neither model\.safetensors nor"):
        albert.load(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(FileError, match="open and save it with transformers"):
        albert.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes((tiny / "g1" / "model.safetensors").read_bytes()[:5000])
    with pytest.raises(FileFormatError, match="damaged"):
        albert.load(tmp_path)


@pytest.mark.parametrize(
    ("index", "match"),
    [
        ({"weight_map": {"a": "../model.safetensors"}}, "same folder"),
        ({"weight_map": {"pooler.bias": "x.safetensors"}}, "does not hold"),
        ({"weight_map": [1]}, "weight_map"),
    ],
)
def test_damaged_index_is_told(tiny, tmp_path, index, match: str):
    shutil.copy(tiny / "g1" / "config.json", tmp_path)
    shutil.copy(tiny / "g1" / "model.safetensors", tmp_path / "x.safetensors")
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(FileFormatError, match=match):
        albert.load(tmp_path)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"num_attention_heads": 3}, "no multiple of the 3 heads"),
        ({"hidden_act": "maxout"}, "'gelu'"),
        ({"num_hidden_groups": 4}, "4 groups are more than the 3 layers"),
        ({"vocab_size": 0}, "vocab_size is 0"),
        ({"hidden_dropout_prob": 1.5}, "hidden_dropout_prob"),
        ({"attention_groups": (0, 1)}, "2 numbers for 3 layers"),
        ({"model_type": "roberta"}, "model_type"),
    ],
)
def test_settings_are_looked_at(small, settings, match: str):
    with pytest.raises(InputError, match=match):
        small(**settings)


def test_unknown_setting_is_refused(small):
    with pytest.raises(InputError, match="'layers'"):
        small(layers=3)


def test_settings_that_are_not_ours_are_written_back(tiny, tmp_path):
    folder = rewrite(tiny / "g1", tmp_path / "m", dict, {"task_specific": {"a": 1}, "gap_size": 0})
    albert.load(folder).save(tmp_path / "again")
    config = json.loads((tmp_path / "again" / "config.json").read_text())
    assert config["task_specific"] == {"a": 1}
    assert config["gap_size"] == 0
    assert config["architectures"] == ["AlbertModel"]


def test_half_precision_files_are_read(tiny, tmp_path):
    folder = rewrite(tiny / "g1", tmp_path / "m", lambda t: {name: x.astype(np.float16) for name, x in t.items()})
    found = albert.load(folder).state()
    exact = albert.load(tiny / "g1").state()
    assert all(np.array_equal(found[path], x.astype(np.float16).astype(np.float32)) for path, x in exact.items())
