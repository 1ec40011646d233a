"""The bus: what is committed is told to whoever listens.  May lose or repeat without harm; the store is the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from wayside.model.commands import Transition
from wayside.model.events import StoredEvent


class CommandChanged(msgspec.Struct, frozen=True):
    """A command of ``device`` came to a new state."""

    device: str
    transition: Transition


Notice = StoredEvent | CommandChanged


class Subscription(Protocol):
    """A bounded queue of notices.  A reader that lets it fill is dropped: ``get`` raises, nothing is buffered on."""

    async def get(self) -> Notice:
        """The next notice.

        Raises:
            SlowReader: the queue overflowed; this subscription is over.
        """

    def close(self) -> None:
        """No more notices."""


class SlowReader(Exception):
    """The subscriber read more slowly than things happened, and was dropped."""


class Bus(Protocol):
    """Publish and subscribe."""

    @property
    def listening(self) -> bool:
        """Whether anybody would hear it; if not, a notice need not even be made."""

    def publish(self, notice: Notice) -> None:
        """Tell everybody whose filter takes it; never waits."""

    def subscribe(self, wants: Callable[[Notice], bool], *, room: int) -> Subscription:
        """Start listening; at most ``room`` notices wait."""
