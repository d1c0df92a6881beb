"""Random settings against transformers: both directions of saving, values and every gradient in float64.

pip install "stochos[oracle]" && python -m pytest -m oracle
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stochos import albert, nn
from stochos.albert import _names

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

HEADS = {
    None: "Model", "masked_lm": "ForMaskedLM", "pretraining": "ForPreTraining", "tagger": "ForTokenClassification",
    "classifier": "ForSequenceClassification", "span": "ForQuestionAnswering",
}  # fmt: skip
FIELDS = {
    "last_hidden_state": "last_hidden_state", "pooler_output": "pooler_output", "logits": "logits",
    "prediction_logits": "logits", "sop_logits": "sop_logits", "seq_relationship_logits": "sop_logits",
    "start_logits": "start_logits", "end_logits": "end_logits",
}  # fmt: skip


@st.composite
def configurations(draw):
    heads = draw(st.integers(1, 3))
    layers = draw(st.integers(1, 5))
    # Not narrower than 4: the normalisation of one or two numbers divides by next to nothing, in any program.
    found = {
        "vocab_size": draw(st.integers(8, 60)), "hidden_size": heads * draw(st.integers(4, 8)),
        "num_attention_heads": heads, "num_hidden_layers": layers, "intermediate_size": draw(st.integers(1, 20)),
        "max_position_embeddings": draw(st.integers(9, 20)), "type_vocab_size": draw(st.integers(1, 3)),
        "hidden_act": draw(st.sampled_from(["gelu", "gelu_new", "relu", "silu"])),
        "layer_norm_eps": draw(st.sampled_from([1e-12, 1e-5])), "hidden_dropout_prob": 0.1,
        "pad_token_id": draw(st.integers(0, 7)),
    }  # fmt: skip
    kind = draw(st.sampled_from(["albert", "albert", "bert"]))
    if kind == "albert":
        found |= {
            "embedding_size": draw(st.integers(4, 12)), "num_hidden_groups": draw(st.integers(1, layers)),
            "inner_group_num": draw(st.integers(1, 2)),
        }  # fmt: skip
    head = draw(st.sampled_from(list(HEADS)))
    if head in ("classifier", "tagger"):
        found["num_labels"] = draw(st.integers(1, 5))
    return kind, head, found, draw(st.integers(0, 2**31))


def theirs(kind: str, head, values, seed: int):
    torch.manual_seed(seed)
    config = getattr(transformers, f"{kind.capitalize()}Config")(**values)
    model = getattr(transformers, f"{kind.capitalize()}{HEADS[head]}")(config).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():  # biases and gains too
            parameter.copy_(torch.randn_like(parameter) * 0.3)
    return model


def inputs(values, seed: int):
    draw = np.random.default_rng(seed)
    lengths = draw.integers(1, 9, (3, 1))
    lengths[0] = 8
    mask = (np.arange(8) < lengths).astype(np.int64)
    ids = draw.integers(0, values["vocab_size"], (3, 8))
    types = draw.integers(0, values["type_vocab_size"], (3, 8))
    return ids, mask, types


def compare(ours, model, given, tolerance: float = 1e-10):
    expected = (
        model(*map(torch.from_numpy, given))
        if False
        else model(
            input_ids=torch.from_numpy(given[0]),
            attention_mask=torch.from_numpy(given[1]),
            token_type_ids=torch.from_numpy(given[2]),
        )
    )
    found = ours(*given)
    pairs = [(getattr(found, FIELDS[key]), value) for key, value in expected.items() if key in FIELDS]
    assert pairs
    for one, two in pairs:
        np.testing.assert_allclose(one.numpy(), two.detach().numpy(), rtol=tolerance, atol=tolerance)
    return pairs


@settings(max_examples=60)
@given(configurations())
def test_folders_of_transformers_give_the_same_values_and_gradients(case):
    kind, head, values, seed = case
    model = theirs(kind, head, values, seed)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        ours = albert.load(folder, dtype="float64")
    assert ours.head_kind == head
    given = inputs(values, seed)
    pairs = compare(ours, model, given)
    draw = np.random.default_rng(seed)
    weights = [draw.normal(size=tuple(two.shape)) for _, two in pairs]
    sum((two * torch.from_numpy(w)).sum() for (_, two), w in zip(pairs, weights, strict=True)).backward()
    names = [name for name, x in ours(*given)._asdict().items() if x is not None]
    used = [name for name in names if any(getattr(ours(*given), name).shape == tuple(t.shape) for _, t in pairs)]
    order = [FIELDS[key] for key in model(torch.from_numpy(given[0])) if key in FIELDS]
    assert set(order) <= set(used)

    def total():
        out = ours(*given)
        return sum((getattr(out, name) * w).sum() for name, w in zip(order, weights, strict=True))

    gradients = nn.grad(total, wrt=ours)()
    found = {v.id: g.numpy() for v, g in zip(ours.parameters, gradients, strict=True)}
    expected = {_names.canonical(name): p.grad for name, p in model.named_parameters()}
    for entry in _names.entries(ours):
        gradient = expected[entry.name]
        mine = found[entry.variable.id]
        mine = mine.T if entry.transposed else mine
        right = np.zeros(mine.shape) if gradient is None else gradient.numpy()
        scale = max(1.0, np.abs(right).max())
        np.testing.assert_allclose(mine / scale, right / scale, rtol=0, atol=1e-10, err_msg=entry.name)


@settings(max_examples=40)
@given(configurations(), st.booleans(), st.booleans())
def test_transformers_opens_what_is_saved(case, unshared: bool, sharded: bool):
    kind, head, values, seed = case
    model = theirs(kind, head, values, seed)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        ours = albert.load(folder, dtype="float64")
        if unshared:
            ours.unshare()
        target = Path(folder) / "ours"
        ours.save(target, max_shard_bytes=4000 if sharded else None)
        again, told = type(model).from_pretrained(target, output_loading_info=True, dtype=torch.float64)
    assert not any(told.get(key) for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    compare(ours, again.double().eval(), inputs(values, seed))


def test_sentencepiece_gives_the_ids_of_transformers(tmp_path):
    # The pieces and the preparation of the text are those of AlbertTokenizer.
    lines = ["The year 1999, and 2,000 more.", "``Quoted'' text: naïve café", "one two three four"] * 40
    tokenizer = albert.Tokenizer.train(lines, 90, kind="sentencepiece")
    tokenizer.save(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "albert"}')
    other = transformers.AlbertTokenizer.from_pretrained(tmp_path)
    for text in ("The year 1999, and more", "Naïve ``two''  café", "one three"):
        assert tokenizer(text).input_ids[0].tolist() == other(text)["input_ids"], text


def test_wordpiece_gives_the_ids_of_transformers(tmp_path):
    lines = ["The year 1999, and 2,000 more.", "我喜欢这部电影", "one two three four"] * 40
    tokenizer = albert.Tokenizer.train(lines, 120)
    tokenizer.save(tmp_path)
    other = transformers.BertTokenizer.from_pretrained(tmp_path)
    for text in ("The year 1999, and more", "我喜欢 two", "Three 部"):
        assert tokenizer(text).input_ids[0].tolist() == other(text)["input_ids"], text
    pair = other("one two", "我喜欢")
    found = tokenizer([("one two", "我喜欢")])
    assert found.input_ids[0].tolist() == pair["input_ids"]
    assert found.token_type_ids[0].tolist() == pair["token_type_ids"]
