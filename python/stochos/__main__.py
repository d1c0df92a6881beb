"""``python -m stochos`` is the ``stochos`` command."""

from stochos.cli import main

main()
