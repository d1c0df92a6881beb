"""What is done stays done, and is what the plain calls give; what changed is done again, and only that."""

import concurrent.futures
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from stochos import jobs, reactions, words
from stochos.errors import Error, InputError, StoppedError


def states(report):
    return {outcome.item: outcome.state for outcome in report.outcomes}


def digests(folder):
    """The bytes of every output; records tell times of change, which differ."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "done" not in path.parts]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_results_are_those_of_the_plain_calls(job_file):
    report = jobs.run(job_file, progress=False)
    assert report.good
    assert report.count("done") == 9
    folder = job_file.parent / "job-results"
    counts = words.count(job_file.parent / "corpus.txt", min_count=1, seed=3)
    assert words.load_counts(folder / "counts.stochos")["cat", "dog"] == counts["cat", "dog"]
    vectors = words.fit(counts, dim=4, seed=3)
    np.testing.assert_array_equal(words.load_vectors(folder / "vectors.stochos").matrix, vectors.matrix)
    with np.load(folder / "decay.npz") as held:
        assert held["mean"].shape == (2, 3, 6, 2)
        np.testing.assert_array_equal(held["sweep/initial.S"], [10, 100, 1000])
        net = reactions.Network({"S": 1000, "P": 0}, ["S -> P @ k*S"], {"k": 0.1})
        run = reactions.simulate(net, np.linspace(0, 5, 6), 50, first=2 * 50, seed=3, keep="moments")
        np.testing.assert_array_equal(held["mean"][0, 2], run.mean)
        np.testing.assert_array_equal(held["covariance"][0, 2], run.covariance)


def test_a_second_run_does_nothing(job_file):
    jobs.run(job_file, progress=False)
    before = {path: path.stat().st_mtime_ns for path in (job_file.parent / "job-results").rglob("*")}
    report = jobs.run(job_file, progress=False)
    assert report.count("kept") == 9
    assert {path: path.stat().st_mtime_ns for path in (job_file.parent / "job-results").rglob("*")} == before


def test_what_changed_is_done_again_and_what_hangs_on_it(job_file):
    jobs.run(job_file, progress=False)
    job_file.write_text(job_file.read_text().replace("min_count = 1", "min_count = 2"))
    report = jobs.run(job_file, dry_run=True)
    assert states(report)["counts"] == states(report)["vectors"] == "left"
    assert states(report)["decay"] == "kept"
    assert report.outcomes[0].reason == "changed: min_count"
    found = states(jobs.run(job_file, progress=False))
    # No word is that rare here: the counts are made again, but say the same of the text but for their settings.
    assert found.pop("counts") == found.pop("vectors") == "done"
    assert set(found.values()) == {"kept"}


def test_an_input_of_another_time_and_the_same_content_is_no_change(job_file):
    jobs.run(job_file, progress=False)
    os.utime(job_file.parent / "corpus.txt", (1, 1))
    assert jobs.run(job_file, progress=False).count("kept") == 9
    with (job_file.parent / "corpus.txt").open("a") as file:
        file.write("the cat\n")
    found = jobs.run(job_file, progress=False)
    assert states(found)["counts"] == "done"
    assert found.outcomes[0].reason == "corpus.txt has changed"


@pytest.mark.parametrize("damage", ["remove", "change", "record"])
def test_outputs_that_were_touched_are_made_again(job_file, damage):
    jobs.run(job_file, progress=False)
    folder = job_file.parent / "job-results"
    before = digests(folder)
    if damage == "remove":
        (folder / "decay.npz").unlink()
    elif damage == "change":
        (folder / "decay.npz").write_bytes(b"nothing")
    else:
        (folder / ".stochos" / "done" / "decay.json").write_text('{"schema": 1, "inputs": 3')
    found = states(jobs.run(job_file, progress=False))
    assert [name for name, state in found.items() if state == "done"] == ["decay"]
    assert digests(folder) == before


def test_only_does_an_item_and_what_it_needs(job_file):
    report = jobs.run(job_file, only=["vectors"], progress=False)
    assert states(report) == {"counts": "done", "vectors": "done"}


def test_a_dry_run_changes_nothing(job_file):
    report = jobs.run(job_file, dry_run=True)
    assert report.count("left") == 9
    assert sorted(path.name for path in job_file.parent.iterdir()) == ["corpus.txt", "job.toml"]


def test_a_failure_leaves_what_needs_it_and_keep_going_does_the_rest(job_file):
    # A rate that turns negative is seen only while the simulation runs.
    bad = (
        '[[items]]\nname = "bad"\ntask = "simulate"\ntimes = [10.0]\n'
        'network = { species = { X = 5 }, reactions = ["X -> @ X - 2.5"] }\n'
    )
    text = job_file.read_text()
    job_file.write_text(bad + text.replace("seed = 3\n", ""))
    first = jobs.run(job_file, progress=False)
    assert first.outcomes[0].state == "failed"
    assert "bad" not in (job_file.parent / "job-results").iterdir()
    assert not first.good
    assert first.count("left") == 9
    second = jobs.run(job_file, keep_going=True, progress=False)
    assert (second.count("failed"), second.count("done")) == (1, 9)


def test_first_amounts_of_a_model_file_are_rounded_on_demand(tmp_path):
    (tmp_path / "half.net").write_text(
        "begin species\n1 A() 40.4\n2 B() 0\nend species\nbegin reactions\n1 1 2 0.5\nend reactions\n"
    )
    item = '[[items]]\nname = "half"\ntask = "simulate"\nmodel = "half.net"\ntimes = [0.0]\nkeep = "final"\n'
    job = tmp_path / "job.toml"
    job.write_text(item)
    with pytest.raises(InputError, match="not whole"):
        jobs.load(job)
    job.write_text(item + 'round_initial = true\noutput = "half.csv"\n')
    assert jobs.run(job, progress=False).good
    made = (tmp_path / "job-results" / "half.csv").read_text().splitlines()
    assert made[1].split(",")[-2:] == ["A()", "40"]


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_an_executor_gives_the_same_bytes(job_file, kind):
    jobs.run(job_file, progress=False)
    folder = job_file.parent / "job-results"
    before = digests(folder)
    folder.rename(folder.with_name("kept"))
    if kind == "threads":
        pool = concurrent.futures.ThreadPoolExecutor(3)
    else:
        import multiprocessing

        pool = concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))
    with pool:
        assert jobs.run(job_file, executor=pool, progress=False).count("done") == 9
    assert digests(folder) == before


def test_a_job_has_one_run_at_a_time(job_file):
    def meanwhile(_done, _total):
        with pytest.raises(InputError, match="in use by another run"):
            jobs.run(job_file, progress=False)
        return True

    assert jobs.run(job_file, progress=meanwhile).good


def test_a_stopped_job_goes_on(job_file):
    with pytest.raises(StoppedError):
        jobs.run(job_file, progress=lambda done, _total: done < 3)
    report = jobs.run(job_file, progress=False)
    assert (report.count("kept"), report.count("done")) == (3, 6)


def test_the_log_is_lines_of_json(job_file):
    log = io.StringIO()
    jobs.run(job_file, log=log, progress=False)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert lines[0]["event"] == "job"
    assert lines[-1]["event"] == "end"
    assert [line["item"] for line in lines if line["event"] == "done"] == [i.name for i in jobs.load(job_file).items]
    assert all(line["time"].endswith("+00:00") for line in lines)
    assert lines[2]["left"] >= 0


@pytest.mark.parametrize("ending", [".nc", ".parquet"])
def test_a_sweep_in_other_formats(job_file, ending):
    pytest.importorskip({".nc": "scipy", ".parquet": "pyarrow"}[ending])
    job_file.write_text(job_file.read_text() + f'output = "decay{ending}"\n')
    jobs.run(job_file, only=["decay"], progress=False)
    made = job_file.parent / "job-results" / f"decay{ending}"
    net = reactions.Network({"S": 10, "P": 0}, ["S -> P @ k*S"], {"k": 0.2})
    mean = reactions.simulate(net, np.linspace(0, 5, 6), 50, first=3 * 50, seed=3, keep="moments").mean
    if ending == ".nc":
        xarray = pytest.importorskip("xarray")
        with xarray.open_dataset(made) as held:
            assert set(held.coords) == {"k", "initial.S", "time", "species", "other_species"}
            assert held["species"].to_numpy().tolist() == ["S", "P"]
            found = held["mean"].sel({"k": 0.2, "initial.S": 10}).transpose("time", "species").to_numpy()
    else:
        pandas = pytest.importorskip("pandas")
        table = pandas.read_parquet(made)
        rows = table[(table["k"] == 0.2) & (table["initial.S"] == 10)]
        found = rows.pivot_table(index="time", columns="species", values="mean")[["S", "P"]].to_numpy()
    np.testing.assert_array_equal(found, mean)


def _killed(job_file, seconds):
    """Start the job in a process of its own and kill it after some time; tell whether it was done before."""
    command = [sys.executable, "-m", "stochos", "run", str(job_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(seconds)
        over = process.poll() is not None
        process.send_signal(signal.SIGKILL)
    return over


def test_after_kill_nine_the_next_run_ends_with_the_same_bytes(job_file):
    job_file.write_text(job_file.read_text().replace("n = 50", "n = 20000"))
    jobs.run(job_file, progress=False)
    folder = job_file.parent / "job-results"
    before = digests(folder)
    folder.rename(folder.with_name("kept"))
    rng = np.random.default_rng(1)
    for _ in range(4):
        if _killed(job_file, rng.uniform(0.2, 0.6)):
            break
    report = jobs.run(job_file, progress=False)
    assert report.good
    assert digests(folder) == before
    assert not [path for path in folder.rglob("*") if path.name.startswith(".stochos-")]


def test_errors_of_the_system_are_errors_of_the_item(job_file):
    folder = job_file.parent / "job-results"
    folder.mkdir()
    (folder / "counts.stochos").mkdir()  # no file can be put in the place of a folder
    report = jobs.run(job_file, progress=False)
    assert report.outcomes[0].state == "failed"
    assert "counts.stochos" in report.outcomes[0].reason


def test_a_folder_that_cannot_be_made(job_file):
    (job_file.parent / "job-results").write_text("a file")
    with pytest.raises(Error, match="cannot be written"):
        jobs.run(job_file, progress=False)
    assert Path(job_file.parent / "job-results").read_text() == "a file"
