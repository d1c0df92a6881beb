"""Cutting, tapping and rewiring of models. Every verb returns a new model that shares the layers it keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from stochos.errors import Error, InputError, InputTypeError, UnknownNameError
from stochos.nn import _names, _trees, graph
from stochos.nn.functions._dispatch import Function
from stochos.nn.layer import Layer
from stochos.nn.model import Model
from stochos.nn.symbols import Call, Symbol

__all__ = ["between", "expand", "insert_after", "outputs_of", "remove", "replace", "tensor"]


def tensor(model: Model, layer: str | Layer, call: int | None) -> Any:
    """Do the work of `Model.tensor`."""
    calls = _calls_of(model, layer, "nn.Model.tensor")
    if call is None and len(calls) > 1:
        _refuse_several("nn.Model.tensor", layer, len(calls))
    number = 0 if call is None else call
    if not 0 <= number < len(calls):
        msg = (
            f"[nn.Model.tensor] {_name(layer)!r} has {len(calls)} calls in {model.name!r}, but not one numbered {call}"
        )
        raise InputError(msg)
    return calls[number].result


def between(model: Model, start: Any, end: Any, name: str | None) -> Model:
    """Do the work of `Model.between`."""
    where = "nn.Model.between"
    try:
        begins, ends = _ends(model, start, where, before=True), _ends(model, end, where, before=False)
    except UnknownNameError:
        # It may lie inside an inner model.
        whole = expand(model)
        if len(whole.calls) == len(model.calls):
            raise
        begins, ends = _ends(whole, start, where, before=True), _ends(whole, end, where, before=False)
    begins = list(dict.fromkeys(begins))
    reached = graph.sources(ends, begins)
    for symbol in begins:
        if symbol not in reached:
            names = ", ".join(repr(x.name) for x in ends)
            msg = f"[{where}] {symbol.name!r} does not lead to {names}; is it behind them?"
            raise InputError(msg)
    others = [symbol for symbol in reached if symbol not in begins]
    inputs = [*begins, *others]
    many = len(ends) > 1 or isinstance(end, (list, tuple))
    return Model(inputs if len(inputs) > 1 else inputs[0], ends if many else ends[0], name=name)


def outputs_of(model: Model, what: Sequence[Any], name: str | None) -> Model:
    """Do the work of `Model.outputs_of`."""
    where = "nn.Model.outputs_of"
    given = list(what) if isinstance(what, (list, tuple)) else [what]
    try:
        ends = _ends(model, given, where, before=False)
    except UnknownNameError:
        whole = expand(model)
        if len(whole.calls) == len(model.calls):
            raise
        return Model(whole.input, _ends(whole, given, where, before=False), name=name)
    return Model(model.input, ends, name=name)


def replace(model: Model, layer: str | Layer, new: Layer | Callable[..., Any]) -> Model:
    """Do the work of `Model.replace`."""
    old = _layer(model, layer, "nn.Model.replace")
    target = _target(new, "nn.Model.replace")

    def change(call: Call) -> Any:
        return target if call.target is old else call.target

    return _rewired(model, {id(old)}, change, None, f"{old.name!r} was replaced by {target.name!r}", {})


def insert_after(model: Model, where: Symbol | str | Layer, new: Layer | Callable[..., Any]) -> Model:
    """Do the work of `Model.insert_after`."""
    title = "nn.Model.insert_after"
    target = _target(new, title)
    told = f"{target.name!r} was inserted after {_name(where)!r}"

    def called(symbol: Symbol) -> Any:
        return target(symbol) if isinstance(target, Layer) else new(symbol)

    if isinstance(where, Symbol):
        place = _symbol(model, where, title)
        return _rewired(model, set(), None, lambda old, now: called(now) if old is place else now, told, {})
    layer = _layer(model, where, title)

    def after(old: Symbol, now: Symbol) -> Any:
        return called(now) if old.call is not None and old.call.target is layer else now

    return _rewired(model, {id(layer)}, None, after, told, {})


def remove(model: Model, layer: str | Layer) -> Model:
    """Do the work of `Model.remove`."""
    where = "nn.Model.remove"
    old = _layer(model, layer, where)
    for inner in [m for _, m in _names.walk(model) if isinstance(m, Model)]:
        for call in inner.calls:
            if call.target is old and (len(call.inputs) != 1 or len(call.outputs) != 1):
                found = f"{len(call.inputs)} inputs and {len(call.outputs)} outputs"
                msg = f"[{where}] {old.name!r} has {found}, not one each"
                raise InputError(msg)
    return _rewired(
        model, {id(old)}, lambda c: None if c.target is old else c.target, None, f"{old.name!r} was removed", {}
    )


def expand(model: Model) -> Model:
    """Do the work of `Model.expand`."""
    seen: dict[Symbol, Symbol] = {symbol: symbol for symbol in model.inputs}
    _inline(model.calls, seen)
    return _like(model, model.input, _trees.mapped(lambda x: seen[x], model.output))


def _inline(calls: Sequence[Call], seen: dict[Symbol, Symbol]) -> None:
    def look(leaf: Any) -> Any:
        return seen[leaf] if type(leaf) is Symbol else leaf

    for call in calls:
        inner = call.target
        if isinstance(inner, Model):
            arguments = inner._bind(_trees.mapped(look, call.arguments))
            pairs = zip(inner.inputs, arguments, strict=True)
            within = {x: given if given.dtype == x.dtype else given.astype(x.dtype) for x, given in pairs}
            _inline(inner.calls, within)
            seen.update(zip(call.outputs, (within[x] for x in inner.outputs), strict=True))
            continue
        inputs = {x: seen[x] for x in call.inputs}
        fresh = graph.rebuild(list(call.outputs), inputs, same_shapes=True)
        seen.update(zip(call.outputs, fresh, strict=True))


def _rewired(model: Model, wanted: set[int], change: Any, after: Any, told: str, memo: dict[int, Model]) -> Model:
    """Return `model` built again with changes, and inner models too where they hold a wanted layer."""
    if id(model) in memo:
        return memo[id(model)]
    inner: dict[int, Model] = {}
    for child in model.layers:
        if isinstance(child, Model) and any(id(x) in wanted for x in child.layers_inside()) and id(child) not in wanted:
            inner[id(child)] = _rewired(child, wanted, change, after, told, memo)
        elif not isinstance(child, Model) and any(id(x) in wanted for x in child.layers_inside()):
            msg = f"[nn.Model] the layer lies inside {child.title}, which is no model; set its attribute instead"
            raise InputError(msg)

    def target(call: Call) -> Any:
        if id(call.target) in inner:
            return inner[id(call.target)]
        return call.target if change is None else change(call)

    try:
        outputs = graph.rebuild(model.output, {x: x for x in model.inputs}, target, after)
    except Error as error:
        error.add_note(f"while the model {model.name!r} was built again, after {told}")
        raise
    memo[id(model)] = _like(model, model.input, outputs)
    return memo[id(model)]


def _like(model: Model, inputs: Any, outputs: Any) -> Model:
    """Return a model that stands for `model`, under its name."""
    new = Model(inputs, outputs)
    new.name, new._named, new._uid, new._trainable = model.name, model._named, model._uid, model._trainable
    return new


# --- finding ----------------------------------------------------------------------------------------------------


def _ends(model: Model, what: Any, where: str, *, before: bool) -> list[Symbol]:
    """Return the symbols that tensors and layers stand for: what goes into a layer, or what comes out."""
    found: list[Symbol] = []
    for one in _trees.leaves(what):
        if isinstance(one, Symbol):
            found.append(_symbol(model, one, where))
        else:
            calls = _calls_of(model, one, where)
            if len(calls) > 1:
                _refuse_several(where, one, len(calls))
            found.extend(calls[0].inputs if before else calls[0].outputs)
    return found


def _symbol(model: Model, symbol: Symbol, where: str) -> Symbol:
    """Find a symbol in a model, where it may stand under a copy that surgery made."""
    inside = [*model.inputs, *(x for call in model.calls for x in call.outputs)]
    if symbol in inside:
        return symbol
    same = [x for x in inside if x.origin is symbol.origin]
    if len(same) == 1:
        return same[0]
    if same:
        msg = f"[{where}] {symbol.name!r} stands {len(same)} times in {model.name!r}; give model.tensor(layer, call)"
        raise InputError(msg)
    msg = f"[{where}] the tensor {symbol.name!r} of shape {symbol.shape} is not in the model {model.name!r}"
    raise UnknownNameError(msg)


def _calls_of(model: Model, layer: Any, where: str) -> list[Call]:
    if not isinstance(layer, (str, Layer)):
        msg = f"[{where}] {layer!r} is of type {type(layer).__name__}; give a tensor, a layer or the name of one"
        raise InputTypeError(msg)
    found = _layer(model, layer, where) if isinstance(layer, str) else layer
    calls = [call for call in model.calls if call.target is found]
    if not calls:
        msg = f"[{where}] {_name(layer)!r} is not called in {model.name!r}; its layers: {_listed(model)}"
        raise UnknownNameError(msg)
    return calls


def _layer(model: Model, layer: Any, where: str) -> Layer:
    """Return the layer of a name at any depth, or the layer itself if the model holds it."""
    if isinstance(layer, str):
        return model.layer(layer)
    if not isinstance(layer, Layer):
        msg = f"[{where}] {layer!r} is of type {type(layer).__name__}; give a layer or the name of one"
        raise InputTypeError(msg)
    if all(layer is not inner for inner in model.layers_inside()):
        msg = f"[{where}] {layer.name!r} is no layer of {model.name!r}; its layers: {_listed(model)}"
        raise UnknownNameError(msg)
    return layer


def _target(new: Any, where: str) -> Any:
    if isinstance(new, (Layer, Function)):
        return new
    if isinstance(getattr(new, "target", None), Function):
        return new.target
    if callable(new):
        from stochos.nn.layers.lambdas import Lambda

        return Lambda(new)
    msg = f"[{where}] {new!r} is of type {type(new).__name__}; give a layer or a function of tensors"
    raise InputTypeError(msg)


def _refuse_several(where: str, layer: Any, count: int) -> NoReturn:
    name = _name(layer)
    msg = (
        f"[{where}] {name!r} is called {count} times in the model; say which call: model.tensor({name!r}, 0) is the "
        "result of the first"
    )
    raise InputError(msg)


def _name(thing: Any) -> str:
    return thing if isinstance(thing, str) else str(getattr(thing, "name", thing))


def _listed(model: Model) -> str:
    return ", ".join(name for name, _ in model.children())
