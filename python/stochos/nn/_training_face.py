"""The methods of a model that train, apply and save it; the work is done in `training` and `saving`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stochos._progress import Progress
    from stochos.nn.history import History
    from stochos.nn.saving import LoadReport, Renaming

__all__ = ["Trained"]


class Trained:
    """The part of `Model` that trains, applies and saves it."""

    def fit(self, x: Any, y: Any = None, **options: Any) -> History:
        """Train the model; the options are those of `nn.fit`.

        Parameters
        ----------
        x, y : array, or list, tuple or dict of arrays
            Inputs and targets of N examples. Or `x` alone: what yields batches (x, y).
        **options
            ``loss`` and ``optimizer``, and as far as wanted ``epochs``, ``batch_size``, ``validation``, ``metrics``,
            ``class_weights``, ``callbacks``, ``checkpoint``, ``resume``, ``seed`` and the others of `nn.fit`.

        Returns
        -------
        History
        """
        from stochos.nn import training

        return training.fit(self, x, y, **options)

    def evaluate(self, x: Any, y: Any = None, **options: Any) -> dict[str, float]:
        """Return loss and metrics without training; the options are those of `nn.training.evaluate`.

        Parameters
        ----------
        x, y : array, or list, tuple or dict of arrays
        **options
            ``loss``, ``metrics``, ``weights``, ``loss_weights``, ``batch_size``.

        Returns
        -------
        dict of str to float
        """
        from stochos.nn import training

        return training.evaluate(self, x, y, **options)

    def predict(self, x: Any, *, batch_size: int = 256, progress: Progress = None) -> Any:
        """Return the outputs for N examples as arrays, computed batch by batch.

        Parameters
        ----------
        x : array, or list, tuple or dict of arrays
        batch_size : int
        progress : bool or callable, optional

        Returns
        -------
        ndarray, or list, tuple or dict of them
        """
        from stochos.nn import training

        return training.predict(self, x, batch_size=batch_size, progress=progress)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write architecture and values to a safetensors file; `nn.load` makes the model again.

        Parameters
        ----------
        path : str or path-like
        """
        from stochos.nn import saving

        saving.save(self, path)

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """Write the values to a safetensors file, each shared one once.

        Parameters
        ----------
        path : str or path-like
        """
        from stochos.nn import saving

        saving.save_weights(self, path)

    def load_weights(
        self, source: str | os.PathLike[str] | Mapping[str, Any], *, rename: Renaming | None = None, strict: bool = True
    ) -> LoadReport:
        """Take the values of a file; see `nn.load_weights`.

        Parameters
        ----------
        source : str, path-like, or mapping of str to array
        rename : mapping or callable, optional
            From a name in the file to the path in the model.
        strict : bool
            False allows missing and unexpected names.

        Returns
        -------
        LoadReport
        """
        from stochos.nn import saving

        return saving.load_weights(self, source, rename=rename, strict=strict)
