"""Requests: why a device is asked to publish, and when it is asked again or told to stop."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from wayside.media.live.limits import LiveLimits
from wayside.media.live.streams import Key
from wayside.model.instant import Instant
from wayside.protocol.live import Channel

MINUTE_S: Final = 60.0


class Step(enum.Enum):
    """What is to be done about a request now."""

    NOTHING = enum.auto()
    RENEW = enum.auto()
    """Ask the device again, because its minutes pass."""
    STOP = enum.auto()
    """Nobody needs it any more."""


class Open(msgspec.Struct):
    """A request that is open.  All times are seconds of the loop's clock.

    ``until_s``: the end, whoever watches; ``keep_until_s``: until then it lives on without viewers.
    """

    key: Key
    channel: Channel
    by: str
    asked_at: Instant
    minutes: int
    until_s: float
    keep_until_s: float
    record: bool = False
    files: tuple[str, ...] = ()
    asked_s: float = 0.0
    """When the device was last asked."""
    tried_s: float = 0.0
    """When that was last tried."""
    command: str | None = None
    note: str = ""

    def next(self, now_s: float, limits: LiveLimits, *, watched: bool) -> Step:
        """What is due.  Without viewers a request lives until ``keep_until_s``; ``watched`` moves that."""
        if watched:
            self.keep_until_s = max(self.keep_until_s, now_s + limits.grace_s)
        if now_s >= self.until_s or now_s >= self.keep_until_s:
            return Step.STOP
        if not self.channel.minutes:
            return Step.NOTHING
        by_itself_s = self.asked_s + self.minutes * MINUTE_S
        # Where all is over before the device ends by itself, another command would be one for nothing.
        needed = (self.until_s if watched else min(self.until_s, self.keep_until_s)) > by_itself_s
        soon = now_s >= by_itself_s - limits.renew_before_s and now_s >= self.tried_s + limits.retry_s
        return Step.RENEW if needed and soon else Step.NOTHING

    def parameters(self) -> dict[str, object]:
        """What the command that starts it takes."""
        given: dict[str, object] = dict(self.channel.parameters)
        if self.channel.minutes:
            given["minutes"] = self.minutes
        if self.channel.files:
            given["files"] = list(self.files)
        return given
