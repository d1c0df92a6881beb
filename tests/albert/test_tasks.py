"""Tasks learn what they are given, in every way of training; what they are saved as gives the same answers."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import albert, nn
from stochos.albert import _training
from stochos.albert._batches import TextData, rounded
from stochos.errors import InputError, InputTypeError

pytest.importorskip("tokenizers")

WORDS = ["cat", "dog", "sun", "rain", "red", "blue", "tree", "house", "car", "bird"]


@pytest.fixture(scope="module")
def tokenizer():
    return albert.Tokenizer.train([" ".join(WORDS)] * 10, 120)


def texts_of(count: int, seed: int, least: int = 3, most: int = 9):
    draw = np.random.default_rng(seed)
    return [[str(word) for word in draw.choice(WORDS, draw.integers(least, most))] for _ in range(count)]


@pytest.fixture
def model(tokenizer):
    return albert.new(
        vocab_size=tokenizer.size, embedding_size=16, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=40, seed=1,
    )  # fmt: skip


def task_of(model, tokenizer, **options):
    model.tokenizer = tokenizer
    return albert.Classifier(model, classes=["dry", "wet"], max_length=24, **options)


def rain(count: int, seed: int):
    words = texts_of(count, seed)
    return [" ".join(text) for text in words], ["wet" if "rain" in text else "dry" for text in words]


def test_classifier_learns_and_is_saved(model, tokenizer, tmp_path):
    task = task_of(model, tokenizer)
    texts, labels = rain(160, 0)
    others = rain(60, 1)
    history = task.fit(texts, labels, epochs=8, batch_size=16, learning_rate=5e-3, validation=others, progress=False)
    assert history["val_accuracy"][-1] > 0.95  # a word that is there or not; always "dry" gives about 0.6
    assert task.evaluate(*others)["accuracy"] == pytest.approx(history["val_accuracy"][-1])
    predicted = task.predict(others[0])
    assert np.mean([a == b for a, b in zip(predicted, others[1], strict=True)]) == pytest.approx(
        history["val_accuracy"][-1]
    )
    chances = task.probabilities(others[0])
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-12)
    task.save(tmp_path / "task")
    again = albert.Classifier.load(tmp_path / "task", max_length=24)
    assert again.labels == ["dry", "wet"]
    np.testing.assert_allclose(again.probabilities(others[0]), chances, rtol=0, atol=1e-6)


def test_pairs_are_classified(model, tokenizer):
    texts = [" ".join(text) for text in texts_of(12, 3)]
    task = task_of(model, tokenizer)
    history = task.fit([(a, b) for a, b in zip(texts, texts[::-1], strict=True)], ["dry", "wet"] * 6, epochs=1)
    assert np.isfinite(history["loss"][0])
    # The order of the two texts matters to the model.
    assert not np.allclose(task.probabilities([(texts[0], texts[1])]), task.probabilities([(texts[1], texts[0])]))


def test_tagger_learns_the_tags_of_words(model, tokenizer):
    model.tokenizer = tokenizer
    task = albert.Tagger(model, ["O", "ANIMAL"], max_length=24)
    tags = lambda texts: [["ANIMAL" if w in ("cat", "dog", "bird") else "O" for w in t] for t in texts]  # noqa: E731
    texts = texts_of(150, 4)
    task.fit(texts, tags(texts), epochs=6, batch_size=16, learning_rate=5e-3, progress=False)
    others = texts_of(30, 5)
    found = task.predict(others)
    assert [len(row) for row in found] == [len(text) for text in others]
    right = [a == b for one, two in zip(found, tags(others), strict=True) for a, b in zip(one, two, strict=True)]
    assert np.mean(right) > 0.97  # always "O" gives about 0.7
    long = [WORDS * 4]
    assert len(task.predict(long)[0]) == 40


def test_reader_finds_answers(model, tokenizer):
    model.tokenizer = tokenizer
    task = albert.Reader(model, max_length=24)

    def examples(count: int, seed: int):
        pairs, spans = [], []
        for words in texts_of(count, seed, 5, 9):
            text = " ".join(words)
            begin = text.find("sun")
            pairs.append(("sun", text))
            spans.append(None if begin < 0 else (begin, begin + 3))
        return pairs, spans

    pairs, spans = examples(200, 6)
    task.fit(pairs, spans, epochs=8, batch_size=16, learning_rate=5e-3, progress=False)
    pairs, spans = examples(40, 7)
    found = task.predict(pairs)
    there = [(answer, span) for answer, span in zip(found, spans, strict=True) if span is not None]
    assert np.mean([(answer.begin, answer.end) == span for answer, span in there]) > 0.9
    assert all(answer.text == text[answer.begin : answer.end] for answer, (_, text) in zip(found, pairs, strict=True))
    wrong = [(answer.score > 0) != (span is not None) for answer, span in zip(found, spans, strict=True)]
    assert np.mean(wrong) < 0.1


def test_accumulated_gradients_are_those_of_the_batch(model, tokenizer):
    # Four parts of a batch and the batch at once: one update of plain descent, the same to rounding.
    texts, labels = rain(16, 8)
    model = albert.new(model.config.replace(classifier_dropout_prob=0.0), seed=1)
    states = []
    for parts in (1, 4, 3):
        task = task_of(model.copy(), tokenizer)
        sgd = nn.SGD(0.1)
        task.fit(texts, labels, epochs=1, batch_size=16, optimizer=sgd, accumulate=parts, progress=False)
        states.append(task.model.state())
    for other in states[1:]:
        for path, value in states[0].items():
            np.testing.assert_allclose(other[path], value, rtol=0, atol=2e-6, err_msg=path)


def test_resumed_run_ends_where_the_whole_one_does(model, tokenizer, tmp_path):
    texts, labels = rain(40, 9)
    whole = task_of(model.copy(), tokenizer)
    options = {"batch_size": 8, "learning_rate": 1e-3, "decay": "none", "warmup": 0.0, "progress": False}
    whole.fit(texts, labels, epochs=3, **options)
    part = task_of(model.copy(), tokenizer)
    part.fit(texts, labels, epochs=2, checkpoint=tmp_path / "run", **options)
    rest = task_of(model.copy(), tokenizer)
    rest.fit(texts, labels, epochs=3, checkpoint=tmp_path / "run", resume=True, **options)
    for path, value in whole.model.state().items():
        np.testing.assert_array_equal(rest.model.state()[path], value, err_msg=path)


def test_frozen_parts_stay(model, tokenizer):
    model.unshare()
    task = task_of(model, tokenizer)
    before = task.model.state()
    task.fit(*rain(16, 2), epochs=1, learning_rate=1e-2, freeze=["embeddings", 0], progress=False)
    moved = {path for path, value in task.model.state().items() if not np.array_equal(value, before[path])}
    frozen = ("embeddings/", "encoder/attention/0/", "encoder/feed_forward/0/")
    assert not any(path.startswith(frozen) for path in moved)
    assert any(path.startswith("encoder/attention/1/") for path in moved)
    shared = task_of(model.share(), tokenizer)
    with pytest.raises(InputError, match="layer 0 shares its weights"):
        shared.fit(*rain(16, 2), epochs=1, freeze=[0])


def test_rates_fall_from_layer_to_layer(model):
    model.unshare()
    optimizer = _training.optimizer_for(model, 10, learning_rate=1.0, warmup=0.2, layer_decay=0.5)
    rate = lambda variable: optimizer._rates[optimizer._group(variable)](1)  # noqa: E731 - at the peak
    assert rate(model.pooler.kernel) == pytest.approx(1.0)
    assert rate(model.encoder.attention[1].heads.query_kernel) == pytest.approx(0.5)
    assert rate(model.encoder.feed_forward[0].outer.kernel) == pytest.approx(0.25)
    assert rate(model.embeddings.word.table) == pytest.approx(0.125)
    options = optimizer._group_options[optimizer._group(model.pooler.bias) - 1]
    assert options["weight_decay"] == 0.0
    falling = [optimizer.learning_rate(step) for step in range(10)]
    assert falling[0] == pytest.approx(0.5)
    assert np.argmax(falling) in (1, 2)
    assert falling[9] == pytest.approx(1.0 / 8)


def test_batches_hold_texts_of_one_length(tokenizer):
    found = tokenizer([" ".join(WORDS[: 1 + n % 10] * (1 + n % 3)) for n in range(101)])
    data = TextData(found.inputs, np.arange(101))
    order = np.random.default_rng(0).permutation(101)
    seen, columns = [], 0
    for count, (ids, mask, _), targets, _ in data.batches(8, order):
        assert count == len(ids)
        assert ids.shape[1] == rounded(int(mask.sum(axis=1).max()), found.input_ids.shape[1])
        seen += targets.tolist()
        columns += ids.size
    assert sorted(seen) == list(range(101))  # each once
    assert columns < 0.8 * found.input_ids.size
    assert [list(x[2]) for x in data.batches(8, order)] == [list(x[2]) for x in data.batches(8, order)]


def test_embeddings_of_texts_do_not_depend_on_their_batch(model, tokenizer):
    model.tokenizer = tokenizer
    texts = [" ".join(text) for text in texts_of(11, 10)]
    for pooling in ("mean", "max", "cls", "pooler"):
        found = model.embed(texts, pooling=pooling, batch_size=4)
        alone = np.concatenate([model.embed([text], pooling=pooling) for text in texts])
        np.testing.assert_allclose(found, alone, rtol=0, atol=2e-6)
    inputs = tokenizer(texts[0]).inputs
    hidden = model(*inputs).last_hidden_state.numpy()
    np.testing.assert_allclose(model.embed(texts[:1])[0], hidden[0].mean(axis=0), rtol=0, atol=1e-6)
    unit = model.embed(texts, normalize=True, layer=1)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1.0, rtol=1e-5)


def test_wrong_use_is_told(model, tokenizer):
    with pytest.raises(InputError, match="no tokenizer"):
        albert.Classifier(model)
    with pytest.raises(InputError, match="no tokenizer"):
        model.embed(["cat"])
    task = task_of(model, tokenizer)
    with pytest.raises(InputError, match="'damp' is none of the labels 'dry', 'wet'"):
        task.fit(["cat"], ["damp"])
    with pytest.raises(InputError, match="say how many classes"):
        albert.Classifier(model, None)
    with pytest.raises(InputTypeError, match="list of words"):
        albert.Tagger(model, 2, tokenizer=tokenizer).predict(["cat dog"])
    with pytest.raises(InputError, match="outside of a text"):
        albert.Reader(model, tokenizer=tokenizer).fit([("cat", "dog")], [(2, 9)])
    bare = albert.new(model.config, "masked_lm")
    with pytest.raises(InputError, match="new_pooler=True"):
        albert.Classifier(bare, tokenizer=tokenizer)
    assert albert.Classifier(bare, tokenizer=tokenizer, new_pooler=True).model.pooler is not None
    bare.tokenizer = tokenizer
    with pytest.raises(InputError, match=r"no \[MASK\]"):
        bare.fill_mask("cat")
    with pytest.raises(InputError, match="masked words"):
        model.fill_mask("[MASK]")
