"""The base of all optimizers: which parameter gets which options, the count of updates, and the state."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from stochos import _checks, _core
from stochos.errors import InputError, InputTypeError
from stochos.nn import clipping
from stochos.nn.schedules import Schedule

__all__ = ["Optimizer"]


class Optimizer:
    """What all optimizers share.

    Everything that changes is a variable, so that a compiled step carries it along: the count of updates, the rate
    when it is a number, and the slots (moments and such) of each parameter, which begin at the first update. A
    parameter that is given twice, or shared by several layers, is updated once. A frozen one is left alone.

    Parameters
    ----------
    learning_rate : float or Schedule
    clip_norm : float, optional
        Limit of the norm of all gradients together; see `nn.clip_by_norm`.
    clip_value : float, optional
        Limit of every number of the gradients; it comes before `clip_norm`.
    groups : sequence of dict, optional
        Other options for some of the parameters: ``{"parameters": what, "learning_rate": 1e-4, "weight_decay": 0.0}``
        with `what` a layer or model, a variable, a list of them, a pattern of names such as ``"*/bias"``, or a
        function of the variable. The first group that holds a parameter counts.
    **options
        The numbers of the method.

    Attributes
    ----------
    steps : int
        Updates made.
    """

    def __init__(
        self,
        learning_rate: float | Schedule,
        *,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        groups: Sequence[Mapping[str, Any]] = (),
        **options: Any,
    ) -> None:
        self._where = f"nn.{type(self).__name__}"
        self._clip_norm = None if clip_norm is None else _checks.real(self._where, "clip_norm", clip_norm, 1e-300)
        self._clip_value = None if clip_value is None else _checks.real(self._where, "clip_value", clip_value, 1e-300)
        self._options = self._checked(options)
        self._rates: list[_core.Variable | Schedule] = [self._rate(learning_rate)]
        self._members: list[Callable[[_core.Variable], bool]] = []
        self._group_options: list[dict[str, Any]] = []
        for group in groups:
            self._add_group(group, learning_rate)
        self._steps = _core.Variable(np.zeros((), dtype=np.int64), name="steps", trainable=False)
        self._slots: dict[int, tuple[_core.Variable, dict[str, _core.Variable]]] = {}

    def _checked(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options after a look at their ranges; override it."""
        return options

    def _refuse(self, what: str) -> NoReturn:
        msg = f"[{self._where}] {what}"
        raise InputError(msg)

    def _rate(self, given: float | Schedule) -> _core.Variable | Schedule:
        if isinstance(given, Schedule):
            return given
        value = _checks.real(self._where, "learning_rate", given, 0.0)
        return _core.Variable(np.array(value, dtype=np.float64), name="learning_rate", trainable=False)

    def _add_group(self, group: Mapping[str, Any], learning_rate: float | Schedule) -> None:
        shown: object = group  # a caller may give anything
        if not isinstance(shown, Mapping) or "parameters" not in shown:
            msg = f"[{self._where}] a group is {shown!r}; give a dict with 'parameters' and the options that differ"
            raise InputTypeError(msg)
        given = {key: value for key, value in group.items() if key not in ("parameters", "learning_rate")}
        unknown = set(given) - set(self._options)
        if unknown:
            msg = f"[{self._where}] a group has the options {sorted(unknown)}; there are {sorted(self._options)}"
            raise InputError(msg)
        self._members.append(_membership(self._where, group["parameters"]))
        self._group_options.append(self._checked(self._options | given))
        self._rates.append(self._rate(group.get("learning_rate", learning_rate)))

    # --- what a user reads and sets -------------------------------------------------------------------------------

    @property
    def steps(self) -> int:
        """Number of updates made."""
        return int(self._steps.value.item())

    @property
    def learning_rate(self) -> float | Schedule:
        """The rate of all parameters that are in no group: a number, which can be set at any time, or a schedule."""
        rate = self._rates[0]
        return rate if isinstance(rate, Schedule) else float(rate.value.item())

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.set_learning_rate(value)

    def set_learning_rate(self, value: float, group: int | None = None) -> None:
        """Set the rate from the next update on, in compiled steps too.

        Parameters
        ----------
        value : float
        group : int, optional
            Number of the group; default: the parameters in no group.

        Raises
        ------
        InputError
            The rate is a schedule, or there is no such group.
        """
        index = 0 if group is None else 1 + _checks.whole(self._where, "group", group, 0, len(self._rates) - 2)
        rate = self._rates[index]
        if isinstance(rate, Schedule):
            msg = f"[{self._where}] the learning rate is {rate!r}; only a rate given as a number can be set"
            raise InputError(msg)
        number = _checks.real(self._where, "learning_rate", value, 0.0)
        rate.assign(np.array(number, dtype=np.float64))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} after {self.steps} updates>"

    # --- updates --------------------------------------------------------------------------------------------------

    def update(self, parameters: Any, gradients: Sequence[Any]) -> None:
        """Move the parameters one step.

        Parameters
        ----------
        parameters : Layer, Model, Variable or sequence of Variable
        gradients : sequence of Tensor
            One for each of ``model.parameters``, as `nn.grad` returns them.

        Raises
        ------
        InputError
            The numbers or shapes do not fit. Nothing has been changed then.
        """
        pairs = self._pairs(parameters, gradients)
        if not pairs:
            return
        found = [gradient for _, gradient in pairs]
        if self._clip_value is not None:
            found = clipping.clip_by_value(found, self._clip_value)
        if self._clip_norm is not None:
            found = clipping.clip_by_norm(found, self._clip_norm)
        before = self._steps.value
        after = before + 1
        scalars: dict[tuple[int, str], dict[str, Any]] = {}
        plan: list[tuple[_core.Variable, Any]] = []
        for (variable, _), gradient in zip(pairs, found, strict=True):
            group = self._group(variable)
            options = self._options if group == 0 else self._group_options[group - 1]
            if (group, variable.dtype) not in scalars:
                rate = self._rates[group]
                number = rate(before) if isinstance(rate, Schedule) else rate.value
                scalars[group, variable.dtype] = self._scalars(number, after, options, variable.dtype)
            slots = self._slots_of(variable, options)
            moved = self._updated(variable.value, gradient, slots, scalars[group, variable.dtype], options)
            plan.extend(zip((variable, *slots.values()), moved, strict=True))
        for variable, value in plan:
            variable.assign(value)
        self._steps.assign(after)

    def _pairs(self, parameters: Any, gradients: Sequence[Any]) -> list[tuple[_core.Variable, Any]]:
        variables = _variables(self._where, parameters)
        gradients = list(gradients) if isinstance(gradients, (list, tuple)) else [gradients]
        if len(variables) != len(gradients):
            msg = f"[{self._where}.update] there are {len(variables)} parameters and {len(gradients)} gradients"
            raise InputError(msg)
        pairs: dict[int, tuple[_core.Variable, Any]] = {}
        for variable, gradient in zip(variables, gradients, strict=True):
            if tuple(gradient.shape) != tuple(variable.shape):
                msg = (
                    f"[{self._where}.update] {variable.name!r} has shape {tuple(variable.shape)} and its gradient "
                    f"{tuple(gradient.shape)}; give the gradients in the order of the parameters"
                )
                raise InputError(msg)
            if variable.trainable:
                given = gradient if isinstance(gradient, _core.Tensor) else _core.tensor(gradient)
                same = given if given.dtype == variable.dtype else _core.ops.cast(given, variable.dtype)
                pairs.setdefault(variable.id, (variable, same))
        return list(pairs.values())

    def _group(self, variable: _core.Variable) -> int:
        for number, holds in enumerate(self._members, 1):
            if holds(variable):
                return number
        return 0

    def _slots_of(self, variable: _core.Variable, options: Mapping[str, Any]) -> dict[str, _core.Variable]:
        if variable.id not in self._slots:
            shape, dtype = tuple(variable.shape), variable.dtype
            made = {
                name: _core.Variable(
                    np.full(shape, value, dtype=dtype), name=f"{variable.name}/{name}", trainable=False
                )
                for name, value in self._start(options).items()
            }
            self._slots[variable.id] = (variable, made)  # the variable is kept, so that its id stays its own
        return self._slots[variable.id][1]

    def _start(self, options: Mapping[str, Any]) -> dict[str, float]:  # noqa: ARG002
        """Return the slots of a parameter and the number that each begins with; override it."""
        return {}

    def _scalars(self, rate: Any, step: Any, options: Mapping[str, Any], dtype: str) -> dict[str, Any]:  # noqa: ARG002
        """Compute what all parameters of a group share, in float64, and return it in the parameters' dtype."""
        return {"rate": _core.ops.cast(rate, dtype), "exact": rate, "step": step}

    def _updated(
        self,
        p: Any,  # noqa: ARG002
        g: Any,  # noqa: ARG002
        slots: Mapping[str, Any],  # noqa: ARG002
        scalars: Mapping[str, Any],  # noqa: ARG002
        options: Mapping[str, Any],  # noqa: ARG002
    ) -> tuple[Any, ...]:
        """Return the new parameter and the new slots, in their order; override it."""
        msg = f"[nn.{type(self).__name__}] the class defines no _updated(...); use one that does"
        raise InputTypeError(msg)

    # --- state ----------------------------------------------------------------------------------------------------

    def state(self, parameters: Any) -> dict[str, NDArray[Any]]:
        """Return copies of everything that changes, named after the parameters.

        Parameters
        ----------
        parameters : Layer, Model or mapping of str to Variable
            The names: for a model those of ``model.named_variables()``.

        Returns
        -------
        dict of str to ndarray
            ``"steps"``, ``"learning_rate"`` and ``"learning_rate/<group>"`` where they are numbers, and
            ``"<slot>/<parameter>"``. Parameters that were never updated have no slots.
        """
        out = {name: np.array(variable.numpy()) for name, variable in self._own().items()}
        for path, variable in _named(self._where, parameters).items():
            if variable.id in self._slots:
                for slot, value in self._slots[variable.id][1].items():
                    out[f"{slot}/{path}"] = np.array(value.numpy())
        return out

    def set_state(self, parameters: Any, state: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `state` returned; nothing changes when something does not fit.

        Parameters
        ----------
        parameters : Layer, Model or mapping of str to Variable
        state : mapping of str to ndarray

        Raises
        ------
        InputError
            Names are missing or unexpected, or shapes differ.
        """
        where = f"{self._where}.set_state"
        own = self._own()
        plan: list[tuple[_core.Variable, NDArray[Any]]] = []
        slots: dict[int, tuple[_core.Variable, dict[str, _core.Variable]]] = {}
        missing = [name for name in own if name not in state]
        known = set(own)
        for path, variable in _named(self._where, parameters).items():
            group = self._group(variable)
            start = self._start(self._options if group == 0 else self._group_options[group - 1])
            names = {slot: f"{slot}/{path}" for slot in start}
            if not any(name in state for name in names.values()):
                # It had not been updated yet: what has gathered since goes back to the start.
                for slot, held in self._slots.get(variable.id, (variable, {}))[1].items():
                    plan.append((held, np.full(tuple(held.shape), start[slot], dtype=held.dtype)))
                continue
            missing += [name for name in names.values() if name not in state]
            known |= set(names.values())
            made = {}
            for slot, name in names.items():
                value = np.asarray(state.get(name, 0))
                if name in state and value.shape != tuple(variable.shape):
                    msg = (
                        f"[{where}] {name!r} has shape {value.shape}, not {tuple(variable.shape)}; nothing was changed"
                    )
                    raise InputError(msg)
                if name in state:
                    fresh = np.array(value, dtype=variable.dtype)
                    made[slot] = _core.Variable(fresh, name=f"{variable.name}/{slot}", trainable=False)
            slots[variable.id] = (variable, made)
        unexpected = [name for name in state if name not in known]
        if missing or unexpected:
            msg = (
                f"[{where}] the state is not of this optimizer and model: missing {missing[:10] or 'nothing'}, "
                f"unexpected {unexpected[:10] or 'nothing'}; nothing was changed"
            )
            raise InputError(msg)
        plan += [
            (variable, np.asarray(state[name], dtype=variable.dtype).reshape(())) for name, variable in own.items()
        ]
        for identity, (variable, made) in slots.items():
            if identity in self._slots:  # a compiled step may hold these very variables
                plan += [(self._slots[identity][1][slot], value.numpy()) for slot, value in made.items()]
            else:
                self._slots[identity] = (variable, made)
        for variable, value in plan:
            variable.assign(value)

    def _own(self) -> dict[str, _core.Variable]:
        out = {"steps": self._steps}
        for number, rate in enumerate(self._rates):
            if not isinstance(rate, Schedule):
                out["learning_rate" if number == 0 else f"learning_rate/{number - 1}"] = rate
        return out


def _variables(where: str, given: Any) -> list[_core.Variable]:
    """Return the variables of a layer, of a list of variables or layers, or one variable."""
    if isinstance(given, _core.Variable):
        return [given]
    if hasattr(given, "parameters"):
        return list(given.parameters)
    if isinstance(given, Mapping):
        return _variables(where, list(given.values()))
    if isinstance(given, (list, tuple)):
        return [variable for one in given for variable in _variables(where, one)]
    msg = f"[{where}] {given!r} is of type {type(given).__name__}; give a model, a layer, variables or a list of them"
    raise InputTypeError(msg)


def _named(where: str, given: Any) -> dict[str, _core.Variable]:
    if hasattr(given, "named_variables"):
        return dict(given.named_variables())
    if isinstance(given, Mapping):
        return dict(given)
    return {f"{number}": variable for number, variable in enumerate(_variables(where, given))}


def _membership(where: str, given: Any) -> Callable[[_core.Variable], bool]:
    if isinstance(given, str):
        return lambda variable: fnmatch.fnmatchcase(variable.name, given)
    if hasattr(given, "parameters"):
        # Asked anew each time: the layer may make its weights later.
        return lambda variable: any(variable.id == one.id for one in given.parameters)
    if isinstance(given, (list, tuple)):
        parts = [_membership(where, one) for one in given]
        return lambda variable: any(part(variable) for part in parts)
    if isinstance(given, _core.Variable):
        return lambda variable: bool(variable.id == given.id)
    if callable(given):
        return lambda variable: bool(given(variable))
    msg = (
        f"[{where}] the parameters of a group are {given!r}; give a layer, variables, a pattern of names or a function"
    )
    raise InputTypeError(msg)
