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
- A **view** token belongs to one channel of one device, ends after twelve hours at the latest, and opens nothing but
  that live stream (403 at another one).

The description itself needs no token. `/metrics` and the GBFS feed need none if the operator wants it so
(`metrics_public`, `gbfs.public`). What can be seen with `read` holds no passwords, keys or codes of devices.
"""

SCOPES: Final = tuple(scope.value for scope in Scope)
SHORT: Final = {"relay": openapi.RELAY_SECURITY, "view": openapi.VIEW_SECURITY}
COLUMNS: Final = ("nobody", *SCOPES, *SHORT)

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
    return tuple("yes" if admitted(caller, security) else "" for caller in COLUMNS)


def admitted(caller: str, security: Security) -> bool:
    """Whether a caller of this column may come in: any of what is declared will do."""
    if not security:
        return True
    kinds = {kind: scopes for wanted in security for kind, scopes in wanted.items()}
    if caller in SCOPES and openapi.SECURITY in kinds:
        (scope,) = kinds[openapi.SECURITY]
        return RANK[Scope(caller)] >= RANK[Scope(scope)]
    return SHORT.get(caller) in kinds
