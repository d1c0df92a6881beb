"""A job file is checked whole before anything is done; what is wrong is named by item and key."""

import pytest

from stochos import jobs
from stochos.errors import Error, FileError, FileFormatError, UnknownNameError

DECAY = 'name="d"\ntask="simulate"\nnetwork={species={S=5},reactions=["S -> @ 1.0"]}\ntimes=[0.0,1.0]\n'


def load(tmp_path, text):
    (tmp_path / "job.toml").write_text(text)
    return jobs.load(tmp_path / "job.toml")


def test_items_stand_in_order_with_their_defaults(job_file):
    job = jobs.load(job_file)
    assert job.name == "job"
    assert job.folder == job_file.parent / "job-results"
    assert [item.name for item in job.items] == ["counts", "vectors", *(f"decay/{k}" for k in range(6)), "decay"]
    assert job.items[1].needs == ("counts",)
    assert job.items[1].inputs == (job.folder / "counts.stochos",)
    assert job.items[2].options["seed"] == 3
    assert not job.folder.exists()


def test_points_of_a_sweep_have_the_last_axis_fastest(job_file):
    points = [item.options["point"] for item in jobs.load(job_file).items if item.name.startswith("decay/")]
    assert points == [{"k": k, "initial.S": s} for k in (0.1, 0.2) for s in (10.0, 100.0, 1000.0)]


def test_threads_and_places_of_files_are_not_part_of_what_an_item_is(job_file, tmp_path):
    first = jobs.load(job_file).items[0].definition()
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "corpus.txt").write_text("x")
    (other / "job.toml").write_text("threads = 2\n" + job_file.read_text())
    assert jobs.load(other / "job.toml").items[0].definition() == first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no \[\[items\]\]"),
        ("items = 3", r"no \[\[items\]\]"),
        ("[[items", "is no TOML text"),
        ("treads = 2\n[[items]]\n" + DECAY, "the job has the key 'treads'.*did you mean 'threads'"),
        ("[[items]]\ntask = 'cont'", "task 'cont' is not known"),
        ("[[items]]\nname = 'x'", "item 'x' has no task"),
        ("[[items]]\nname = '../x'\ntask = 'count'", "a name makes a file name"),
        ("[[items]]\n" + DECAY + "[[items]]\n" + DECAY, "two items are called 'd'"),
        ("[[items]]\n" + DECAY + "widnow = 3", "item 'd' has the key 'widnow'"),
        ("[[items]]\n" + DECAY + "n = 1.5", "item 'd': n is 1.5; give a whole number"),
        ("[[items]]\n" + DECAY + "n = true", "item 'd': n is True; give a whole number"),
        ("[[items]]\n" + DECAY + "method = 'fast'", "item 'd'.*method is 'fast'"),
        ("[[items]]\n" + DECAY + "output = '../d.npz'", "inside the job's output folder"),
        ("[[items]]\n" + DECAY + "output = '/tmp/d.npz'", "inside the job's output folder"),
        ("[[items]]\n" + DECAY + "output = '.stochos/d.npz'", "inside the job's output folder"),
        ("[[items]]\n" + DECAY + "output = 'd.xlsx'", "simulate writes .npz"),
        ("[[items]]\n" + DECAY + "sweep = { q = [1, 2] }", "item 'd'.*'q' is no parameter"),
        ("[[items]]\n" + DECAY + "sweep = { time = [1, 2] }", "name of an axis"),
        ("[[items]]\n" + DECAY + "sweep = { k = [] }", "sweep.k is"),
        ("[[items]]\n" + DECAY + "sweep = {k={start=0,stop=1,points=3,spacing='log'}}", "both are above 0"),
        ("[[items]]\n" + DECAY + "sweep = {k={start=0,stop=1,points=10000000}}", "10,000,000 points"),
        ("[[items]]\n" + DECAY.replace("[0.0,1.0]", "[1.0,0.0]"), "item 'd'.*times"),
        ("seed = " + "9" * 5000, "is no TOML text.*digits"),
        ("[[items]]\n" + DECAY.replace("[0.0,1.0]", "[" + "9" * 400 + "]"), "item 'd'.*times"),
        ("[[items]]\n" + DECAY + "sweep = { k = [" + "9" * 400 + "] }", "item 'd'"),
        ("[[items]]\n" + DECAY + "sweep = {k={start=0,stop=" + "9" * 400 + ",points=3}}", "goes from 0 to inf"),
        ("[[items]]\n" + DECAY.replace("[0.0,1.0]", "{until=51e308}"), "times goes from 0 to inf; give finite numbers"),
        ("[[items]]\n" + DECAY.replace("[0.0,1.0]", "{until=nan}"), "times goes from 0 to nan"),
        ("[[items]]\n" + DECAY + "sweep = {k={start=-1e308,stop=1e308,points=3}}", "ends less than 1.8e308 apart"),
        ("[[items]]\n" + DECAY + "sweep = {k={start=1,stop=inf,points=3,spacing='log'}}", "goes from 1 to inf"),
        ("[[items]]\n" + DECAY.replace('"S -> @ 1.0"', '"S -> X @ 1.0"'), "item 'd'.*X"),
        ("[[items]]\nname='v'\ntask='fit'\ncounts='@count'", "no item above it has that name"),
        ("[[items]]\nname='c'\ntask='count'\nsource='none.txt'", "none.txt does not exist"),
        ("[[items]]\nname='c'\ntask='count'", "item 'c' has no source"),
        ("[[items]]\nname='c'\ntask='count'\nsource='job.toml'\nwindow=0", "item 'c'.*window is 0"),
        ("[[items]]\nname='c'\ntask='count'\nsource='job.toml'\n[[items]]\nname='v'\ntask='fit'\ncounts='@c'\nrate=-1.0",
         "item 'v'.*rate is -1"),
        ("[[items]]\nname='m'\ntask='simulate'\nmodel='job.toml'\ntimes=[1]", "item 'm'.*ends in .toml"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused_by_item_and_key(tmp_path, text, message):
    with pytest.raises(Error, match=message):
        load(tmp_path, text)
    assert [path.name for path in tmp_path.iterdir()] == ["job.toml"]


def test_two_items_may_not_write_one_file(tmp_path):
    other = DECAY.replace('"d"', '"e"') + "output = 'd.npz'\n"
    with pytest.raises(Error, match=r"items 'd' and 'e' both write d.npz"):
        load(tmp_path, "[[items]]\n" + DECAY + "[[items]]\n" + other)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileError, match="cannot read"):
        jobs.load(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    with pytest.raises(FileFormatError, match="is no TOML text"):
        jobs.load(tmp_path / "latin.toml")
    (tmp_path / "deep.toml").write_text("x = " + "[" * 100_000)
    with pytest.raises(FileFormatError, match="is no TOML text"):
        jobs.load(tmp_path / "deep.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * (2**24 + 1))
    with pytest.raises(FileFormatError, match="more than 16 MB"):
        jobs.load(tmp_path / "large.toml")


def test_only_takes_names_of_items(job_file):
    with pytest.raises(UnknownNameError, match="no item is called 'decai'"):
        jobs.run(job_file, only=["decai"], progress=False)
