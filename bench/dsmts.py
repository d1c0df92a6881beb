"""The SBML stochastic test suite as a table, case by method: points out of range of the mean and of the deviation.

python bench/dsmts.py FOLDER [FOLDER ...] [--runs 10000] [--methods direct next ...] [--cases 1 2 ...]

A FOLDER holds the folders 00001, 00002, ... of the suite's cases (sbmlteam/sbml-test-suite): those over time, and those
of the package distrib, whose draws depend on no method. Some of these give ln(X), and those of Cauchy's law no
deviation: it is then that of the runs, and for the law without bounds, which has no mean, the median is tested.
At each time Z = sqrt(n) (mean - mu)/sigma must lie in (-3, 3) and Y = sqrt(n/2) (s^2/sigma^2 - 1) in (-5, 5); where
sigma is 0 the mean must be mu. A correct simulator leaves the range in some cases, at several times in a row, since the
points of a case are correlated, and so are cases that are one model written in two ways: look again with another seed.
T. W. Evans, C. S. Gillespie, D. J. Wilkinson, Bioinformatics 24 (2008) 285.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from stochos import reactions
from stochos.errors import Error
from stochos.reactions.simulation import METHODS


def expected(folder: Path) -> tuple[np.ndarray, dict[str, tuple[np.ndarray, np.ndarray | None]]]:
    """Read the times, and mean and deviation of each variable; None where the suite gives no deviation."""
    with next(folder.glob("*-results.csv")).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    header = [name.strip() for name in rows[0]]
    table = np.array(rows[1:], dtype=np.float64)
    column = {name: table[:, i] for i, name in enumerate(header)}
    names = [name.removesuffix("-mean") for name in header if name.endswith("-mean")]
    return column["time"], {name: (column[f"{name}-mean"], column.get(f"{name}-sd")) for name in names}


def moments(run: reactions.Run, name: str, sigma: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, deviation, and the deviation to hold them against."""
    place = run.index(name.removeprefix("ln(").removesuffix(")"))
    if sigma is not None and not name.startswith("ln("):
        return run.mean[:, place], run.std[:, place], sigma
    values = run.values[:, :, place]
    if sigma is not None:  # the logarithm; before the first draw it is given as 0
        values = np.log(np.where(values > 0, values, 1.0))
        return values.mean(axis=0), values.std(axis=0, ddof=1), sigma
    std = values.std(axis=0, ddof=1)
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    heavy = std > 5 * (high - low)  # no mean exists; the median's deviation is pi/2 of half the quartiles' distance
    return np.where(heavy, middle, values.mean(axis=0)), std, np.where(heavy, np.pi / 4 * (high - low), std)


def outside(run: reactions.Run, wanted: dict[str, tuple[np.ndarray, np.ndarray | None]]) -> tuple[int, int, int]:
    """Count the points whose mean and whose deviation are out of range, and all points."""
    n, means, deviations, points = len(run), 0, 0, 0
    for name, (mu, given) in wanted.items():
        mean, std, sigma = moments(run, name, given)
        std = sigma if given is None else std
        some = sigma > 0
        z = np.sqrt(n) * (mean[some] - mu[some]) / sigma[some]
        y = np.sqrt(n / 2) * ((std[some] / sigma[some]) ** 2 - 1)
        means += int((np.abs(z) >= 3).sum()) + int((~np.isclose(mean[~some], mu[~some], rtol=1e-12)).sum())
        deviations += int((np.abs(y) >= 5).sum())
        points += mu.size
    return means, deviations, points


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--methods", nargs="+", default=list(METHODS[1:]), choices=METHODS)
    parser.add_argument("--cases", type=int, nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{options.runs:,} runs a cell, seed {options.seed}; points out of range: mean + deviation\n")
    print(f"| case | points | {' | '.join(options.methods)} |")
    print(f"|---|---|{'---|' * len(options.methods)}")
    totals, start, all_points = dict.fromkeys(options.methods, 0), time.perf_counter(), 0
    cases = [path for group in options.folder for path in group.iterdir() if path.name.isdigit()]
    for folder in sorted(cases, key=lambda path: path.name):
        if options.cases and int(folder.name) not in options.cases:
            continue
        times, wanted = expected(folder)
        cells, points = [], 0
        try:
            net = reactions.Network.from_sbml(next(folder.glob("*-sbml-l3*.xml")))
        except Error as error:
            print(f"| {int(folder.name)} | | refused: {str(error)[:90]} |")
            continue
        names = [name.removeprefix("ln(").removesuffix(")") for name in wanted]
        plain = all(name in names and sigma is not None for name, (_, sigma) in wanted.items())
        keep = "moments" if plain else "trajectories"
        for method in options.methods:
            try:
                run = reactions.simulate(
                    net, times, options.runs, method=method, seed=options.seed, keep=keep, species=names
                )
            except Error as error:
                cells.append(f"{type(error).__name__}: {str(error)[:60]}")
                continue
            means, deviations, points = outside(run, wanted)
            totals[method] += means + deviations
            cells.append(f"{means} + {deviations}")
        all_points += 2 * points
        print(f"| {int(folder.name)} | {points} | {' | '.join(cells)} |", flush=True)
    print(f"| all | {all_points} | {' | '.join(str(totals[m]) for m in options.methods)} |")
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
