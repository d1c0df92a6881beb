"""A real Ctrl-C during `fit`, in a process of its own: it stops at once, and a resumed run has the same bits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors

# One step of the first kind takes long, an epoch of the second is many short ones.
COMMON = """
import sys, time
import numpy as np
from stochos import nn

kind, checkpoint, result = sys.argv[1:4]
rows, width, depth, size = (1024, 900, 6, 1024) if kind == "long" else (2000, 24, 1, 4)
x = np.random.default_rng(0).normal(size=(rows, 20)).astype(np.float32)
y = (x[:, 0] > 0).astype(np.int64)
inner = [nn.Dense(width, activation="tanh", seed=n) for n in range(depth + 1)]
model = nn.Sequential([*inner, nn.Dropout(0.2, seed=12), nn.Dense(2, seed=14)])
options = dict(loss="cross_entropy", optimizer=nn.Adam(1e-3), batch_size=size, checkpoint=checkpoint, resume=True,
               seed=5, progress=False)
"""
CUT = (
    COMMON
    + """
print("ready", flush=True)
try:
    model.fit(x, y, epochs=10_000, **options)
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
"""
)
REST = (
    COMMON
    + """
model.fit(x, y, epochs=int(sys.argv[4]), **options)
np.savez(result, **model.state())
"""
)


def whole_epochs(checkpoint: Path) -> int:
    if not checkpoint.exists():
        return 0
    with safetensors.safe_open(checkpoint, "np") as file:
        return len(json.loads(file.metadata()["training"])["history"]["loss"])


@pytest.mark.parametrize("kind", ["long", "short"])
def test_an_interrupted_fit_stops_at_once_and_goes_on_with_the_same_bits(kind: str, tmp_path: Path, interrupt_delay):
    checkpoint = tmp_path / "run.safetensors"
    assert interrupt_delay(CUT, kind, str(checkpoint), "", "", waits=(1.0, 1.5, 2.0)) < 0.2
    # Each try went on from the file of the one before. One epoch more, and as many at a stretch.
    epochs = whole_epochs(checkpoint) + 1
    if kind == "short":
        assert epochs > 1
    kept, whole = tmp_path / "kept.npz", tmp_path / "whole.npz"
    for result, start in ((kept, checkpoint), (whole, tmp_path / "fresh.safetensors")):
        subprocess.run([sys.executable, "-c", REST, kind, str(start), str(result), str(epochs)], check=True)
    with np.load(kept) as a, np.load(whole) as b:
        assert a.files
        assert a.files == b.files
        assert all(a[name].tobytes() == b[name].tobytes() for name in a.files)
    left = {"run.safetensors", "fresh.safetensors", "kept.npz", "whole.npz"}
    assert {path.name for path in tmp_path.iterdir()} <= left  # no half-written file
