"""``stochos simulate`` from end to end: models in, numbers, figures and messages out."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stochos import reactions
from stochos.reactions.run import load_run

NET = """begin parameters
    1 k 0.5
end parameters
begin species
    1 A() 40
    2 B() 0
end species
begin reactions
    1 1 2 k #decay
end reactions
"""

SBML = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1">
<model id="decay"><listOfCompartments><compartment id="c" size="1" constant="true" spatialDimensions="3"/>
</listOfCompartments><listOfSpecies>
<species id="A" compartment="c" initialAmount="40" hasOnlySubstanceUnits="true" boundaryCondition="false"
 constant="false"/></listOfSpecies>
<listOfParameters><parameter id="k" value="0.5" constant="true"/></listOfParameters>
<listOfReactions><reaction id="death" reversible="false" fast="false"><listOfReactants>
<speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants><kineticLaw>
<math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>k</ci><ci>A</ci></apply></math>
</kineticLaw></reaction></listOfReactions></model></sbml>
"""


def stochos(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stochos", "simulate", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def ok(*args: object) -> str:
    done = stochos(*args)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model.net").write_text(NET)
    return tmp_path / "model.net"


def test_moments_of_many_runs_are_those_of_the_law(model: Path):
    facts = json.loads(ok(model, "--until", "2", "--runs", "4000", "--seed", "3", "--json"))
    assert facts["keep"] == "moments"
    first = next(iter(facts["final"].values()))
    # 40 exp(-1), with a standard error of sqrt(40 p (1 - p) / 4000) = 0.048; five of them.
    assert first["mean"] == pytest.approx(40 * np.exp(-1), abs=0.24)
    assert first["std"] == pytest.approx(np.sqrt(40 * np.exp(-1) * (1 - np.exp(-1))), rel=0.06)
    assert facts["ends"]["done"] == 4000


def test_sbml_is_read_and_parameters_are_set(tmp_path: Path):
    pytest.importorskip("libsbml")
    (tmp_path / "model.xml").write_text(SBML)
    kept = json.loads(ok(tmp_path / "model.xml", "--until", "1", "--param", "k=0", "--json"))
    assert kept["final"]["A"]["mean"] == 40
    assert kept["events"] == 0
    gone = json.loads(ok(tmp_path / "model.xml", "--until", "9", "--param", "k=99", "--initial", "A=7", "--json"))
    assert (gone["final"]["A"]["mean"], gone["events"]) == (0, 7)


def test_the_three_kinds_of_output_hold_the_same_numbers(model: Path, tmp_path: Path):
    for name in ("run.csv", "run.npz", "run.stochos"):
        ok(model, "--until", "4", "--points", "5", "--runs", "3", "--first", "2", "--seed", "1", "-o", tmp_path / name)
    run = load_run(tmp_path / "run.stochos")
    assert run.values is not None
    assert run.values.shape == (3, 5, 2)
    assert run.times.tolist() == [0, 1, 2, 3, 4]
    with np.load(tmp_path / "run.npz") as arrays:
        assert np.array_equal(arrays["values"], run.values)
        assert arrays["species"].tolist() == run.species
    rows = list(csv.DictReader((tmp_path / "run.csv").read_text().splitlines()))
    assert len(rows) == 30
    assert [float(row["amount"]) for row in rows] == run.values.ravel().tolist()
    assert {row["trajectory"] for row in rows} == {"2", "3", "4"}
    assert rows[1]["species"] == run.species[1]


def test_every_option_is_taken(model: Path, tmp_path: Path):
    pytest.importorskip("matplotlib")
    species = json.loads(ok(model, "--until", "1", "--json"))["final"]
    name = next(iter(species))
    facts = json.loads(
        ok(model, "--until", "2", "--points", "3", "--runs", "30", "--first", "5", "--method", "first", "--keep",
           "histogram", "--species", name, "--param", "k=0.1", "--max-events", "5", "--plot", tmp_path / "out.png",
           "--output", tmp_path / "out.csv", "--seed", "9", "--threads", "2", "--json")
    )  # fmt: skip
    assert facts["method"] == "first"
    assert facts["events"] <= 150
    assert list(facts["final"]) == [name]
    assert facts["output"] == [str(tmp_path / "out.csv"), str(tmp_path / "out.png")]
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_approximate_methods_are_taken(model: Path):
    told = json.loads(ok(model, "--until", "2", "--runs", "30", "--method", "langevin", "--epsilon", "0.05", "--json"))
    net = reactions.Network.from_bngl_net(model)
    run = reactions.simulate(net, np.linspace(0, 2, 101), 30, method="langevin", epsilon=0.05, keep="moments")
    assert told["method"] == run.settings["method"]  # exact where leaps do not pay
    assert {name: final["mean"] for name, final in told["final"].items()} == dict(
        zip(run.species, run.mean[-1].tolist(), strict=True)
    )
    done = stochos(model, "--until", "2", "--method", "direct", "--epsilon", "0.05")
    assert done.returncode == 2
    assert "epsilon" in done.stderr


@pytest.mark.parametrize("keep", ["trajectories", "moments", "final", "histogram"])
def test_any_kept_run_can_be_drawn_and_told(model: Path, tmp_path: Path, keep: str):
    pytest.importorskip("matplotlib")
    out = ok(model, "--until", "2", "--runs", "50", "--keep", keep, "--plot", tmp_path / "out.svg", "--seed", "2")
    assert "50 runs" in out
    assert "out.svg" in out
    assert "<svg" in (tmp_path / "out.svg").read_text()
    lines = out.splitlines()
    assert len(lines) == 4
    assert float(lines[1].split()[1]) == pytest.approx(40 * np.exp(-1), abs=2.2)  # five standard errors


def test_wrong_use_and_bad_input_exit_with_2_and_say_why(model: Path, tmp_path: Path):
    (tmp_path / "model.txt").write_text(NET)
    (tmp_path / "broken.net").write_text("begin species\n 1 A() x\n")
    (tmp_path / "broken.xml").write_text("<sbml")
    cases = [
        ([model], "--until"),
        ([model, "--until", "0"], "--until"),
        ([model, "--until", "inf"], "--until is inf; give a finite number"),
        ([model, "--until", "nan"], "--until is nan"),
        ([tmp_path / "absent.net", "--until", "1"], "absent.net"),
        ([tmp_path / "model.txt", "--until", "1"], ".txt"),
        ([tmp_path / "broken.net", "--until", "1"], "from_bngl_net"),
        ([tmp_path / "broken.xml", "--until", "1"], "from_sbml"),
        ([model, "--until", "1", "--param", "k"], "NAME=NUMBER"),
        ([model, "--until", "1", "--param", "k=fast"], "k=fast"),
        ([model, "--until", "1", "--param", "z=1"], "'z'"),
        ([model, "--until", "1", "--initial", "z=1"], "'z'"),
        ([model, "--until", "1", "--species", "z"], "'z'"),
        ([model, "--until", "1", "--method", "magic"], "magic"),
        ([model, "--until", "1", "-o", tmp_path / "no" / "x.csv"], str(tmp_path / "no")),
        ([model, "--until", "1", "--plot", tmp_path / "no" / "x.png"], str(tmp_path / "no")),
        ([model, "--until", "1", "--plot", tmp_path / "x.nonsense"], "nonsense"),
    ]
    before = {path.name for path in tmp_path.iterdir()}
    for args, told in cases:
        done = stochos(*args)
        assert done.returncode == 2, (args, done.stdout, done.stderr)
        assert told in done.stderr, (args, done.stderr)
        assert "Traceback" not in done.stderr, args
        assert "Warning" not in done.stderr, args
    assert {path.name for path in tmp_path.iterdir()} == before


def test_first_amounts_that_are_not_whole_are_rounded_on_demand(tmp_path: Path):
    (tmp_path / "half.net").write_text(NET.replace("A() 40", "A() 40.4"))
    done = stochos(tmp_path / "half.net", "--until", 1)
    assert done.returncode == 2
    assert "not whole" in done.stderr
    assert json.loads(ok(tmp_path / "half.net", "--until", 1e9, "--round-initial", "--json"))["events"] == 40


def test_a_leap_that_gives_way_is_told(model: Path):
    assert "method direct (tau would not pay here)" in ok(model, "--until", 1, "--method", "tau")
    assert "would not pay" not in ok(model, "--until", 1, "--method", "next")
