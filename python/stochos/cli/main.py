"""The ``stochos`` command: a group whose commands are loaded only when they run."""

from __future__ import annotations

import importlib
import sys

import click

from stochos import __version__
from stochos.errors import Error

#: Command name → the module that holds it as ``command``. A command's module imports the heavy parts when it runs.
COMMANDS = {
    "tour": "stochos.cli.tour",
    "count": "stochos.cli.count",
    "fit": "stochos.cli.fit",
    "similar": "stochos.cli.similar",
    "analogy": "stochos.cli.analogy",
    "keywords": "stochos.cli.keywords",
    "simulate": "stochos.cli.simulate",
    "gradient-flow": "stochos.cli.gradient_flow",
    "divergence": "stochos.cli.divergence",
    "gan": "stochos.cli.gan",
    "run": "stochos.cli.run",
    "albert": "stochos.cli.albert",
    "config": "stochos.cli.config",
}


class _Lazy(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        module = COMMANDS.get(name)
        if module is None:
            return None
        command = importlib.import_module(module).command
        return command if isinstance(command, click.Command) else None


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="stochos", help="Show the version and exit.")
def group() -> None:
    """Stochastic modelling on one compiled core. A newcomer starts with: stochos tour."""


def main() -> None:
    """Run the command line; exit 2 for wrong use or bad input, 130 after Ctrl-C."""
    try:
        code = group.main(standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except Error as error:
        click.echo(f"stochos: {error}", err=True)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)
