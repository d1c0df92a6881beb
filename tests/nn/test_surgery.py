"""Cutting and rewiring: every cut computes what the part computed, holds only what is live, and shares the weights."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import nn
from stochos.errors import InputError, InputTypeError, UnknownNameError

X = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)


def chain() -> tuple[nn.Model, list]:
    """The article's example: in → h1 → h2 → h3 → h4 → out, 4 → 5 → 6 → 7 → 3."""
    h = [nn.Input((4,), name="in")]
    for n, units in enumerate((5, 6, 7, 3), 1):
        h.append(nn.Dense(units, activation="tanh", name=f"h{n}")(h[-1]))
    return nn.Model(h[0], h[4]), h


def test_cut_in_the_middle_by_tensors():
    model, h = chain()
    tail = model.between(h[2], h[4])
    assert tail.input.shape == (None, 6)
    assert [layer.name for layer in tail.layers] == ["h3", "h4"]
    assert tail.parameter_count == 6 * 7 + 7 + 7 * 3 + 3
    head = model.between(h[0], h[2])
    assert head.input is model.input  # no new input where the model's own does
    assert np.array_equal(tail(head(X)).numpy(), model(X).numpy())
    assert tail.layers[0] is model.layers[2]


def test_cut_by_layers_takes_both_in():
    model, _ = chain()
    middle = model.between("h2", model.layers[2])
    assert [layer.name for layer in middle.layers] == ["h2", "h3"]
    assert middle.input.shape == (None, 5)
    assert middle.output.shape == (None, 7)
    assert model.between("h1", "h1").parameter_count == 25
    assert np.array_equal(model.between("h1", "h4")(X).numpy(), model(X).numpy())


def test_one_step_of_a_cut_moves_the_whole():
    x = nn.Input((1,))
    a, b = (nn.Dense(1, use_bias=False, kernel_initializer=w, name=n) for w, n in ((2.0, "a"), (3.0, "b")))
    model = nn.Model(x, b(a(x)))
    tail = model.between("b", "b")
    _, gradients = nn.value_and_grad(lambda: nn.sum(tail(np.full((1, 1), 5.0, np.float32))), wrt=tail)()
    assert [g.item() for g in gradients] == [5.0]
    nn.SGD(0.1).update(tail, gradients)
    assert model(np.ones((1, 1), np.float32)).item() == pytest.approx(2.0 * 2.5)


def test_other_inputs_come_along_where_the_end_needs_them():
    a, b = nn.Input((2,), name="a"), nn.Input((2,), name="b")
    h = nn.Dense(2, name="d")(a)
    model = nn.Model([a, b], h * b + a)
    cut = model.between(h, model.output)
    assert [x.name for x in cut.inputs] == ["d", "b", "a"]
    assert cut.parameter_count == 0
    values = np.ones((1, 2), np.float32)
    assert cut(values * 2, values * 3, values * 4).numpy().tolist() == [[10.0, 10.0]]


def test_a_cut_across_several_tensors():
    x = nn.Input((2,))
    a, b = nn.Dense(2, name="a")(x), nn.Dense(3, name="b")(x)
    model = nn.Model(x, [nn.Concatenate()([a, b]), nn.sum(b, axis=-1)])
    cut = model.between([a, b], model.output)
    assert [s.shape for s in cut.inputs] == [(None, 2), (None, 3)]
    found = cut(np.ones((1, 2), np.float32), np.ones((1, 3), np.float32))
    assert [f.numpy().tolist() for f in found] == [[[1.0] * 5], [3.0]]


def test_a_cut_inside_an_inner_model():
    x = nn.Input((4,))
    p = nn.Dense(5, name="p")(x)
    inner = nn.Model(x, nn.Dense(6, name="q")(p), name="inner")
    outer = nn.Input((4,))
    model = nn.Model(outer, nn.Dense(2, name="r")(inner(outer)))
    cut = model.between(p, "r")
    assert [layer.name for layer in cut.layers] == ["q", "r"]
    assert np.allclose(cut(inner.between(x, p)(X)).numpy(), model(X).numpy(), atol=1e-6)
    assert [layer.name for layer in model.between(inner.layers[1], "r").layers] == ["q", "r"]
    assert model.outputs_of([p]).output[0].shape == (None, 5)


def test_a_cut_that_leads_nowhere_is_refused():
    model, h = chain()
    with pytest.raises(InputError, match=r"\[nn\.Model\.between\] 'h3' does not lead to 'h1'"):
        model.between(h[3], h[1])
    with pytest.raises(UnknownNameError, match="no layer 'h9'; it has h1, h2, h3, h4"):
        model.between("h9", "h4")
    with pytest.raises(UnknownNameError, match=r"'in' of shape \(None, 4\) is not in the model"):
        model.between("h2", "h4").outputs_of([h[0]])
    with pytest.raises(InputTypeError, match="3 is of type int"):
        model.between(3, "h4")


def test_a_layer_called_twice_needs_the_call():
    x = nn.Input((4,))
    d = nn.Dense(4, name="d")
    model = nn.Model(x, d(d(x)))
    with pytest.raises(InputError, match=r"'d' is called 2 times.*model\.tensor\('d', 0\)"):
        model.between("d", model.output)
    tail = model.between(model.tensor("d", 0), model.output)
    assert len(tail.calls) == 1
    assert tail.parameters == model.parameters
    with pytest.raises(InputError, match="not one numbered 2"):
        model.tensor("d", 2)


