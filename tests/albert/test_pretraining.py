"""Pretraining: what is masked and how often, what is swapped, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import albert
from stochos.albert._pretraining_data import PretrainingData, stretches
from stochos.errors import FileError, InputError, InputTypeError

pytest.importorskip("tokenizers")

# A language in which each text has one word of its own, so that a masked one can be told; the halves begin differently.
ALPHABET = [f"w{letter}" for letter in "abcdefghij"]


def documents(count: int, seed: int) -> list[str]:
    words = np.random.default_rng(seed).choice(ALPHABET, count)
    return [f"pa {w} {w} {w} {w} {w}. pa {w} {w} {w}. pb {w} {w} {w} {w}. pb {w} {w} {w} {w} {w}." for w in words]


@pytest.fixture(scope="module")
def tokenizer():
    return albert.Tokenizer.train(documents(50, 0), 80)


def test_stretches_hold_the_whole_text_in_order(tokenizer):
    texts = documents(5, 1)
    for text in texts:
        pairs = list(stretches([text], tokenizer, 12))
        tokens = [token for pair in pairs for side in pair for token in side]
        assert tokens == tokenizer.ids([text])[0]
        assert all(4 <= len(a) + len(b) <= 12 and a and b for a, b in pairs)


def test_masks_keep_their_shares(tokenizer):
    pairs = list(stretches(documents(400, 2), tokenizer, 29))
    data = PretrainingData(pairs, tokenizer, 7, length=32)
    order = np.arange(data.count)
    mask_id, hidden, other, kept, swapped, guessed, total = tokenizer.mask_id, 0, 0, 0, 0, 0, 0
    for count, (ids, mask, types, places), (labels, orders), _ in data.batches(16, order):
        rows, columns = np.nonzero(labels != -100)
        at, words = places[rows, columns], labels[rows, columns]
        seen = ids[rows, at]
        hidden += int((seen == mask_id).sum())
        kept += int((seen == words).sum())
        other += int(((seen != words) & (seen != mask_id)).sum())
        assert not np.isin(words, (tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id)).any()
        swapped += int(orders.sum())
        guessed += len(rows)
        total += int(mask.sum()) - 3 * count
        assert ((types == 1) <= (mask == 1)).all()
    # 15 % are guessed, up to rounding in each example; of them 80, 10 and 10 %; half of the pairs are swapped.
    # Five standard deviations of binomial counts: one false alarm in a million runs of other seeds.
    assert guessed / total == pytest.approx(0.15, abs=0.02)
    for share, expected in ((hidden, 0.8), (other, 0.1 * 0.98), (kept, 0.1 * 1.02)):
        assert share / guessed == pytest.approx(expected, abs=5 * np.sqrt(0.16 / guessed) + 0.01)
    assert swapped / data.count == pytest.approx(0.5, abs=5 * np.sqrt(0.25 / data.count))


def test_masks_are_new_in_each_epoch_and_the_same_again(tokenizer):
    pairs = list(stretches(documents(8, 3), tokenizer, 29))
    data = PretrainingData(pairs, tokenizer, 7, length=32)
    orders = [np.random.default_rng(n).permutation(data.count) for n in (0, 1)]
    first, second = (np.concatenate([batch[1][0] for batch in data.batches(4, order)]) for order in orders)
    again = np.concatenate([batch[1][0] for batch in data.batches(4, orders[0])])
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(np.sort(first, axis=None), np.sort(second, axis=None))


def test_pretraining_learns_and_goes_on(tokenizer, tmp_path):
    settings = {
        "embedding_size": 16, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 64, "max_position_embeddings": 40,
    }  # fmt: skip
    model = albert.pretrain(
        documents(300, 4), config=albert.Config(**settings), tokenizer=tokenizer, max_length=40, epochs=20,
        batch_size=16, learning_rate=1e-2, validation=0.1, progress=False,
    )  # fmt: skip
    losses = model.history["loss"]
    # Guessing among the ten words, and the order, gives log(10) + log(2) = 3.0.
    assert losses[0] > 3.0
    assert model.history["val_loss"][-1] < 1.0
    guesses = albert.fill_mask(model, "pa wc wc [MASK] wc.", k=3)
    assert guesses[0][0] == "wc"
    assert [p for _, p in guesses] == sorted((p for _, p in guesses), reverse=True)
    two = albert.fill_mask(model, "pa wa [MASK] wa [MASK].", k=1)
    assert len(two) == 2
    model.save(tmp_path / "m")
    again = albert.load(tmp_path / "m")
    assert again.fill_mask("pa wc wc [MASK] wc.", k=1)[0][0] == "wc"
    further = albert.pretrain(documents(20, 5), model=again, max_length=40, epochs=1, progress=False)
    assert further is again


def test_text_files_are_read_by_documents(tokenizer, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(documents(12, 6)))
    config = albert.Config(
        embedding_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=32,
    )  # fmt: skip
    model = albert.pretrain(path, config=config, tokenizer=tokenizer, max_length=32, progress=False)
    assert model.history.epochs == 1
    with pytest.raises(FileError, match="absent"):
        albert.pretrain(tmp_path / "absent")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        albert.pretrain(path)
    with pytest.raises(InputTypeError, match="give texts"):
        albert.pretrain([1])
    with pytest.raises(InputError, match="no stretch of 4 tokens"):
        albert.pretrain(["wa"], tokenizer=tokenizer)
    with pytest.raises(InputError, match="'pretraining'"):
        albert.pretrain(["wa wb wc wd"], model=model.with_head(None), tokenizer=tokenizer)
