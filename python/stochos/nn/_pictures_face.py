"""The methods of a model that show it; the work is done in `summary` and `plotting`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stochos.nn.summary import Summary

__all__ = ["Pictured"]


class Pictured:
    """The part of `Model` that shows it."""

    def summary(self, *, nested: bool = False) -> Summary:
        """Return a table of the layers: name, class, output shape, parameters, where the input comes from.

        Parameters
        ----------
        nested : bool
            Show the layers inside of layers too.

        Returns
        -------
        Summary
            A str; print it.
        """
        from stochos.nn import summary

        return summary.summary(self, nested)  # type: ignore[arg-type] # only models derive from this

    def plot(self, path: str | os.PathLike[str] | None = None, *, nested: bool = False, ax: Any = None) -> Any:
        """Draw the graph with matplotlib.

        Parameters
        ----------
        path : str or path, optional
            Write the picture there (.png, .svg or .pdf).
        nested : bool
            Draw the layers of inner models in place of the models.
        ax : matplotlib.axes.Axes, optional
            Draw here; default: a new figure of fitting size.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        MissingPartError
            matplotlib is not installed.
        """
        from stochos.nn import plotting

        return plotting.plot(self, path, nested, ax)  # type: ignore[arg-type] # as above
