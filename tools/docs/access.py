"""Who may call what, from the security that the OpenAPI description declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tools.docs.api import description
from tools.docs.generated import Page
from tools.docs.markdown import code, table
from wayside.api import openapi
from wayside.api.tokens import RANK, Scope

HEAD: Final = """\
# Access

Whose token opens what: the `security` of each operation in the [description](api.md), as a table. A route that says
nothing is closed to everybody. The tests knock at every one of these doors with every kind of token, and with none.

- **nobody** is a caller without a token, or with one that is wrong, revoked or expired: 401, and after too many
  wrong ones in a minute 429.
- A token whose scope is too narrow hears 403.
- A **relay** token belongs to one device, ends after an hour at the latest, and opens nothing but the relay.

The description itself needs no token. `/metrics` and the GBFS feed need none if the operator wants it so
(`metrics_public`, `gbfs.public`). What can be seen with `read` holds no passwords, keys or codes of devices.
"""

COLUMNS: Final = ("nobody", *(scope.value for scope in Scope), "relay")
YES: Final = "yes"

Security = list[Mapping[str, list[str]]]


def page() -> Page:
    """The page ``docs/reference/access.md``."""
    return Page("docs/reference/access.md", "wayside.api", text)


def text() -> str:
    """Everything."""
    rows = [(code(title), *marks(security)) for title, security in doors(description())]
    return "\n\n".join([HEAD.strip(), table(("", *COLUMNS), rows)])


def doors(document: Mapping[str, Any]) -> Iterator[tuple[str, Security]]:
    """Every operation and every WebSocket by path, with its security."""
    found = [
        (path, method.upper(), operation["security"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    found += [(path, "WebSocket", each["security"]) for path, each in document[openapi.WEBSOCKETS].items()]
    for path, method, security in sorted(found, key=lambda door: door[:2]):
        yield f"{method} {path}", security


def marks(security: Security) -> tuple[str, ...]:
    """Who may come in, in the order of the columns."""
    if not security:
        return (YES,) * len(COLUMNS)
    (wanted,) = security
    if openapi.RELAY_SECURITY in wanted:
        return ("",) * (len(COLUMNS) - 1) + (YES,)
    (scope,) = wanted[openapi.SECURITY]
    return ("", *(YES if RANK[each] >= RANK[Scope(scope)] else "" for each in Scope), "")
