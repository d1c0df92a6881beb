"""Every example in a docstring runs and prints what the docstring says.

The examples run in a process of their own, since some set seeds or register names. They may take `nn`, `np` and the
other names in KNOWN for granted, as the pages do.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

RUNNER = """
import doctest, importlib, json, pkgutil, sys
import numpy as np
import stochos
from stochos import datasets, gan, nn, reactions, words

KNOWN = dict(datasets=datasets, gan=gan, nn=nn, np=np, numpy=np, reactions=reactions, words=words)
flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
finder, told, count = doctest.DocTestFinder(exclude_empty=True), [], 0
names = [m.name for m in pkgutil.walk_packages(stochos.__path__, "stochos.")]
for name in names:
    if name.endswith(("_core", "__main__")):
        continue
    module = importlib.import_module(name)
    for test in finder.find(module, name):
        if test.examples:
            count += 1
            test.globs = {**KNOWN, **test.globs}
            doctest.DocTestRunner(optionflags=flags).run(test, out=told.append)
wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\\n3\\n", {}, "wrong", None, 0)
seen = doctest.DocTestRunner().run(wrong, out=lambda text: None).failed
json.dump({"told": told, "count": count, "seen": seen}, sys.stderr)
"""


def test_examples_print_what_the_docstrings_say(tmp_path: Path):
    done = subprocess.run([sys.executable, "-c", RUNNER], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stderr[done.stderr.rindex('{"told"') :])
    assert not found["told"], "".join(found["told"])
    assert found["count"] >= 20
    assert found["seen"] == 1
