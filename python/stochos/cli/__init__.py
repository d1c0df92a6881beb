"""The command line: ``stochos COMMAND --help``."""

from stochos.cli.main import main

__all__ = ["main"]
