"""Random tensors from a stream with a seed and a counter, so that a compiled step draws anew each time."""

from __future__ import annotations
