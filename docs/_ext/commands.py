"""The directive `commands`: the help of every command of the command line, as it prints it."""

from __future__ import annotations

from typing import Any

import click
from docutils import nodes
from sphinx.util.docutils import SphinxDirective


class Commands(SphinxDirective):
    """One section a command."""

    def run(self) -> list[nodes.Node]:
        """Make the sections."""
        from stochos.cli.main import COMMANDS, group

        sections: list[nodes.Node] = []
        for name in COMMANDS:
            command = group.get_command(click.Context(group), name)
            if command is None:
                continue
            context = click.Context(command, info_name=f"stochos {name}", terminal_width=78, max_content_width=78)
            section = nodes.section(ids=[f"stochos-{name}"], names=[f"stochos {name}"])
            section += nodes.title("", "", nodes.literal("", f"stochos {name}"), translatable=False)
            text = command.get_help(context)
            section += nodes.literal_block(text, text, language="text", xml_space="preserve")
            self.state.document.note_explicit_target(section)
            sections.append(section)
        return sections


def setup(app: Any) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("commands", Commands)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
