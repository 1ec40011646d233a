"""Tokens and the audit log; for administrators."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from litestar import delete, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody
from msgspec import Meta

from wayside.api.auth import ADMIN
from wayside.api.parameters import DATE_TIME, NAME_PATTERN, By, Key, Provided, Window, instant
from wayside.api.shapes import Next, Time, time
from wayside.api.tokens import Scope
from wayside.model.errors import CommandError
from wayside.model.instant import to_rfc3339
from wayside.ports.store import AuditRecord, TokenRecord


class TokenView(msgspec.Struct, frozen=True):
    """A token's record.  The token itself is shown once, when it is made."""

    id: str
    name: str
    scopes: list[str]
    created_at: Time
    expires_at: Time | None

    @classmethod
    def of(cls, record: TokenRecord) -> TokenView:
        return cls(
            record.id,
            record.name,
            list(record.scopes),
            to_rfc3339(record.created_at),
            time(record.expires_at),
        )


class TokenList(msgspec.Struct, frozen=True):
    """Tokens, oldest first."""

    items: list[TokenView]


class TokenCreated(msgspec.Struct, frozen=True):
    """A new token: ``token`` is not kept and cannot be shown again."""

    token: str
    record: TokenView


class AuditView(msgspec.Struct, frozen=True):
    """Who did what, when."""

    id: int
    at: Time
    actor: str
    action: str
    subject: str
    detail: str

    @classmethod
    def of(cls, record: AuditRecord) -> AuditView:
        return cls(
            record.id, to_rfc3339(record.at), record.actor, record.action, record.subject, record.detail
        )


class AuditPage(msgspec.Struct, frozen=True):
    """The audit log, newest first."""

    items: list[AuditView]
    next: Next


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to make.  Each scope includes the ones before it: read, command, admin."""

    name: Annotated[
        str, Meta(min_length=1, max_length=64, pattern=NAME_PATTERN, description="Who or what will use it")
    ]
    scope: Scope
    expires_at: Annotated[
        Annotated[str, Meta(max_length=40)] | None, Meta(description="RFC 3339", extra_json_schema=DATE_TIME)
    ] = None


@get("/tokens", opt=ADMIN)
async def list_tokens(services: Provided) -> TokenList:
    """List the tokens, oldest first."""
    return TokenList([TokenView.of(record) for record in services.tokens.records()])


@post("/tokens", opt=ADMIN)
async def create_token(services: Provided, by: By, data: JSONBody[NewToken]) -> TokenCreated:
    """Make a token.  It is shown in this answer and never again."""
    expires_at = None if data.expires_at is None else instant(data.expires_at, "expires_at")
    if expires_at is not None and expires_at <= services.clock():
        raise CommandError("is in the past", "expires_at")
    record, token = await services.tokens.create(data.name, data.scope, expires_at, by.name)
    return TokenCreated(token, TokenView.of(record))


@delete("/tokens/{token:str}", opt=ADMIN)
async def delete_token(services: Provided, by: By, token: Key) -> None:
    """Revoke a token, by the id of its record; live feeds that it opened end."""
    await services.tokens.delete(token, by.name)


@get("/audit", opt=ADMIN)
async def list_audit(services: Provided, window: Window) -> AuditPage:
    """List who did what, newest first."""
    page = await services.store.audit_records(window)
    return AuditPage([AuditView.of(record) for record in page.items], page.next)


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (list_tokens, create_token, delete_token, list_audit)
