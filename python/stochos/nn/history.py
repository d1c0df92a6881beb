"""What a training run measured, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stochos import _checks, _figures
from stochos.errors import InputError, UnknownNameError

__all__ = ["History"]


class History:
    """Numbers of each epoch: ``history["loss"]`` is a list with one number an epoch.

    Attributes
    ----------
    epochs : int
        Epochs done, those before a resume included.
    """

    def __init__(self, values: Mapping[str, list[float]] | None = None) -> None:
        self._values: dict[str, list[float]] = {name: list(numbers) for name, numbers in (values or {}).items()}

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return max((len(numbers) for numbers in self._values.values()), default=0)

    def add(self, figures: Mapping[str, float]) -> None:
        """Append the figures of an epoch.

        Parameters
        ----------
        figures : mapping of str to float
        """
        for name, number in figures.items():
            self._values.setdefault(name, []).append(float(number))

    def __getitem__(self, name: str) -> list[float]:
        if name not in self._values:
            msg = f"[nn.History] there is no figure {name!r}; there are {', '.join(self._values) or 'none yet'}"
            raise UnknownNameError(msg)
        return list(self._values[name])

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self._values == other._values

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={numbers[-1]:.4g}" for name, numbers in self._values.items())
        return f"<History of {self.epochs} epochs: {last}>" if last else "<History of 0 epochs>"

    def as_dict(self) -> dict[str, list[float]]:
        """Return {name: list of numbers}."""
        return {name: list(numbers) for name, numbers in self._values.items()}

    def best(self, name: str = "val_loss", mode: str = "min") -> int:
        """Return the number of the epoch, from 1, with the best figure.

        Parameters
        ----------
        name : str
        mode : {"min", "max"}
        """
        numbers = self[name]
        _checks.choice("nn.History.best", "mode", mode, ("min", "max"))
        return numbers.index((min if mode == "min" else max)(numbers)) + 1

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame with one row an epoch; needs the extra ``data``."""
        pandas = _checks.optional("nn.History.to_pandas", "pandas", "data")
        return pandas.DataFrame(self._values, index=pandas.RangeIndex(1, self.epochs + 1, name="epoch"))

    def plot(self, path: _figures.Path = None, *, names: list[str] | None = None, ax: Any = None) -> Any:
        """Draw the figures over the epochs; needs the extra ``plot``.

        Parameters
        ----------
        path : str or path, optional
            Write the picture there (.png, .svg or .pdf).
        names : list of str, optional
            Default: all losses.
        ax : matplotlib.axes.Axes, optional
            Draw here; default: a new figure.

        Returns
        -------
        matplotlib.axes.Axes
        """
        where = "nn.History.plot"
        names = [name for name in self._values if name.endswith("loss")] if names is None else names
        if not names:
            msg = f"[{where}] there is nothing to draw; train first"
            raise InputError(msg)
        ax = _figures.axes(where, path, ax)
        for name in names:
            numbers = self[name]
            ax.plot(range(1, len(numbers) + 1), numbers, label=name)
        ax.set_xlabel("epoch")
        ax.legend()
        _figures.keep(ax.figure, path, where)
        return ax
