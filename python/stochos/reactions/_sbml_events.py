"""Events of an SBML model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stochos.reactions import _text
from stochos.reactions._parts import Event

if TYPE_CHECKING:
    from stochos.reactions._sbml import Reader


def read(reader: Reader) -> list[Event]:
    """Return the events.

    Raises
    ------
    InputError
        An event uses what is not supported; the message names it.
    """
    found = []
    for i, event in enumerate(reader.model.getListOfEvents()):
        name = event.getId()
        what = f"event {name or i + 1!r}"
        trigger = event.getTrigger()
        if trigger is None or trigger.getMath() is None:
            reader.refuse(f"{what} has no trigger")
        if event.isSetTimeUnits():
            reader.refuse(f"{what} has time units of its own, which are not supported")
        later = event.getDelay() is not None
        delay = _optional(reader, event.getDelay(), f"the delay of {what}")
        early = bool(event.getUseValuesFromTriggerTime())
        level_3 = reader.level >= 3
        assignments = []
        for assignment in event.getListOfEventAssignments():
            target = assignment.getVariable()
            text = reader.writer.write(assignment.getMath(), f"the value that {what} gives {target!r}")
            if reader.is_ruled(target):
                reader.refuse(f"{what} sets {target!r}, which an assignment rule gives")
            if target in reader.clocks:
                if later and early:
                    msg = f"{what} sets {target!r}, which has a rate rule, after a delay; that is not supported"
                    reader.refuse(msg)
                base, rate = reader.clocks[target]
                assignments.append((base, f"{text} - ({rate})*time"))
            else:
                assignments.append((reader.names[target], reader.amount(target, text)))
        if not assignments:
            continue  # it changes nothing
        found.append(
            Event(
                reader.writer.write(trigger.getMath(), f"the trigger of {what}"),
                tuple(assignments),
                delay,
                _optional(reader, event.getPriority() if level_3 else None, f"the priority of {what}"),
                bool(trigger.getInitialValue()) if level_3 else True,
                bool(trigger.getPersistent()) if level_3 else True,
                early,
                name or f"event_{i + 1}",
            )
        )
    return found


def _optional(reader: Reader, element: Any, what: str) -> str:
    if element is None:
        return ""
    text = reader.writer.write(element.getMath(), what)
    return "" if _text.is_number(text) and float(text) == 0 and what.startswith("the delay") else text