def test_taps_of_middle_layers():
    model, h = chain()
    taps = model.outputs_of(["h1", h[3], model.layers[3]])
    found = taps(X)
    assert [f.shape for f in found] == [(2, 5), (2, 7), (2, 3)]
    assert np.array_equal(found[2].numpy(), model(X).numpy())
    assert model.outputs_of(["h2"]).parameter_count == 25 + 36


def test_inner_tensors_as_inputs_of_a_model():
    model, h = chain()
    assert np.allclose(
        nn.Model(h[2], h[4])(np.zeros((1, 6))).numpy(), model.between(h[2], h[4])(np.zeros((1, 6))).numpy()
    )


def test_replace_shares_the_rest():
    model, h = chain()
    other = model.replace("h2", nn.Dense(6, name="new"))
    assert [layer.name for layer in other.layers] == ["h1", "new", "h3", "h4"]
    assert [layer.name for layer in model.layers] == ["h1", "h2", "h3", "h4"]  # the old model stays
    assert other.layers[0] is model.layers[0]
    assert other.parameter_count == model.parameter_count
    # A tensor of the old model finds its place in the new one.
    assert other.between(h[3], h[4]).layers == [model.layers[3]]
    plain = model.replace("h3", lambda t: nn.concatenate([t, t[:, :1]], axis=-1))
    assert plain(X).shape == (2, 3)
    assert plain.parameter_count == model.parameter_count - 49


def test_replace_a_shared_layer_everywhere_and_inside():
    x = nn.Input((4,))
    d = nn.Dense(4, name="d")
    sub = nn.Model(x, d(x), name="sub")
    outer = nn.Input((4,))
    model = nn.Model(outer, d(sub(sub(outer))))
    new = model.replace(d, nn.Dense(4, name="e"))
    assert new.parameter_count == 20
    assert [layer.name for layer in new.layers_inside()] == ["sub", "e"]
    assert len({id(c.target) for c in new.calls}) == 2  # the inner model is still one
    assert sub.layers == [d]


def test_what_does_not_fit_says_so():
    model, _ = chain()
    with pytest.raises(InputError, match=r"\[nn\.Dense 'h3'\] expects last axis 6, got input of shape \(None, 9\)"):
        model.replace("h2", nn.Dense(9, name="wide"))
    with pytest.raises(UnknownNameError, match="'other' is no layer of"):
        model.replace(nn.Dense(2, name="other"), nn.Dense(2))


def test_insert_and_remove():
    model, h = chain()
    noisy = model.insert_after("h2", nn.Dropout(0.5, name="drop"))
    assert [layer.name for layer in noisy.layers] == ["h1", "h2", "drop", "h3", "h4"]
    assert np.array_equal(noisy(X).numpy(), model(X).numpy())
    assert not np.array_equal(noisy(X, training=True).numpy(), model(X).numpy())
    at_the_end = model.insert_after(h[4], nn.softmax)
    assert np.allclose(at_the_end(X).numpy().sum(-1), 1.0)
    at_the_start = model.insert_after(h[0], lambda t: t * 0)
    assert np.allclose(at_the_start(X).numpy(), model(X * 0).numpy())
    back = noisy.remove("drop")
    assert [layer.name for layer in back.layers] == ["h1", "h2", "h3", "h4"]
    assert np.array_equal(back(X).numpy(), model(X).numpy())
    with pytest.raises(InputError, match="expects last axis 5, got input of shape"):
        model.remove("h1")


def test_insert_serves_every_reader_of_the_tensor():
    x = nn.Input((1,))
    h = x * 2
    model = nn.Model(x, [h, h + 1])
    new = model.insert_after(h, lambda t: t * 10)
    assert [f.item() for f in new(np.ones((1, 1), np.float32))] == [20.0, 21.0]


def test_expand_inlines_inner_models():
    x = nn.Input((4,))
    sub = nn.Sequential([nn.Input((4,)), nn.Dense(4, name="a"), nn.relu])
    model = nn.Model(x, sub(sub(x)) + x)
    flat = model.expand()
    assert [c.target.name for c in flat.calls] == ["a", "relu", "a", "relu", "add"]
    assert np.array_equal(flat(X).numpy(), model(X).numpy())
    assert flat.parameters == model.parameters


def test_models_are_refused_whose_inputs_are_missing():
    a, b = nn.Input((1,), name="a"), nn.Input((1,), name="b")
    with pytest.raises(InputError, match="the outputs need 'b', not among the inputs 'a'"):
        nn.Model(a, a + b)
    with pytest.raises(InputError, match="stands twice"):
        nn.Model([a, a], a + 1)
    with pytest.raises(InputTypeError, match="outputs hold 3"):
        nn.Model(a, 3)
    model = nn.Model([a, b], a + b)
    with pytest.raises(InputError, match=r"expects 2 inputs \('a', 'b'\), got 1"):
        model(np.ones((1, 1)))
    with pytest.raises(InputError, match=r"input 'b' of shape \(None, 1\), got shape \(1, 2\)"):
        model(np.ones((1, 1)), np.ones((1, 2)))
