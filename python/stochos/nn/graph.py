"""Graphs of calls: order, computing, and building them again with something changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from stochos.errors import InputError
from stochos.nn import _trees
from stochos.nn.symbols import Call, Spec, Symbol, finish, infer

__all__ = ["order", "rebuild", "run", "sources"]


def order(outputs: Iterable[Symbol], stops: Iterable[Symbol] = ()) -> tuple[list[Call], list[Symbol]]:
    """Return the calls that `outputs` need, each after those it needs itself, and the symbols where they begin.

    Parameters
    ----------
    outputs : iterable of Symbol
    stops : iterable of Symbol
        Taken as given: what makes them is not needed.

    Returns
    -------
    calls : list of Call
    begins : list of Symbol
        Inputs and stops that were reached, in the order met.
    """
    stopped = set(stops)
    calls: list[Call] = []
    done: set[int] = set()
    begins: dict[Symbol, None] = {}
    # Depth first without recursion: models may be thousands of layers deep.
    stack: list[tuple[Symbol, bool]] = [(symbol, False) for symbol in reversed(list(outputs))]
    while stack:
        symbol, ready = stack.pop()
        call = symbol.call
        if symbol in stopped or call is None:
            begins.setdefault(symbol)
        elif id(call) not in done:
            if ready:
                done.add(id(call))
                calls.append(call)
            else:
                stack.append((symbol, True))
                stack.extend((one, False) for one in reversed(call.inputs))
    return calls, list(begins)


def sources(outputs: Iterable[Symbol], stops: Iterable[Symbol] = ()) -> list[Symbol]:
    """Return the symbols where the calls behind `outputs` begin."""
    return order(outputs, stops)[1]


def run(calls: Sequence[Call], known: dict[Symbol, Any], outputs: Any) -> Any:
    """Compute a graph.

    Parameters
    ----------
    calls : sequence of Call
        In order.
    known : dict of Symbol to tensor
        Values of the inputs; it takes up all the others.
    outputs : nested lists, tuples and dicts of Symbol
        What to return.
    """

    def look(leaf: Any) -> Any:
        return known[leaf] if type(leaf) is Symbol else leaf

    for call in calls:
        result = call.target.run(*_trees.mapped(look, call.arguments), **_trees.mapped(look, call.keywords))
        known.update(zip(call.outputs, _trees.leaves(result), strict=True))
    return _trees.mapped(look, outputs)


def rebuild(
    outputs: Any,
    replaced: Mapping[Symbol, Symbol],
    change: Callable[[Call], Any] | None = None,
    after: Callable[[Symbol, Symbol], Symbol] | None = None,
    *,
    same_shapes: bool = False,
    constant: Callable[[Any], Any] | None = None,
) -> Any:
    """Build the graph behind `outputs` again.

    Parameters
    ----------
    outputs : nested lists, tuples and dicts of Symbol
    replaced : mapping of Symbol to Symbol
        Where to begin: these symbols are replaced by those.
    change : callable, optional
        From a call to the target that takes its place, or None to leave the call out, its input going for its
        output; default the same target.
    after : callable, optional
        From (old symbol, new symbol) to the symbol that the rest of the graph gets to see.
    same_shapes : bool
        Take the shapes over instead of finding them again.
    constant : callable, optional
        From an argument that is no symbol to what takes its place.

    Returns
    -------
    nested lists, tuples and dicts of Symbol
    """
    seen: dict[Symbol, Symbol] = dict(replaced)

    def look(leaf: Any) -> Any:
        if type(leaf) is Symbol:
            return seen.get(leaf, leaf)
        return leaf if constant is None else constant(leaf)

    calls, begins = order(_trees.leaves(outputs), replaced)
    if after is not None:
        for symbol in begins:
            seen[symbol] = after(symbol, seen.get(symbol, symbol))
    for call in calls:
        target = call.target if change is None else change(call)
        if target is None:
            seen[call.outputs[0]] = seen.get(call.inputs[0], call.inputs[0])
            continue
        fresh = Call(target, _trees.mapped(look, call.arguments), _trees.mapped(look, call.keywords))
        if same_shapes:
            specs = _trees.mapped(lambda symbol: Spec(symbol.shape, symbol.dtype), call.result)
        else:
            _prepare(fresh)
            specs = infer(fresh)
        finish(fresh, specs, call.outputs)
        if len(fresh.outputs) != len(call.outputs):
            msg = (
                f"[nn.Model] {target.name!r} returns {len(fresh.outputs)} tensors where {len(call.outputs)} are needed"
            )
            raise InputError(msg)
        for old, new in zip(call.outputs, fresh.outputs, strict=True):
            seen[old] = new if after is None else after(old, new)
    return _trees.mapped(look, outputs)


def _prepare(call: Call) -> None:
    """Let a layer make its weights from the shapes of the symbols."""
    prepare = getattr(call.target, "_ensure_built", None)
    if prepare is not None:
        prepare(call.arguments)
