"""Tokens that live for minutes and open one thing: a prefix and 32 random bytes, for one device.

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

SECRET_BYTES: Final = 32
SECRET_LENGTH: Final = 43
"""Characters of base64url that hold 32 bytes."""

C = TypeVar("C")


class Grant(msgspec.Struct, Generic[C], frozen=True):
    """What a token permits, for ``device`` until ``expires_at``.  ``by`` made it; ``channel``: of live video."""

    device: str
    by: C
    expires_at: Instant
    channel: str = ""


class ShortTokens(Generic[C]):
    """The tokens of one kind.  One is worth nothing once its maker's own token is no longer ``valid``."""

    def __init__(
        self,
        clock: Callable[[], Instant],
        valid: Callable[[C], bool],
        *,
        prefix: str,
        kind: str,
        most: int,
    ) -> None:
        self._clock = clock
        self._valid = valid
        self._prefix, self._kind, self._most = prefix, kind, most
        self._grants: dict[bytes, Grant[C]] = {}

    def create(self, device: str, by: C, minutes: int, channel: str = "") -> tuple[str, Grant[C]]:
        """A new token.

        Raises:
            Conflict: there are too many.
        """
        now = self._clock()
        if len(self._grants) >= self._most:
            self._grants = {key: grant for key, grant in self._grants.items() if grant.expires_at > now}
        if len(self._grants) >= self._most:
            raise Conflict(f"there are {self._most} {self._kind} tokens already: wait until some expire")
        secret = urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).rstrip(b"=").decode()
        grant = Grant(device, by, now + minutes * MINUTE, channel)
        self._grants[_digest(self._prefix + secret)] = grant
        return self._prefix + secret, grant

    def grant(self, token: str) -> Grant[C] | None:
        """What this token permits; None if it is nobody's, has expired, or its maker may no longer."""
        if len(token) != len(self._prefix) + SECRET_LENGTH or not token.startswith(self._prefix):
            return None
        grant = self._grants.get(_digest(token))
        return grant if grant is not None and self.good(grant) else None

    def good(self, grant: Grant[C]) -> bool:
        """Whether it holds still."""
        return grant.expires_at > self._clock() and self._valid(grant.by)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
