"""Networks of BioNetGen: what the files hold; BioNetGen's own ODE trajectories are the truth of the laws."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from stochos import _core
from stochos.errors import FileFormatError, InputError
from stochos.reactions import Network, _build, simulate

TEXT = """begin parameters
    1 k 0.5  # Constant
    2 n 2*k+9 # ConstantExpression
end parameters
begin functions
    1 f() k*Atot
end functions
begin species
    1 A(b) n
    2 $B(a) 3
    3 A(b!1).B(a!1) 0
end species
begin reactions
    1 1,1 3 0.5*k #_R1
    2 1,2 3 f #_R2
    3 3 0 k
    4 0 1 2
end reactions
begin groups
    1 Atot 1,2*3
end groups
"""


def write(tmp_path, text: str):
    path = tmp_path / "model.net"
    path.write_text(text, "utf-8")
    return path


def test_meaning_of_a_file(tmp_path):
    net = Network.from_bngl_net(write(tmp_path, TEXT))
    assert net.initial == {"A(b)": 10.0, "B(a)": 3.0, "A(b!1).B(a!1)": 0.0}
    assert net.fixed == {"B(a)"}
    assert net.rules == {"Atot": "`A(b)` + 2*`A(b!1).B(a!1)`", "f": "k*Atot"}
    assert net.reactions[0].reactants == (("A(b)", 2),)
    assert net.convention == "powers"
    # The propensity of i,i at k is k*x*(x-1); the core takes c times combinations, so c = 2k.
    x = {"A(b)": 10.0, "k": 0.5}
    assert _core.Expression(net.propensity("R1")).evaluate(x) == 0.25 * 10 * 9
    assert _build.constants("t", net._parts, net.parameters).tolist()[::2] == [0.5, 0.5]
    # A function multiplies the reactants too.
    assert _core.Expression(net.propensity("R2")).evaluate({"f": 5.0, "A(b)": 10.0, "B(a)": 3.0}) == 150.0
    assert net.with_(parameters={"k": 1}).initial["A(b)"] == 11.0


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("1 1,1 3 0.5*k", "1 1,1 3", "line 14.*reactions"),
        ("3 3 0 k", "3 3 0 Sat k", "'R3'.*Sat"),
        ("3 3 0 k", "3 3 0 Arrhenius k n", "R3"),
        ("3 3 0 k", "3 3 0 k TotalRate", "R3"),
        ("3 3 0 k", "3 9 0 k", "'R3' has the species number 9 of 3"),
        ("3 3 0 k", "3 3 0 q", "'q'"),
        ("3 3 0 k", "3 3 0 -k", "'R3'.*-0.5"),
        ("2*k+9", "mratio(1,2,k)", "'mratio'"),
        ("2*k+9", "n+1", "n -> n"),
        ("2*k+9", "2.5", "'A.b.'.*not whole"),
        ("1,2*3", "1,2*7", "Atot"),
        ("2 $B(a) 3", "3 $B(a) 3", "number 3 in place 2"),
        ("begin groups", "begin potions", "line 19.*potions"),
        ("end groups", "", "line 19"),
        ("begin species", "simulate_ode()\nbegin species", "line 8.*simulate_ode"),
        ("0.5  #", "k  #", "k -> k"),
        ("k*Atot", "k*Btot", "Btot"),
        ("f() k*Atot", "f(x) k*Atot", "line 6.*functions"),
        ("1 1,1 3 0.5*k", "1 1,99999999999999999999 3 0.5*k", "not made of numbers"),
        ("1 1,1 3 0.5*k", "1 1,,1 3 0.5*k", "not made of numbers"),
        ("k*Atot", "f(1)*k", "takes no argument"),
        ("end groups", "end groups\nbegin groups\nend groups", "occurs twice"),
        ("1,2*3", "1,x*3", "Atot"),
        ("1,2*3", "1,2*0", "Atot.*no species"),
        ("1,2*3", "-1", "Atot.*no species"),
        ("2 $B(a) 3", f"{'9' * 5000} $B(a) 3", "has the number 9{20} in place 2"),
        ("2 $B(a) 3", f"2 $B(a) {'9' * 400}", "the initial amount of 'B.a.' is inf"),
        ("2 $B(a) 3", "2 $B(a) \u0663", "'B.a.'"),
    ],
)
def test_line_that_is_not_understood(tmp_path, old: str, new: str, match: str):
    assert old in TEXT
    with pytest.raises((FileFormatError, InputError), match=match) as caught:
        Network.from_bngl_net(write(tmp_path, TEXT.replace(old, new)))
    assert str(caught.value).startswith("[reactions.Network.from_bngl_net]")


@pytest.mark.parametrize("space", ["\x1c", "\x1f", "\v", "\x85", "\u3000"])
def test_white_space_of_another_kind_beside_a_number(tmp_path, space: str):
    """Python's texts and its numbers differ in what they take for white space."""
    net = Network.from_bngl_net(write(tmp_path, TEXT.replace("$B(a) 3", f"$B(a) {space}3{space}")))
    assert net.initial["B(a)"] == 3


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("2*k+9", "9" * 60_000 + "x"),
        TEXT.replace("2*k+9", "a" * 60_000 + " "),
        TEXT.replace("begin groups", "begin groups" + " " * 60_000 + "!"),
        TEXT.replace("begin groups", "begin " + "a " * 30_000),
        TEXT + "begin x\n" * 8_000,
        TEXT.replace("3 3 0 k", "3 3 0 " + "k " * 30_000),
    ],
    ids=["digits", "name", "spaces", "words", "blocks", "rate"],
)
def test_long_runs_of_one_thing_are_refused_at_once(tmp_path, text: str):
    begin = time.process_time()
    with pytest.raises((FileFormatError, InputError)):
        Network.from_bngl_net(write(tmp_path, text))
    assert time.process_time() - begin < 1.0


