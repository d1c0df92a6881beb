"""A small job: text to counts to vectors, and a swept simulation."""

import textwrap

import pytest

TEXT = "the cat saw the dog\nthe dog saw the cat and the bird\na bird saw a cat\n" * 30

JOB = """
seed = 3
[[items]]
name = "counts"
task = "count"
source = "corpus.txt"
min_count = 1
[[items]]
name = "vectors"
task = "fit"
counts = "@counts"
dim = 4
[[items]]
name = "decay"
task = "simulate"
network = { species = { S = 100, P = 0 }, reactions = ["S -> P @ k*S"], parameters = { k = 0.1 } }
times = { until = 5, points = 6 }
n = 50
keep = "moments"
sweep = { k = [0.1, 0.2], "initial.S" = [10, 100, 1000] }
"""


@pytest.fixture
def job_file(tmp_path):
    (tmp_path / "corpus.txt").write_text(TEXT)
    (tmp_path / "job.toml").write_text(textwrap.dedent(JOB))
    return tmp_path / "job.toml"
