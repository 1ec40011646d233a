"""How a help page shows what a docstring says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from cyclopts.help import DefaultFormatter
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

# A line break inside a paragraph is where the source's line was full, not where the terminal's is.
WRAPPED: Final = re.compile(r"(?<!\n)\n(?!\n)")


class Pages(DefaultFormatter):
    """The parser's own pages, with paragraphs as wide as the terminal.

    Its plain text would keep the source's line breaks, and what it has for markup takes longer to import than a help
    page may take.
    """

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:  # noqa: ANN401 - the base's signature
        """Print the text above the panels."""
        text = getattr(description, "primary_renderable", None)
        if isinstance(text, Text):
            description = Text(WRAPPED.sub(" ", text.plain.rstrip()) + "\n")
        super().render_description(console, options, description)