def test_a_species_without_a_value_is_told(tmp_path):
    # An empty text was taken for a name that has a rule: KeyError. Found by fuzzing.
    path = tmp_path / "a.net"
    path.write_text(
        "begin parameters\n 1 k 1\nend parameters\nbegin species\n 1 A(b) 100\n 2 $Ba20\nend species\n"
        "begin reactions\n 1 1,2 1 k\nend reactions\n"
    )
    with pytest.raises(InputError, match=r"value of 'Ba20' cannot be read"):
        Network.from_bngl_net(path)


def test_files_that_are_none(tmp_path):
    with pytest.raises(OSError, match="cannot read"):
        Network.from_bngl_net(tmp_path / "absent.net")
    with pytest.raises(FileFormatError, match="no block of species"):
        Network.from_bngl_net(write(tmp_path, ""))
    (tmp_path / "model.net").write_bytes(b"\xff\xfe\0")
    with pytest.raises(FileFormatError, match="UTF-8"):
        Network.from_bngl_net(tmp_path / "model.net")


@pytest.mark.parametrize(
    ("name", "species", "reactions"),
    [
        ("multistate", 9, 18),
        ("multisite2", 66, 288),
        ("egfr_net", 356, 3749),
        ("bcr_ssa", 1122, 24388),
        ("fceri_gamma2", 3744, 58276),
        ("Repressilator", 16, 30),
    ],
)
def test_size_and_time(shared, name: str, species: int, reactions: int):
    begin = time.process_time()
    net = Network.from_bngl_net(shared / "networks" / f"{name}.net")
    net._core()
    taken = time.process_time() - begin
    assert (len(net.species), len(net._parts.laws)) == (species, reactions)
    assert taken < 2


GROWTH = """
import resource, sys
import numpy as np
from stochos import reactions
net = reactions.Network.from_bngl_net(sys.argv[1])
def peak(events):
    run = reactions.simulate(net, [1e6], method=sys.argv[2], max_events=events, keep="final", threads=1)
    assert run.events == events, run.events
    assert run.final.min() >= 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
few = peak(5_000)
print(peak(int(sys.argv[3])) - few)
"""


@pytest.mark.parametrize(
    ("name", "method", "events"),
    [("bcr_ssa", "rssa", 300_000), ("bcr_ssa", "rssacr", 300_000), ("bcr_ssa", "sorting", 300_000),
     ("fceri_gamma2", "rssacr", 300_000), ("fceri_gamma2", "sorting", 300_000),
     ("fceri_gamma2", "next", 30_000), ("fceri_gamma2", "cr", 30_000)],
)  # fmt: skip
def test_large_networks_run_in_memory_that_does_not_grow_with_the_events(shared, name: str, method: str, events: int):
    path = shared / "networks" / f"{name}.net"
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(path), method, str(events)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # In kB; a record of 8 bytes an event would be 195 of the shorter runs.
    assert int(done.stdout) < 150


@pytest.mark.parametrize(("name", "chosen"), [("egfr_net", "rssa"), ("bcr_ssa", "rssa"), ("fceri_gamma2", "sorting")])
def test_what_auto_chooses_for_large_networks(shared, name: str, chosen: str):
    """The quickest of all methods there, as measured; choice.cpp has the figures."""
    net = Network.from_bngl_net(shared / "networks" / f"{name}.net")
    run = simulate(net, [1000.0], max_events=1000, keep="final")
    assert run.settings["method"] == chosen


