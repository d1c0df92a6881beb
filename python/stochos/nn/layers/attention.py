"""Attention with several heads."""

from __future__ import annotations

from typing import Any

from stochos import _checks, _core
from stochos.nn.functions.attending import attention_weights
from stochos.nn.layer import Layer

__all__ = ["MultiHeadAttention"]

ops = _core.ops


class MultiHeadAttention(Layer):
    """Several attentions side by side, each with projections of its own (Vaswani et al. 2017).

    Parameters
    ----------
    heads : int
    head_size : int, optional
        Length of a query and a key of one head; default: C / heads.
    value_size : int, optional
        Length of a value of one head; default: `head_size`.
    units : int, optional
        Length of the result's last axis; default: C of the query.
    use_bias : bool
    dropout : float in [0, 1)
        In training, weights become 0 with this probability.
    kernel_initializer, bias_initializer : str or callable
    **settings
        Those of `Layer`.

    Attributes
    ----------
    query_kernel, key_kernel, value_kernel, output_kernel : Variable
        Of shapes (C, heads * head_size), (Ck, heads * head_size), (Cv, heads * value_size) and
        (heads * value_size, units).
    query_bias, key_bias, value_bias, output_bias : Variable

    Notes
    -----
    Called as ``layer(query, value, key, mask=..., causal=...)``, with a query (B, T, C); value and key (B, S, C), the
    value being the query and the key the value if not given. ``mask`` is of bool, True for what may be looked at, of
    shape (B, S), (B, T, S) or (B, heads, T, S). A query that may look at nothing gets 0 from the heads, not NaN.
    """

    def __init__(
        self,
        heads: int,
        head_size: int | None = None,
        *,
        value_size: int | None = None,
        units: int | None = None,
        use_bias: bool = True,
        dropout: float = 0.0,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        where = "nn.MultiHeadAttention"
        self.heads = _checks.whole(where, "heads", heads, 1)
        self._sizes = tuple(
            None if value is None else _checks.whole(where, name, value, 1)
            for name, value in (("head_size", head_size), ("value_size", value_size), ("units", units))
        )
        self.use_bias = bool(use_bias)
        self.dropout = _checks.real(where, "dropout", dropout, 0.0, 1.0)
        if self.dropout == 1.0:
            self.refuse("a dropout below 1", "1.0")
        self._initializers = kernel_initializer, bias_initializer
        self.stream = self.random_stream() if self.dropout else None

    def build(self, *shapes: Any) -> None:
        """Make the projections."""
        query = shapes[0]
        value = shapes[1] if len(shapes) > 1 and shapes[1] is not None else query
        key = shapes[2] if len(shapes) > 2 and shapes[2] is not None else value
        for name, shape in (("query", query), ("value", value), ("key", key)):
            if shape is None or len(shape) != 3:
                self.refuse(f"a {name} of shape (B, T, C)", f"shape {shape}")
        head, content, units = self._sizes
        if head is None and query[-1] is not None and query[-1] % self.heads:
            self.refuse(f"a query whose last axis {self.heads} heads divide, or head_size", f"shape {query}")
        head = query[-1] // self.heads if head is None else head
        content = head if content is None else content
        units = query[-1] if units is None else units
        for name, rows, columns in (
            ("query", query[-1], self.heads * head),
            ("key", key[-1], self.heads * head),
            ("value", value[-1], self.heads * content),
            ("output", self.heads * content, units),
        ):
            self.add_weight(f"{name}_kernel", (rows, columns), self._initializers[0])
            if self.use_bias:
                self.add_weight(f"{name}_bias", (columns,), self._initializers[1])

    def check(self, *inputs: Any) -> None:
        """Look at the axes and the dtypes."""
        given = [x for x in inputs if x is not None]
        names = ("query", "value", "key")
        for place, x in enumerate(given[:3]):
            self.expect_float(x)
            width = getattr(self, f"{names[place]}_kernel").shape[0]
            if len(x.shape) != 3 or x.shape[-1] != width:
                self.refuse(f"a {names[place]} of shape (B, T, {width})", f"shape {tuple(x.shape)}")

    def call(
        self,
        query: Any,
        value: Any = None,
        key: Any = None,
        mask: Any = None,
        causal: bool = False,
        training: bool = False,
    ) -> Any:
        """Compute."""
        value = query if value is None else value
        key = value if key is None else key
        parts = [
            self._split(self._projected(x, name)) for x, name in ((query, "query"), (key, "key"), (value, "value"))
        ]
        weights = attention_weights(parts[0], parts[1], self._spread(mask, query, key), causal, None)
        if training and self.stream is not None:
            kept = self.stream.bernoulli(tuple(weights.shape), 1.0 - self.dropout)
            weights = ops.where(kept, ops.mul(weights, 1.0 / (1.0 - self.dropout)), 0.0)
        mixed = ops.transpose(ops.matmul(weights, parts[2]), (0, 2, 1, 3))
        joined = ops.reshape(mixed, (mixed.shape[0], mixed.shape[1], mixed.shape[2] * mixed.shape[3]))
        return self._projected(joined, "output")

    def _projected(self, x: Any, name: str) -> Any:
        y = ops.matmul(x, getattr(self, f"{name}_kernel"))
        return ops.add(y, getattr(self, f"{name}_bias")) if self.use_bias else y

    def _split(self, x: Any) -> Any:
        size = x.shape[-1] // self.heads
        return ops.transpose(ops.reshape(x, (x.shape[0], x.shape[1], self.heads, size)), (0, 2, 1, 3))

    def _spread(self, mask: Any, query: Any, key: Any) -> Any:
        """Return the mask with the axes (B, heads, T, S)."""
        if mask is None:
            return None
        if "float" in mask.dtype:
            # Elsewhere such a mask is added to the scores, and 0 means "look"; it would be read the other way round.
            self.refuse_kind("a mask of bool or integers, True for what may be looked at", mask.dtype)
        if mask.dtype != "bool":
            mask = ops.not_equal(mask, 0)
        batch, places = query.shape[0], key.shape[1]
        wanted = {
            2: (batch, places),
            3: (batch, query.shape[1], places),
            4: (batch, self.heads, query.shape[1], places),
        }
        shape = tuple(mask.shape)
        fits = wanted.get(len(shape))
        if fits is None or any(n not in (1, w) for n, w in zip(shape, fits, strict=True)):
            self.refuse(f"a mask of shape {wanted[2]}, {wanted[3]} or {wanted[4]}", f"shape {shape}")
        if len(shape) == 2:
            return ops.reshape(mask, (shape[0], 1, 1, shape[1]))
        return mask if len(shape) == 4 else ops.reshape(mask, (shape[0], 1, *shape[1:]))
