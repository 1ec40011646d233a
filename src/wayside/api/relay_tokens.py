"""Relay tokens: ``wsr_`` and 32 random bytes, for one device and some minutes.

They are never stored: a restart ends them all.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import msgspec

from wayside.model.errors import Conflict
from wayside.model.instant import MINUTE, Instant

PREFIX: Final = "wsr_"
SECRET_BYTES: Final = 32
TOKEN_LENGTH: Final = len(PREFIX) + 43
"""43 characters of base64url hold 32 bytes."""

# Who stands before a lock needs a minute or two; a visit with a firmware upgrade over BLE half an hour.
MINUTES_DEFAULT: Final = 10
MINUTES_MAX: Final = 60

# Everybody who opens a door in one busy hour; it bounds what a program gone wild can put into memory.
TOKENS_MAX: Final = 10_000

C = TypeVar("C")


class Grant(msgspec.Struct, Generic[C], frozen=True):
    """What a relay token permits: to relay for ``device`` until ``expires_at``.  ``by`` made it."""

    device: str
    by: C
    expires_at: Instant


class RelayTokens(Generic[C]):
    """The relay tokens of this server.  One is worth nothing once its maker's own token is no longer ``valid``."""

    def __init__(self, clock: Callable[[], Instant], valid: Callable[[C], bool]) -> None:
        self._clock = clock
        self._valid = valid
        self._grants: dict[bytes, Grant[C]] = {}

    def create(self, device: str, by: C, minutes: int) -> tuple[str, Grant[C]]:
        """A new token.

        Raises:
            Conflict: there are too many.
        """
        now = self._clock()
        if len(self._grants) >= TOKENS_MAX:
            self._grants = {key: grant for key, grant in self._grants.items() if grant.expires_at > now}
        if len(self._grants) >= TOKENS_MAX:
            raise Conflict(f"there are {TOKENS_MAX} relay tokens already: wait until some expire")
        token = PREFIX + urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).rstrip(b"=").decode()
        grant = Grant(device, by, now + minutes * MINUTE)
        self._grants[_digest(token)] = grant
        return token, grant

    def grant(self, token: str) -> Grant[C] | None:
        """What this token permits; None if it is nobody's, has expired, or its maker may no longer."""
        if len(token) != TOKEN_LENGTH or not token.startswith(PREFIX):
            return None
        grant = self._grants.get(_digest(token))
        return grant if grant is not None and self.good(grant) else None

    def good(self, grant: Grant[C]) -> bool:
        """Whether it holds still."""
        return grant.expires_at > self._clock() and self._valid(grant.by)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
