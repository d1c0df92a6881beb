"""``stochos config``."""

from __future__ import annotations

import json

import click

from stochos.cli._common import examples, json_option
from stochos.config import describe


@click.command(
    "config",
    short_help="Show version, instruction set, threads, BLAS and optional parts.",
    epilog=examples("stochos config --json"),
)
@json_option
def command(as_json: bool) -> None:
    """Show version, instruction set, threads, BLAS, CUDA and which optional parts are present."""
    facts = describe()
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    optional = facts.pop("optional")
    rows = {
        "version": facts["version"],
        "instruction set": f"{facts['instruction_set']} (this machine's best: {facts['instruction_set_best']})",
        "threads": facts["threads"],
        "BLAS": facts["blas"],
        "CUDA": "yes" if facts["cuda"] else "no",
        "stream version": facts["stream_version"],
    }
    for name, value in rows.items():
        click.echo(f"{name:<16}{value}")
    click.echo("optional parts")
    assert isinstance(optional, dict)
    for extra, parts in optional.items():
        found = ", ".join(f"{name} {version or '-'}" for name, version in parts.items())
        missing = any(version is None for version in parts.values())
        hint = f"   pip install 'stochos[{extra}]'" if missing else ""
        click.echo(f"  {extra:<14}{found}{hint}")
