"""What all lists have in common: their options, and one way to fetch and show what is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cyclopts import Parameter

from wayside.cli.moments import ago
from wayside.cli.options import HERE, Json, ServerOptions
from wayside.cli.output import at, json_line, table

if TYPE_CHECKING:
    from wayside.cli.client import Query

Columns = Mapping[str, Callable[[dict[str, Any]], object]]
"""A table: the title of each column, and how its cell follows from an item."""


@Parameter(name="*")
@dataclass(frozen=True)
class Listing:
    """Of what there is: how much, in which form, from which server."""

    limit: int = 1000
    json: Json = False
    server: ServerOptions = HERE

    def show(self, path: str, query: Query, columns: Columns) -> None:
        """Print the items of the list at ``path``, page after page."""
        with self.server.client() as client:
            show_items(client.items(path, query, self.limit), columns, json=self.json)


@Parameter(name="*")
@dataclass(frozen=True)
class Period:
    """From when until when."""

    since: str | None = None
    until: str | None = None

    def query(self) -> dict[str, str | None]:
        """As the API asks for it.  Raises ``UsageError``."""
        return {"since": ago("--since", self.since), "until": ago("--until", self.until)}


@Parameter(name="*")
@dataclass(frozen=True)
class History(Listing, Period):
    """Of what has happened: the newest, of some time."""

    limit: int = 50

    def show(self, path: str, query: Query, columns: Columns) -> None:
        """Print the items of the list at ``path`` that are of this time.  Raises ``UsageError``."""
        super().show(path, {**query, **self.query()}, columns)


ALL: Final = Listing()
ALWAYS: Final = Period()
NEWEST: Final = History()


def show_items(items: Iterable[dict[str, Any]], columns: Columns, *, json: bool) -> None:
    """Items as a line of JSON each, printed as they come, or as a table."""
    if json:
        for item in items:
            json_line(item)
    else:
        tabulate(items, columns)


def tabulate(items: Iterable[dict[str, Any]], columns: Columns) -> None:
    """Items as a table."""
    table(tuple(columns), [[cell(item) for cell in columns.values()] for item in items])


def value(*path: str) -> Callable[[dict[str, Any]], Any]:
    """A column with what stands at ``path`` in the item; None if there is nothing on the way."""

    def found(item: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        inner: Any = item
        for name in path:
            inner = None if inner is None else inner[name]
        return inner

    return found


def time(*path: str) -> Callable[[dict[str, Any]], str | None]:
    """A column with the time that stands at ``path``, to the second."""
    found = value(*path)
    return lambda item: at(found(item))


def connection(item: dict[str, Any]) -> str:
    """A column that says whether a device is there."""
    return "online" if item["presence"]["online"] else "offline"
