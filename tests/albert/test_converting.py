"""Checkpoints of TensorFlow: names and layout, on one that the test writes itself where TensorFlow is installed."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner

from stochos import albert
from stochos.albert import _names
from stochos.cli.albert import command
from stochos.errors import FileError, InputError, MissingPartError

# Names in the programs of Google (albert/modeling.py, bert/modeling.py), which brightmart's files have too.
ALBERT = {
    r"embeddings\.(word|position|token_type)_embeddings\.weight": r"bert/embeddings/\1_embeddings",
    r"embeddings\.LayerNorm": "bert/embeddings/LayerNorm",
    r"encoder\.embedding_hidden_mapping_in": "bert/encoder/embedding_hidden_mapping_in",
    r"encoder\.albert_layer_groups\.(\d+)\.albert_layers\.(\d+)": r"bert/encoder/transformer/group_\1/inner_group_\2",
    r"\.attention\.(query|key|value)": r"/attention_1/self/\1",
    r"\.attention\.dense": "/attention_1/output/dense",
    r"\.attention\.LayerNorm": "/LayerNorm",
    r"\.full_layer_layer_norm": "/LayerNorm_1",
    r"\.ffn_output": "/ffn_1/intermediate/output/dense",
    r"\.ffn(?=\.)": "/ffn_1/intermediate/dense",
    r"^pooler": "bert/pooler/dense",
    r"^predictions\.bias": "cls/predictions/output_bias",
    r"^predictions": "cls/predictions/transform",
    r"^sop_classifier\.classifier\.weight": "cls/seq_relationship/output_weights",
    r"^sop_classifier\.classifier\.bias": "cls/seq_relationship/output_bias",
}
BERT = {
    r"encoder\.layer\.(\d+)\.": r"bert/encoder/layer_\1/",
    r"^pooler\.dense": "bert/pooler/dense",
    r"^cls\.predictions\.bias": "cls/predictions/output_bias",
    r"^cls\.predictions\.transform": "cls/predictions/transform",
    r"^cls\.seq_relationship\.weight": "cls/seq_relationship/output_weights",
    r"^cls\.seq_relationship\.bias": "cls/seq_relationship/output_bias",
}


def as_tensorflow(model) -> dict[str, np.ndarray]:
    kind = model.config.model_type
    rules = ALBERT if kind == "albert" else {**dict(list(ALBERT.items())[:2]), **BERT}
    found = {}
    for entry in _names.entries(model):
        name = entry.name
        for pattern, new in rules.items():
            name = re.sub(pattern, new, name)
        endings = {".bias": "/beta" if "LayerNorm" in name else "/bias"}
        endings[".weight"] = "/gamma" if "LayerNorm" in name else "/kernel"
        for old, new in endings.items():
            name = name.removesuffix(old) + new if name.endswith(old) else name
        # Our kernels are (in, out), as TensorFlow's are; the weights of the order stand as (2, H) there.
        array = np.array(entry.variable.numpy())
        found[name.replace(".", "/")] = array.T if name.endswith("output_weights") else array
    return found


def small_model(small, kind: str):
    wide = {"num_hidden_groups": 2, "inner_group_num": 2}
    if kind == "bert":
        wide = {"model_type": "bert", "embedding_size": 16, "num_hidden_groups": 3}
    return small("pretraining", dtype="float32", **wide)


def settings_of(model) -> dict:
    return {**model.config.to_dict(), "hidden_act": "gelu"}


@pytest.mark.parametrize("kind", ["albert", "bert"])
def test_names_and_layouts_of_tensorflow(small, kind: str):
    model = small_model(small, kind)
    arrays = as_tensorflow(model)
    assert f"bert/encoder/{'transformer/group_1/inner_group_1' if kind == 'albert' else 'layer_2'}" in "".join(arrays)
    arrays |= {"global_step": np.array(3), "bert/pooler/dense/kernel/adam_m": np.zeros((16, 16))}
    found = albert.from_tensorflow_names(arrays, kind)
    expected = {e.name: e.variable.numpy().T if e.transposed else e.variable.numpy() for e in _names.entries(model)}
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_unknown_and_early_layouts_are_told(small):
    arrays = as_tensorflow(small_model(small, "albert"))
    with pytest.raises(InputError, match="'bert/other/kernel'"):
        albert.from_tensorflow_names(arrays | {"bert/other/kernel": np.zeros(2)})
    with pytest.raises(InputError, match="layer_shared"):
        albert.from_tensorflow_names({"bert/encoder/layer_shared/attention/self/query/kernel": np.zeros((2, 2))})


def test_missing_files_are_told(tmp_path):
    with pytest.raises(FileError, match=r"model\.ckpt\.index"):
        albert.convert_tensorflow(tmp_path / "model.ckpt", tmp_path / "out")
    (tmp_path / "model.ckpt.index").write_bytes(b"")
    with pytest.raises(FileError, match="0 files for the config"):
        albert.convert_tensorflow(tmp_path / "model.ckpt", tmp_path / "out")


def test_absent_tensorflow_is_told(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tensorflow", None)
    (tmp_path / "model.ckpt.index").write_bytes(b"")
    (tmp_path / "albert_config.json").write_text("{}")
    with pytest.raises(MissingPartError, match="pip install tensorflow"):
        albert.convert_tensorflow(tmp_path / "model.ckpt", tmp_path / "out")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["albert", "bert"])
def test_checkpoint_of_tensorflow_is_converted(small, batch, tmp_path, kind: str):
    tensorflow = pytest.importorskip("tensorflow", reason="writing and reading checkpoints needs tensorflow")
    model = small_model(small, kind)
    v1 = tensorflow.compat.v1
    with tensorflow.Graph().as_default(), v1.Session() as session:
        for name, array in as_tensorflow(model).items():
            v1.get_variable(name, initializer=array)
        v1.get_variable("global_step", initializer=np.int64(7))
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "model.ckpt-best"))
    (tmp_path / "albert_config.json").write_text(json.dumps(settings_of(model)))
    done = CliRunner().invoke(command, ["convert", str(tmp_path), str(tmp_path / "out"), "--kind", kind])
    assert done.exit_code == 0, done.output
    again = albert.load(tmp_path / "out")
    assert again.config.hidden_act == "gelu_new"  # their "gelu" is the form with tanh
    np.testing.assert_array_equal(again(*batch).logits.numpy(), model(*batch).logits.numpy())
    np.testing.assert_array_equal(again(*batch).sop_logits.numpy(), model(*batch).sop_logits.numpy())
