"""Which layers use the same weights: give them their own, bring them together again, measure how they part."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from stochos import _checks, _figures
from stochos.errors import InputError, InputTypeError
from stochos.nn import _context, _names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stochos.albert.config import Config

__all__ = ["LayerDrift", "MemoryReport", "Sharing"]

PARTS = ("attention", "feed_forward")
_PART_NAMES = {"all": PARTS, "attention": PARTS[:1], "ffn": PARTS[1:], "feed_forward": PARTS[1:]}
#: Names of the weights of a block in tables: part, layer inside of it, weight.
WEIGHTS = {
    "query": ("attention", "heads", "query_kernel"),
    "key": ("attention", "heads", "key_kernel"),
    "value": ("attention", "heads", "value_kernel"),
    "attention output": ("attention", "heads", "output_kernel"),
    "ffn": ("feed_forward", "inner", "kernel"),
    "ffn output": ("feed_forward", "outer", "kernel"),
}


@dataclasses.dataclass(frozen=True)
class MemoryReport:
    """Numbers and bytes of a model as it is, fully shared, and fully unshared.

    Attributes
    ----------
    parameters : dict of str to int
        Keys "now", "shared" (one set of weights for all layers) and "unshared" (one for each).
    weights : dict of str to int
        Bytes of the weights.
    training : dict of str to int
        Bytes of weights, gradients and the two moments of Adam.
    parts : dict of str to int
        Parameters now, of embeddings, attention, feed-forward, pooler and head.
    """

    parameters: dict[str, int]
    weights: dict[str, int]
    training: dict[str, int]
    parts: dict[str, int]

    def __str__(self) -> str:
        lines = [f"{'':<10}{'parameters':>14}{'weights':>12}{'training':>12}"]
        for key in self.parameters:
            sizes = "".join(f"{size[key] / 2**20:>8.1f} MiB" for size in (self.weights, self.training))
            lines.append(f"{key:<10}{self.parameters[key]:>14,}{sizes}")
        lines.append("now: " + ", ".join(f"{name} {count:,}" for name, count in self.parts.items()))
        return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class LayerDrift:
    """How far the layers' weights lie apart.

    Attributes
    ----------
    from_mean : dict of str to ndarray (L,)
        For each kind of weight, the distance of each layer from the mean of all, divided by the norm of the mean
        (Frobenius norms). With several blocks in a layer they are taken together.
    between : dict of str to ndarray (L, L)
        Distances of the layers from one another, divided by the same.
    """

    from_mean: dict[str, NDArray[np.float64]]
    between: dict[str, NDArray[np.float64]]

    def __str__(self) -> str:
        layers = len(next(iter(self.from_mean.values())))
        head = f"{'layer':<18}" + "".join(f"{n:>9}" for n in range(layers))
        rows = [f"{name:<18}" + "".join(f"{x:>9.2g}" for x in row) for name, row in self.from_mean.items()]
        return "\n".join([head, *rows])

    def plot(self, path: _figures.Path = None, *, ax: Any = None) -> Any:
        """Draw the distances from the mean: a line for each kind of weight.

        Parameters
        ----------
        path : str or path, optional
            Write the picture there (.png, .svg or .pdf).
        ax : matplotlib.axes.Axes, optional
            Draw here; default: a new figure.

        Returns
        -------
        matplotlib.axes.Axes
        """
        where = "albert.LayerDrift.plot"
        ax = _figures.axes(where, path, ax)
        for name, row in self.from_mean.items():
            ax.plot(range(len(row)), row, marker="o", label=name)
        ax.set_xlabel("layer")
        ax.set_ylabel("distance from the layers' mean / norm of the mean")
        ax.legend()
        _figures.keep(ax.figure, path, where)
        return ax


class Sharing:
    """The part of `Albert` that looks after shared weights."""

    encoder: Any

    def unshare(self, layers: Iterable[int] | None = None, *, parts: str = "all") -> Self:
        """Give layers weights of their own, equal to those that they had: the outputs stay, to the last bit.

        Models made by `with_head` have the same encoder and are unshared with this one. Make optimizers and compiled
        functions afterwards.

        Parameters
        ----------
        layers : iterable of int, optional
            Numbers from 0; default: all. Those that are not named go on sharing what they share.
        parts : {"all", "attention", "ffn"}

        Returns
        -------
        Albert
            The model itself.

        Raises
        ------
        InputError
            There is no such layer.
        """
        chosen = self._chosen(layers, "unshare")
        for part in self._part_names(parts, "unshare"):
            labels = [("own", n) if n in chosen else ("as", group) for n, group in enumerate(self._groups(part))]
            self._regroup(part, labels)
        return self

    def share(self, layers: Iterable[int] | None = None, *, parts: str = "all") -> Self:
        """Let layers use one set of weights, the mean of theirs.

        Parameters
        ----------
        layers, parts
            See `unshare`.

        Returns
        -------
        Albert
            The model itself.
        """
        chosen = self._chosen(layers, "share")
        for part in self._part_names(parts, "share"):
            self._regroup(part, ["one" if n in chosen else group for n, group in enumerate(self._groups(part))])
        return self

    def regroup(self, groups: int | Sequence[int], *, parts: str = "all") -> Self:
        """Share in any other way: layers of one group get the mean of their weights, layers of different ones copies.

        Parameters
        ----------
        groups : int or sequence of int
            How many groups, as even as ``num_hidden_groups`` makes them; or for each layer the number of its group.
        parts : {"all", "attention", "ffn"}

        Returns
        -------
        Albert
            The model itself.
        """
        from stochos.albert.config import group_of

        count = self.layer_count
        if isinstance(groups, (int, np.integer)):
            labels: Sequence[int] = group_of(count, _checks.whole("albert.Albert.regroup", "groups", groups, 1, count))
        else:
            labels = [_checks.whole("albert.Albert.regroup", "groups", group, 0) for group in groups]
        if len(labels) != count:
            msg = f"[albert.Albert.regroup] groups has {len(labels)} numbers; there are {count} layers"
            raise InputError(msg)
        for part in self._part_names(parts, "regroup"):
            self._regroup(part, list(labels))
        return self

    @property
    def layer_count(self) -> int:
        """How many layers the text passes through."""
        return len(self.encoder.attention) // int(self.encoder.inner)

    def layer_groups(self, part: str = "attention") -> tuple[int, ...]:
        """Return for each layer the number of its set of weights, counted in the order of first use.

        Parameters
        ----------
        part : {"attention", "ffn"}
        """
        return self._groups(self._part_names(part, "layer_groups")[0])

    def memory_report(self) -> MemoryReport:
        """Return parameters and bytes: now, fully shared and fully unshared."""
        encoder = self.encoder
        one = {part: self._size(getattr(encoder, part)[: encoder.inner]) for part in PARTS}
        now = {part: self._size(getattr(encoder, part)) for part in PARTS}
        total: int = self.parameter_count  # type: ignore[attr-defined] # of the layer
        rest = total - sum(now.values())
        item = np.dtype(self.dtype).itemsize  # type: ignore[attr-defined]
        numbers = {
            "now": total,
            "shared": rest + sum(one.values()),
            "unshared": rest + sum(one.values()) * self.layer_count,
        }
        others = {name: getattr(self, name) for name in ("embeddings", "pooler", "head")}
        parts = {name: self._size([layer]) for name, layer in others.items() if layer is not None}
        if encoder.project is not None:
            parts["embeddings"] += self._size([encoder.project])
        if "head" in parts and any(held.id == encoder_id for held, encoder_id in self._tied()):
            parts["head"] -= self._tied_size()
        return MemoryReport(
            numbers,
            {key: count * item for key, count in numbers.items()},
            {key: count * item * 4 for key, count in numbers.items()},
            parts | now,
        )

    def layer_drift(self) -> LayerDrift:
        """Measure how far the layers' weights lie apart: 0 for shared ones and right after `unshare`."""
        from_mean, between = {}, {}
        for name, (part, inner, weight) in WEIGHTS.items():
            blocks = [np.ravel(getattr(getattr(x, inner), weight).numpy()) for x in getattr(self.encoder, part)]
            rows = np.array(blocks, dtype=np.float64).reshape(self.layer_count, -1)
            mean = rows[0] + (rows - rows[0]).mean(axis=0)  # exact for equal rows
            norm = float(np.linalg.norm(mean)) or 1.0
            from_mean[name] = np.linalg.norm(rows - mean, axis=1) / norm
            between[name] = np.array([[np.linalg.norm(a - b) for b in rows] for a in rows]) / norm
        return LayerDrift(from_mean, between)

    # --- inside -------------------------------------------------------------------------------------------------

    def _chosen(self, layers: Iterable[int] | None, verb: str) -> set[int]:
        if layers is None:
            return set(range(self.layer_count))
        where = f"albert.Albert.{verb}"
        given: object = layers
        if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
            msg = f"[{where}] layers is {given!r}; give numbers of layers, such as [0, 1]"
            raise InputTypeError(msg)
        return {_checks.whole(where, "layers", n, 0, self.layer_count - 1) for n in layers}

    @staticmethod
    def _part_names(parts: str, verb: str) -> tuple[str, ...]:
        _checks.choice(f"albert.Albert.{verb}", "parts", parts, tuple(_PART_NAMES))
        return _PART_NAMES[parts]

    def _groups(self, part: str) -> tuple[int, ...]:
        held = getattr(self.encoder, part)[:: self.encoder.inner]
        numbers: dict[int, int] = {}
        return tuple(numbers.setdefault(id(layer), len(numbers)) for layer in held)

    def _regroup(self, part: str, labels: list[Any]) -> None:
        """Bring the blocks of equal labels together and the others apart."""
        inner = self.encoder.inner
        held = list(getattr(self.encoder, part))
        taken: set[int] = set()
        made: dict[tuple[Any, int], Any] = {}
        for place in range(inner):
            members: dict[Any, list[Any]] = {}
            for number, label in enumerate(labels):
                members.setdefault(label, []).append(held[number * inner + place])
            for label, blocks in members.items():
                different = list({id(block): block for block in blocks}.values())
                kept = different[0]
                means = _mean_state(different) if len(different) > 1 else None
                if id(kept) in taken:  # another group has it already
                    kept = kept.copy()
                    for layer in (kept, *kept.layers_inside()):
                        layer._reseed(_context.sub_seed(layer._seed, len(made) + 1))
                taken.add(id(kept))
                made[label, place] = kept, means
        for kept, means in made.values():
            if means is not None:
                kept.set_state({**kept.state(), **means})
        fresh = [made[label, place][0] for label in labels for place in range(inner)]
        getattr(self.encoder, part)[:] = fresh

    def _current_config(self, config: Config) -> Config:
        """Return the settings with the sharing as it is."""
        from stochos.albert.config import group_of

        found = {part: self._groups(part) for part in PARTS}
        if found["attention"] == found["feed_forward"]:
            for count in range(1, self.layer_count + 1):
                if _numbered(group_of(self.layer_count, count)) == found["attention"]:
                    return config.replace(num_hidden_groups=count, attention_groups=None, feed_forward_groups=None)
        return config.replace(
            num_hidden_groups=self.layer_count,
            attention_groups=found["attention"],
            feed_forward_groups=found["feed_forward"],
        )

    @staticmethod
    def _size(layers: Sequence[Any]) -> int:
        variables = {v.id: v for layer in layers for v in layer.parameters}
        return int(sum(np.prod(v.shape, dtype=np.int64) for v in variables.values()))

    def _tied(self) -> list[tuple[Any, int]]:
        table = self.embeddings.word.table  # type: ignore[attr-defined]
        return [(v, table.id) for v in self.head.parameters]  # type: ignore[attr-defined]

    def _tied_size(self) -> int:
        return int(np.prod(self.embeddings.word.table.shape))  # type: ignore[attr-defined]


def _numbered(groups: Sequence[int]) -> tuple[int, ...]:
    numbers: dict[int, int] = {}
    return tuple(numbers.setdefault(group, len(numbers)) for group in groups)


def _mean_state(layers: list[Any]) -> dict[str, NDArray[Any]]:
    """Return the mean of the layers' weights by path; summed in float64."""
    named = [dict(_names.unique(_names.weights(layer))) for layer in layers]
    return {
        path: np.mean([one[path].numpy() for one in named], axis=0, dtype=np.float64).astype(first.dtype)
        for path, first in named[0].items()
    }
