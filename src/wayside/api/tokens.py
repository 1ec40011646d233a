"""API tokens: ``wst_`` and 32 random bytes.  Shown once, then only their SHA-256 is known.

They are held in memory and written through to the store, so that a request costs no query.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Final

import msgspec

from wayside.api.relay_tokens import RelayTokens
from wayside.api.view_tokens import ViewTokens
from wayside.model.errors import Conflict, NotFound
from wayside.model.instant import Instant
from wayside.ports.store import AuditRecord, Store, TokenRecord

PREFIX: Final = "wst_"
SECRET_BYTES: Final = 32
TOKEN_LENGTH: Final = len(PREFIX) + 43
"""43 characters of base64url hold 32 bytes."""

# More than any installation has users and programs; it bounds what one admin's loop can put into memory.
TOKENS_MAX: Final = 1000

FIRST_NAME: Final = "first-admin"


class Scope(enum.StrEnum):
    """What a token may do; each includes the ones before it."""

    READ = "read"
    """See everything but tokens, the audit log, and secrets that devices send or are sent."""
    COMMAND = "command"
    """Send commands, acknowledge alarms."""
    ADMIN = "admin"
    """Devices, firmware, tokens, audit log."""


RANK: Final = {scope: rank for rank, scope in enumerate(Scope)}


class Caller(msgspec.Struct, frozen=True):
    """Who makes a request.  ``name`` is the token's, and is what audit and commands remember."""

    name: str
    scope: Scope
    digest: bytes

    def may(self, scope: Scope) -> bool:
        """Whether the caller's scope includes this one."""
        return RANK[self.scope] >= RANK[scope]


class Tokens:
    """The tokens of this server; ``relay`` let phones pass on what a lock says, ``views`` let people watch."""

    def __init__(self, store: Store, clock: Callable[[], Instant]) -> None:
        self._store = store
        self._clock = clock
        self._by_digest: dict[bytes, TokenRecord] = {}
        self.relay: RelayTokens[Caller] = RelayTokens(clock, self.still_valid)
        self.views: ViewTokens[Caller] = ViewTokens(clock, self.still_valid)

    async def open(self) -> str | None:
        """Load the tokens.  If none of them can administer, make one that can and return it, to be shown once.

        Raises:
            StoreUnavailable: they cannot be read or written.
        """
        self._by_digest = {record.digest: record for record in await self._store.tokens()}
        if self._admins():
            return None
        names = {record.name for record in self._by_digest.values()}
        name = next(name for n in range(1, TOKENS_MAX + 2) if (name := _numbered(FIRST_NAME, n)) not in names)
        _, token = await self._make(name, Scope.ADMIN, None, by="server")
        return token

    def records(self) -> list[TokenRecord]:
        """All of them, oldest first, expired ones too."""
        return list(self._by_digest.values())

    def caller(self, token: str) -> Caller | None:
        """Whose token this is; None if nobody's, or if it has expired."""
        if len(token) != TOKEN_LENGTH or not token.startswith(PREFIX):
            return None
        digest = _digest(token)
        record = self._by_digest.get(digest)
        if record is None or not hmac.compare_digest(record.digest, digest) or self._expired(record):
            return None
        return Caller(record.name, _widest(record), digest)

    def still_valid(self, caller: Caller) -> bool:
        """Whether the caller's token has neither been deleted nor expired since."""
        record = self._by_digest.get(caller.digest)
        return record is not None and not self._expired(record)

    async def create(
        self, name: str, scope: Scope, expires_at: Instant | None, by: str
    ) -> tuple[TokenRecord, str]:
        """A new token and its record.

        Raises:
            Conflict: the name is taken, or there are too many.
        """
        if any(record.name == name for record in self._by_digest.values()):
            raise Conflict(f"there is a token named {name!r}", "name")
        if len(self._by_digest) >= TOKENS_MAX:
            raise Conflict(f"there are {TOKENS_MAX} tokens already: delete some")
        return await self._make(name, scope, expires_at, by)

    async def delete(self, token: str, by: str) -> None:
        """Revoke a token, by its record's id.

        Raises:
            NotFound: there is none.
            Conflict: nobody could administer the server without it.
        """
        record = next((record for record in self._by_digest.values() if record.id == token), None)
        if record is None:
            raise NotFound("no such token", "token")
        if [admin.id for admin in self._admins()] == [token]:
            raise Conflict("this is the last token with the scope admin: create another one first", "token")
        await self._store.delete_token(token)
        self._by_digest.pop(record.digest, None)
        await self._audit(by, "token.delete", record)

    async def _make(
        self, name: str, scope: Scope, expires_at: Instant | None, by: str
    ) -> tuple[TokenRecord, str]:
        token = PREFIX + urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).rstrip(b"=").decode()
        record = TokenRecord(
            secrets.token_hex(8), name, (scope.value,), _digest(token), self._clock(), expires_at
        )
        await self._store.put_token(record)
        self._by_digest[record.digest] = record
        await self._audit(by, "token.create", record)
        return record, token

    async def _audit(self, by: str, action: str, record: TokenRecord) -> None:
        detail = f"{record.name} ({', '.join(record.scopes)})"
        await self._store.audit(AuditRecord(self._clock(), by, action, record.id, detail))

    def _admins(self) -> list[TokenRecord]:
        return [
            record
            for record in self._by_digest.values()
            if _widest(record) is Scope.ADMIN and not self._expired(record)
        ]

    def _expired(self, record: TokenRecord) -> bool:
        return record.expires_at is not None and record.expires_at <= self._clock()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _widest(record: TokenRecord) -> Scope:
    return max((Scope(scope) for scope in record.scopes), key=RANK.__getitem__)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