def test_fractional_start_is_refused_or_rounded(shared):
    path = shared / "networks" / "bcr.net"
    with pytest.raises(InputError, match="not whole"):
        Network.from_bngl_net(path)
    assert all(n == int(n) for n in Network.from_bngl_net(path, round_initial=True).initial.values())


def derivative(net: Network, at: dict[str, float]) -> np.ndarray:
    """Time derivative of the amounts in the deterministic limit, x^n in place of falling powers."""
    change = _build.change(net._parts)
    index = {name: i for i, name in enumerate(at)}
    known = {**net.parameters, **at}
    for name, text in net.rules.items():
        one = _core.Expression(text)
        known[name] = float(one.evaluate({n: known.get(n, 0.0) for n in one.names()}))
    out = np.zeros(len(index))
    for r, reaction in enumerate(net.reactions):
        one = _core.Expression(reaction.law)
        rate = float(one.evaluate({n: known.get(n, 0.0) for n in one.names()}))
        if reaction.mass_action:
            rate *= np.prod([at[s] ** n for s, n in reaction.reactants])
        entry = slice(change.start[r], change.start[r + 1])
        out[change.species[entry]] += rate * change.count[entry]
    return out


# michment.net was written at the end of its run.
STARTS = {"michment": [100.0, 10.0, 0.0, 0.0, 0.0]}
# Files whose .gdat holds the groups along BioNetGen's ODE solution.
TRUTH = ["CaOscillate_Func", "CaOscillate_Sat", "localfunc", "michment", "test_fixed", "motor", "higherorder", "tlbr"]


@pytest.mark.parametrize("name", TRUTH)
def test_laws_follow_the_trajectories_of_bionetgen(shared, name: str):
    integrate = pytest.importorskip("scipy.integrate")
    folder = shared / "networks" / "small"
    net = Network.from_bngl_net(folder / f"{name}.net", round_initial=True)
    lines = (folder / f"{name}.gdat").read_text("utf-8").splitlines()
    columns = lines[0].lstrip("#").split()
    truth = np.array([line.split() for line in lines[1:] if line.strip()], np.float64)[:40]
    # The ODE starts from the amounts of the file, which need not be whole.
    first = {k: v if isinstance(v, float) else net.initial[k] for k, v in net._parts.initial.items()}
    for key, text in net._parts.initial.items():
        if isinstance(text, str):
            one = _core.Expression(text)
            first[key] = float(one.evaluate({n: net.parameters[n] for n in one.names()}))
    species = list(first)
    start = STARTS.get(name, list(first.values()))
    solved = integrate.solve_ivp(
        lambda _, x: derivative(net, dict(zip(species, x.tolist(), strict=True))),
        (truth[0, 0], truth[-1, 0]),
        start,
        method="LSODA",
        t_eval=truth[:, 0],
        rtol=1e-8,
        atol=1e-8,
    )
    assert solved.success
    compared = 0
    for column, group in enumerate(columns):
        rule = net.rules.get(group, "")
        names = _core.Expression(rule).names() if rule else []
        if not names or not set(names) <= set(species):
            continue
        values = _core.Expression(rule).evaluate({n: solved.y[species.index(n)] for n in names})
        np.testing.assert_allclose(values, truth[:, column], rtol=2e-4, atol=2e-4 * np.abs(truth[:, column]).max())
        compared += 1
    assert compared


@pytest.mark.parametrize(
    ("rate", "law"),
    [
        ("Sat k n", lambda a, b, k, n: k * a * b / (n + a)),
        ("Hill k n k", lambda a, b, k, n: k * a**k / (n**k + a**k) * b),
        ("MM k n", lambda a, b, k, n: k * b * (f := ((d := a - n - b) + (d * d + 4 * a * n) ** 0.5) / 2) / (n + f)),
    ],
)
def test_laws_of_several_words(tmp_path, rate: str, law):
    """BioNetGen's manual: Sat, Hill and MM with the first reactant as the substrate."""
    net = Network.from_bngl_net(write(tmp_path, TEXT.replace("2 1,2 3 f #_R2", f"2 1,2 3 {rate} #_R2")))
    values = {"A(b)": 10.0, "B(a)": 3.0, **net.parameters}
    found = _core.Expression(net.propensity("R2")).evaluate(values)
    assert found == pytest.approx(law(10.0, 3.0, net.parameters["k"], net.parameters["n"]), rel=1e-12)


def test_a_path_is_a_path():
    with pytest.raises(FileFormatError, match="path is of type int"):
        Network.from_bngl_net(3)
