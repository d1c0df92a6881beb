"""Sweeps, sensitivities, first passages and comparisons against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from stochos import reactions
from stochos.errors import InputError, InputTypeError, UnknownNameError

BIRTH = reactions.Network({"X": 0}, ["-> X @ birth", "X -> @ death"], {"birth": 10.0, "death": 0.5})
TIMES = [1.0, 4.0]


def mean_of(birth: float, death: float, t: np.ndarray) -> np.ndarray:
    return birth / death * (1 - np.exp(-death * t))


def test_a_sweep_is_a_grid_with_names():
    births, deaths = [5.0, 10.0, 20.0], [0.5, 1.0]
    swept = reactions.sweep(BIRTH, TIMES, {"birth": births, "death": deaths}, 2000)
    assert dict(swept.sizes) == {"birth": 3, "death": 2, "time": 2, "species": 1, "other_species": 1}
    for b in births:
        for d in deaths:
            at = swept.sel(birth=b, death=d, species="X")
            exact = mean_of(b, d, np.array(TIMES))
            assert (np.abs(at["mean"].values - exact) < 5 * np.sqrt(exact / 2000)).all()


def test_points_of_a_sweep_are_ensembles_of_their_own():
    swept = reactions.sweep(BIRTH, TIMES, {"birth": [10.0, 10.0], "X": [0, 3]}, 50, paired=True, keep="final", seed=4)
    assert swept["final"].dims == ("point", "trajectory", "species")
    one = reactions.simulate(BIRTH, TIMES, 50, seed=4, keep="final")
    two = reactions.simulate(BIRTH.with_(initial={"X": 3}), TIMES, 50, first=50, seed=4, keep="final")
    assert swept["final"].values.tolist() == [one.final.tolist(), two.final.tolist()]
    assert swept["X"].values.tolist() == [0, 3]
    common = reactions.sweep(BIRTH, TIMES, {"birth": [10.0, 10.0]}, 50, paired=True, common=True, keep="final")
    assert common["final"].values[0].tolist() == common["final"].values[1].tolist()


def test_sweeps_that_cannot_be():
    for values in ([10**400], ["much"], [None], [[1.0], [2.0, 3.0]]):
        with pytest.raises(InputError, match=r"the values of 'birth' (cannot be an array|have shape)"):
            reactions.sweep(BIRTH, TIMES, {"birth": values}, 2)
    for species in (5, "X", [5], None.__class__):
        with pytest.raises(InputTypeError, match="give a list of names"):
            reactions.simulate(BIRTH, TIMES, species=species)
    with pytest.raises(UnknownNameError, match="'b' is no parameter and no species"):
        reactions.sweep(BIRTH, TIMES, {"b": [1.0]})
    with pytest.raises(InputError, match="are to be paired"):
        reactions.sweep(BIRTH, TIMES, {"birth": [1.0, 2.0, 3.0], "death": [1.0, 2.0]}, paired=True)
    with pytest.raises(InputError, match="give finite numbers"):
        reactions.sweep(BIRTH, TIMES, {"birth": []})


def test_sensitivities_of_birth_and_death():
    found = reactions.sensitivities(BIRTH, TIMES, n=4000, step=0.05)
    t = np.array(TIMES)
    by_birth = (1 - np.exp(-0.5 * t)) / 0.5
    by_death = -10 / 0.25 * (1 - np.exp(-0.5 * t)) + 20 * t * np.exp(-0.5 * t)
    for name, exact in (("birth", by_birth), ("death", by_death)):
        at = found.sel(parameter=name, species="X")
        # A central difference of 5 per cent is off by a few parts in a thousand here.
        assert (np.abs(at["derivative"] - exact) < 5 * at["standard_error"] + 0.01 * np.abs(exact)).all()
    elastic = found["elasticity"].sel(parameter="birth", species="X").values
    assert np.abs(elastic - 1).max() < 0.1


def test_common_random_numbers_take_noise_away():
    found = reactions.sensitivities(BIRTH, [1.0], ["birth"], 2000)
    apart = np.sqrt(2 * mean_of(10, 0.5, np.array(1.0)) / 2000) / (2 * 0.5)
    assert found["standard_error"].values.ravel()[0] < apart / 2


def test_sensitivities_that_cannot_be():
    with pytest.raises(UnknownNameError, match="'k' is no parameter"):
        reactions.sensitivities(BIRTH, TIMES, ["k"])
    with pytest.raises(InputError, match="needs a number that is not 0"):
        reactions.sensitivities(BIRTH.with_(parameters={"birth": 0.0}), TIMES, ["birth"])
    with pytest.raises(InputError, match="step is 2"):
        reactions.sensitivities(BIRTH, TIMES, step=2.0)
    with pytest.raises(InputError, match="keep is 'final'"):
        reactions.sensitivities(BIRTH, TIMES, keep="final")


def test_the_law_of_a_first_passage_is_a_gamma():
    net = reactions.Network({"X": 0}, ["-> X @ 2"], {})
    run = reactions.simulate(net, [6.0], 4000, keep="first_passage", condition="X >= 5")
    at = np.array([0.5, 1.0, 2.0, 3.0, 5.0])
    law = reactions.passage_law(run, at, confidence=0.9999)
    exact = scipy.stats.gamma(5, scale=0.5).cdf(at)
    assert (law.low <= exact).all()
    assert (exact <= law.high).all()
    assert law.passed + law.never == 4000
    every = reactions.passage_law(run)
    assert every.probability[-1] == law.passed / 4000
    assert every.mean == pytest.approx(np.nanmean(run.passage))
    assert repr(law).startswith(f"<PassageLaw: {law.passed:,} of 4,000 passed, at 2.")


def test_passages_that_are_unknown_are_told():
    net = reactions.Network({"X": 0}, ["-> X @ 2"], {})
    cut = reactions.simulate(net, [6.0], 10, keep="first_passage", condition="X >= 500", max_events=3)
    with pytest.raises(InputError, match="were ended early"):
        reactions.passage_law(cut)
    with pytest.raises(InputError, match="simulate with keep='first_passage'"):
        reactions.passage_law(reactions.simulate(net, [1.0]))


def test_one_law_is_taken_for_one_and_two_for_two():
    kept = [
        reactions.simulate(BIRTH.with_(parameters={"birth": b}), TIMES, 1500, seed=s, keep=keep)
        for s, (b, keep) in enumerate([(10.0, "final"), (10.0, "histogram"), (11.0, "trajectories")])
    ]
    same = reactions.compare(kept[0], kept[1])
    other = reactions.compare(kept[0], kept[2])
    assert same.p_value > 0.01
    assert other.p_value < 0.01
    assert other["X"].means[1] > other["X"].means[0]
    assert other.sizes == (1500, 1500)
    assert "p = " in str(other)
    exact = scipy.stats.ks_2samp(kept[0].final[:, 0], kept[2].final[:, 0])
    assert other["X"].ks == pytest.approx(exact.statistic)


def test_p_values_are_uniform_under_one_law():
    found = []
    for k in range(60):
        a, b = (reactions.simulate(BIRTH, [2.0], 80, first=160 * k + 80 * i, keep="final") for i in (0, 1))
        found.append(reactions.compare(a, b, permutations=99, seed=k)["X"].divergence_p)
    assert scipy.stats.kstest(found, "uniform").pvalue > 0.001


def test_comparisons_that_cannot_be():
    moments = reactions.simulate(BIRTH, TIMES, 10, keep="moments")
    final = reactions.simulate(BIRTH, TIMES, 10, keep="final")
    with pytest.raises(InputError, match="a run has keep='moments'"):
        reactions.compare(moments, final)
    with pytest.raises(InputError, match="nearest times of the runs"):
        reactions.compare(final, reactions.simulate(BIRTH, [2.0], 10, keep="final"))
    with pytest.raises(UnknownNameError, match="'Y' is not in the run"):
        reactions.compare(final, final, species=["Y"])
    with pytest.raises(UnknownNameError, match="there is no divergence 'far'"):
        reactions.compare(final, final, divergence="far")
