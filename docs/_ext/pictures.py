"""The directive `picture NAME`: a figure that docs/figures/NAME.py draws while the site is built, light and dark."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective


class Picture(SphinxDirective):
    """Both drawings, of which the page shows the one of its colours; the content is the caption."""

    required_arguments = 1
    has_content = True
    option_spec = {"alt": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Make the figure."""
        figure = nodes.figure("", classes=["picture"])
        self.set_source_info(figure)
        for theme in ("light", "dark"):
            image = nodes.image(
                "",
                uri=f"/_generated/{self.arguments[0]}-{theme}.svg",
                alt=self.options["alt"],
                classes=[f"only-{theme}"],
                loading="lazy" if theme == "dark" else "eager",
            )
            self.set_source_info(image)
            figure += image
        if self.content:
            caption = nodes.caption("", "")
            self.set_source_info(caption)
            inline, messages = self.state.inline_text(" ".join(self.content), self.lineno)
            caption += inline
            caption.rawsource = " ".join(self.content)
            figure += caption
            return [figure, *messages]
        return [figure]


def setup(app: Any) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("picture", Picture)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
