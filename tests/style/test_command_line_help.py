"""Every command, option and argument explains itself, and its defaults are the library's."""

from __future__ import annotations

import inspect

import click
import pytest

from stochos import words
from stochos.cli.main import COMMANDS, group

COMMAND_NAMES = list(COMMANDS)


def loaded(name: str) -> click.Command:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    return command


@pytest.mark.parametrize("name", COMMAND_NAMES)
def test_command_options_and_arguments_have_help(name: str):
    command = loaded(name)
    assert command.name == name
    assert command.help
    assert command.short_help
    assert f"stochos {name}" in (command.epilog or ""), "an example is missing"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
        else:
            assert (parameter.metavar or parameter.name or "").upper() in command.help, parameter.name


@pytest.mark.parametrize("name", COMMAND_NAMES)
def test_command_prints_json_for_machines(name: str):
    command = loaded(name)
    members = command.commands.values() if isinstance(command, click.Group) else [command]
    assert all(any("--json" in parameter.opts for parameter in member.params) for member in members)


COUNTING = {"window", "min_count", "weighting", "tokenizer"}


@pytest.mark.parametrize(("name", "function"), [("count", "count"), ("fit", "fit"), ("fit", "count")])
def test_defaults_are_those_of_the_library(name: str, function: str):
    # `stochos fit TEXT` counts as well: four of its options are those of words.count. An option without a default
    # leaves the choice to the library.
    library = {p.name: p.default for p in inspect.signature(getattr(words, function)).parameters.values()}
    checked = 0
    for parameter in loaded(name).params:
        if not isinstance(parameter, click.Option) or parameter.name not in library or parameter.is_flag:
            continue
        if name == "fit" and (parameter.name in COUNTING) != (function == "count"):
            continue
        if isinstance(parameter.default, (str, int, float)):
            # The command says "whitespace" where the library says None.
            assert (library[parameter.name] or "whitespace") == (parameter.default or "whitespace"), parameter.name
            checked += 1
    assert checked >= 4


def test_unknown_command_is_wrong_use():
    with pytest.raises(click.UsageError, match="nonsense"):
        group.main(["nonsense"], standalone_mode=False)
