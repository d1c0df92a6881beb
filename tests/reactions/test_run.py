"""What a run tells: moments, tables, plots and files, from arrays whose moments are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stochos.errors import FileError, FileFormatError, InputError, UnknownNameError
from stochos.reactions.run import Run, load_run

SETTINGS = {"network": "test", "n": 3, "first": 5, "keep": "trajectories", "method": "direct", "seed": 1, "events": 42,
            "ends": {"done": 1, "absorbed": 1, "max_events": 1}, "bounds": [[0, 3], [-1, 2]]}  # fmt: skip


def made(keep: str = "trajectories") -> Run:
    """Three trajectories, two times, two species."""
    values = np.array([[[1, 0], [2, 4]], [[1, 0], [4, 4]], [[1, 0], [6, 1]]], dtype=np.float64)
    common = {
        "events_per_trajectory": np.array([10, 12, 20], dtype=np.int64),
        "status": np.array([0, 1, 2], dtype=np.uint8),
    }
    arrays = {
        "trajectories": {"values": values, "final": values[:, -1].copy()},
        "moments": {"mean": values.mean(axis=0), "std": values.std(axis=0, ddof=1)},
        "final": {"final": values[:, -1].copy()},
        "histogram": {
            "histogram/0": np.array([[0, 0, 3, 0, 0, 0], [0, 0, 0, 1, 0, 2]], dtype=np.int64),
            "histogram/1": np.array([[0, 0, 3, 0, 0, 0], [0, 0, 0, 1, 0, 2]], dtype=np.int64),
        },
    }[keep]
    return Run(np.array([0.0, 2.5]), ["A", "B"], {**common, **arrays}, {**SETTINGS, "keep": keep})


def test_moments_are_those_of_the_values():
    run = made()
    assert run.mean.tolist() == [[1, 0], [4, 3]]
    assert run.std[1, 0] == pytest.approx(2.0)  # 2, 4, 6
    assert run.std[1, 1] == pytest.approx(np.sqrt(3.0))  # 4, 4, 1
    assert run.covariance is not None
    assert run.covariance[1, 0, 1] == pytest.approx(-3.0)  # sum of (-2, 0, 2) * (1, 1, -2) over 2
    assert np.allclose(run.covariance.diagonal(axis1=1, axis2=2), run.std**2)
    assert run.final is not None
    assert run.final.tolist() == [[2, 4], [4, 4], [6, 1]]
    held = run.histogram["A"]
    assert held.amounts.tolist() == [1, 2, 3, 4, 5, 6]
    assert held.counts.tolist() == [[3, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1]]
    assert not held.below.any()
    assert run["B"].tolist() == [[0, 4], [0, 4], [0, 1]]
    assert (run.events, len(run), run.species) == (42, 3, ["A", "B"])


def test_standard_deviation_of_one_trajectory_is_not_known():
    run = Run(np.array([1.0]), ["A"], {"values": np.ones((1, 1, 1))}, {**SETTINGS, "n": 1})
    assert np.isnan(run.std).all()
    assert np.isnan(run.covariance).all()
    assert run.mean.tolist() == [[1.0]]


def test_a_trajectory_that_ended_early_is_left_out_behind_its_end():
    values = np.array([[[1.0], [3.0]], [[2.0], [np.nan]]])
    run = Run(np.array([0.0, 1.0]), ["A"], {"values": values}, {**SETTINGS, "n": 2})
    assert run.reached.tolist() == [2, 1]
    assert run.mean.tolist() == [[1.5], [3.0]]
    assert run.std[0, 0] == pytest.approx(np.sqrt(0.5))
    assert np.isnan(run.std[1, 0])
    assert run.histogram["A"].counts.tolist() == [[1, 1, 0], [0, 0, 1]]


def test_histogram_tells_what_is_outside_its_bounds():
    held = made("histogram").histogram
    assert held["A"].amounts.tolist() == [0, 1, 2, 3]
    assert held["B"].amounts.tolist() == [-1, 0, 1, 2]
    assert held["A"].above.tolist() == [0, 2]
    assert held["A"].below.tolist() == [0, 0]
    assert held["A"].counts.tolist() == [[0, 3, 0, 0], [0, 0, 1, 0]]


def test_what_was_not_kept_is_an_error_that_names_keep():
    with pytest.raises(InputError, match="keep='final'"):
        _ = made("final").mean
    assert made("final").values is None
    with pytest.raises(UnknownNameError, match="'C'"):
        made().index("C")


def test_arrays_are_read_only():
    run = made()
    with pytest.raises(ValueError):
        run.times[0] = 3
    run.settings["n"] = 7
    assert len(run) == 3


def test_repr_tells_size_and_how_trajectories_ended():
    text = repr(made())
    assert "3 trajectories, 2 times, 2 species, 42 events" in text
    assert "1 ended by max_events" in text
    html = made()._repr_html_()
    assert "<td>A</td><td>4</td><td>2</td>" in html
    assert "&lt;Run" in html


def test_xarray_has_the_coordinates_of_the_run():
    pytest.importorskip("xarray")
    data = made().to_xarray()
    assert data["values"].dims == ("trajectory", "time", "species")
    assert data["trajectory"].values.tolist() == [5, 6, 7]
    assert float(data["values"].sel(trajectory=7, time=2.5, species="B")) == 1
    assert float(data["mean"].sel(time=2.5, species="A")) == 4
    assert data["status"].values.tolist() == [0, 1, 2]
    assert data.attrs["seed"] == "1"
    assert set(made("moments").to_xarray()) == {"mean", "std", "events", "status"}
    assert "final" in made("final").to_xarray()
    assert made("histogram").to_xarray()["histogram_A"].sel(time=0.0, amount_A=1) == 3


@pytest.mark.parametrize(
    ("keep", "rows", "columns"),
    [
        ("trajectories", 12, ["trajectory", "time", "species", "amount"]),
        ("moments", 4, ["time", "species", "mean", "std"]),
        ("final", 6, ["trajectory", "species", "amount"]),
        ("histogram", 16, ["time", "species", "amount", "trajectories"]),
    ],
)
def test_pandas_table_has_a_row_for_each_number(keep: str, rows: int, columns: list[str]):
    pytest.importorskip("pandas")
    frame = made(keep).to_pandas()
    assert list(frame.columns) == columns
    assert len(frame) == rows
    if keep == "trajectories":
        chosen = frame[(frame.trajectory == 6) & (frame.time == 2.5) & (frame.species == "A")]
        assert chosen.amount.tolist() == [4]
    if keep == "histogram":
        chosen = frame[(frame.time == 2.5) & (frame.species == "A")]
        assert chosen.trajectories.tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("keep", ["trajectories", "moments", "final", "histogram"])
def test_file_holds_everything(keep: str, tmp_path: Path):
    run = made(keep)
    run.save(tmp_path / "run.stochos")
    read = load_run(tmp_path / "run.stochos")
    assert read.settings == run.settings
    assert read.species == run.species
    assert read._arrays.keys() == run._arrays.keys()
    for name, array in run._arrays.items():
        assert read._arrays[name].dtype == array.dtype
        assert np.array_equal(read._arrays[name], array)
    assert repr(read) == repr(run)


def test_damaged_and_foreign_files_are_refused(tmp_path: Path):
    from stochos import _storage

    made().save(tmp_path / "run")
    whole = (tmp_path / "run").read_bytes()
    (tmp_path / "short").write_bytes(whole[:-8])
    with pytest.raises(FileFormatError, match="short"):
        load_run(tmp_path / "short")
    with pytest.raises(FileError):
        load_run(tmp_path / "absent")
    _storage.write(tmp_path / "other", "reaction run", {"settings": {}}, {"times": np.ones(2)}, "test")
    with pytest.raises(FileFormatError, match="does not hold a run"):
        load_run(tmp_path / "other")


def test_plots_show_what_they_are_asked_for():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    def axes():
        return Figure().add_subplot()

    run = made()
    drawn = run.plot(ax=axes())  # three trajectories: single ones by default
    assert len(drawn.lines) == 6
    assert drawn.lines[0].get_ydata().tolist() == [1, 2]
    assert drawn.get_legend() is not None
    assert len(run.plot(ax=axes(), limit=1, kind="trajectories", species=["B"]).lines) == 1
    band = run.plot(ax=axes(), limit=2)
    assert band.lines[0].get_ydata().tolist() == [1, 4]
    assert len(band.collections) == 2
    for source in (run, made("histogram"), made("final")):
        bars = source.plot("histogram", ax=axes(), species=["A"])
        patch = bars.patches[0].get_data()
        assert np.dot(patch.values, np.diff(patch.edges)) == pytest.approx(1.0)
    with pytest.raises(InputError, match="kind"):
        run.plot("pie", ax=axes())
    with pytest.raises(InputError, match="keep='moments'"):
        made("moments").plot("trajectories", ax=axes())
    with pytest.raises(InputError, match="keep='final'"):
        made("final").plot("histogram", time=0.0, ax=axes())


@pytest.mark.parametrize("keep", ["trajectories", "moments", "final", "histogram"])
def test_arrow_readers_get_the_table_of_pandas(keep: str):
    pyarrow = pytest.importorskip("pyarrow")
    pandas = pytest.importorskip("pandas")
    run = made(keep)
    table = pyarrow.table(run)  # by __arrow_c_stream__ alone
    assert table.num_rows == len(run.to_pandas())
    read = table.to_pandas().astype(run.to_pandas().dtypes.to_dict())
    pandas.testing.assert_frame_equal(read, run.to_pandas())
