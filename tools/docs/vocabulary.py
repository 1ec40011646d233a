"""The reference of every name that an event's `values` may hold."""

from collections.abc import Iterable
from itertools import groupby

from tools.docs.generated import Page
from tools.docs.markdown import code, table
from wayside.model.vocabulary import VOCABULARY, Name

HEAD = """\
# Vocabulary

Every value in an event has one of these names, whatever the device; each name has one meaning, one type and one unit
([UCUM](https://ucum.org) code). `{n}` stands for a number, `{name}` for a word. A value that the device says is
meaningless just now is left out. A code that has no name yet is kept as a number under a name that ends in `.raw`.

The class in the last column is Home Assistant's device class.
"""


def page() -> Page:
    """The page `docs/reference/vocabulary.md`."""
    return Page("docs/reference/vocabulary.md", "wayside.model.names", lambda: text(VOCABULARY.values()))


def text(names: Iterable[Name]) -> str:
    """The names by their first segment, both in the alphabet's order."""
    by_theme = groupby(
        sorted(names, key=lambda name: name.name), key=lambda name: name.name.partition(".")[0]
    )
    return "\n\n".join([HEAD.strip(), *(section(theme, members) for theme, members in by_theme)])


def section(theme: str, names: Iterable[Name]) -> str:
    """The table of one first segment."""
    return f"## {theme}\n\n{table(('name', 'type', 'unit', 'meaning', 'class'), map(row, names))}"


def row(name: Name) -> tuple[str, ...]:
    """One name."""
    choices = f" One of {', '.join(map(code, name.choices))}." if name.choices else ""
    return code(name.name), name.type.value, name.unit, name.description + choices, name.device_class
