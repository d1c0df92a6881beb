"""`stochos run`: what it prints, its log and its exit codes."""

import json
import signal
import subprocess
import sys
import time

import pytest

DECAY = """
[[items]]
name = "decay"
task = "simulate"
network = { species = { S = 100 }, reactions = ["S -> @ k*S"], parameters = { k = 0.1 } }
times = { until = 5 }
sweep = { k = [0.1, 0.2, 0.3] }
"""


@pytest.fixture
def run_stochos():
    def run(*arguments):
        command = [sys.executable, "-m", "stochos", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.fixture
def job(tmp_path):
    (tmp_path / "job.toml").write_text(DECAY)
    return tmp_path / "job.toml"


def test_dry_run_then_run_then_nothing_to_do(job, run_stochos):
    found = run_stochos("run", str(job), "--dry-run")
    assert found.returncode == 0
    assert "decay: to do (new); 0 of 3 points done" in found.stdout
    assert not (job.parent / "job-results").exists()
    found = run_stochos("run", str(job), "--log", str(job.parent / "log"))
    assert found.returncode == 0
    assert found.stdout.startswith("4 done in ")
    assert json.loads((job.parent / "log").read_text().splitlines()[-1])["done"] == 4
    assert run_stochos("run", str(job)).stdout.startswith("4 kept in ")
    assert "0 items to do, 4 done" in run_stochos("run", str(job), "--dry-run").stdout


def test_json_and_workers(job, run_stochos):
    found = run_stochos("run", str(job), "--json", "--workers", "2")
    assert found.returncode == 0
    assert {item["state"] for item in json.loads(found.stdout)["items"]} == {"done"}


def test_exit_codes(job, run_stochos):
    job.write_text(DECAY.replace("k*S", "k*S - 5.55").replace("until = 5", "until = 1e4"))  # negative below S = 55
    found = run_stochos("run", str(job))
    assert found.returncode == 1
    assert "decay/0: failed: " in found.stderr
    assert "1 failed, 3 left" in found.stdout
    job.write_text("items = 3")
    found = run_stochos("run", str(job))
    assert found.returncode == 2
    assert found.stderr.startswith("stochos: [jobs.load] ")
    assert run_stochos("run", str(job), "--log", str(job.parent)).returncode == 2


def test_ctrl_c_ends_with_130_and_what_was_done_stays(job, start_child):
    job.write_text(DECAY.replace("times", "n = 100000000\nkeep = 'moments'\ntimes"))
    child = start_child([sys.executable, "-m", "stochos", "run", str(job), "--log", str(job.parent / "log")])
    deadline = time.monotonic() + 60
    while '"start"' not in (job.parent / "log").read_text() if (job.parent / "log").exists() else True:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == 130
    assert json.loads((job.parent / "log").read_text().splitlines()[-1])["event"] == "stopped"
    assert not list((job.parent / "job-results").rglob("*.npz"))
