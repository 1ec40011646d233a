"""Errors, sorted by who must act.

::

    WaysideError
    ├── CommandError        the caller asked for nonsense: 4xx, names the field
    │   ├── NotFound        404
    │   ├── Conflict        409
    │   ├── KeyReused       422: the idempotency key was used with another body
    │   └── TooLarge        413: more bytes than the limit named in the message
    └── OperatorError       the operator must act
        ├── ConfigError     a setting is wrong: names it and where it came from
        └── StoreUnavailable   the store cannot commit: 503, acknowledgements stop

What a device sends wrong never travels this far: the framer hands it on as a ``BadFrame``, a message that does
not have its declared shape is a ``wire.DecodeError``, and the connection counts, logs and drops both.
"""

from __future__ import annotations


class WaysideError(Exception):
    """The root of everything that Wayside raises on purpose above the wire."""


class CommandError(WaysideError):
    """The caller asked for something that cannot be done.  ``field`` is a path such as ``parameters.minutes``."""

    def __init__(self, detail: str, field: str | None = None) -> None:
        super().__init__(f"{field}: {detail}" if field else detail)
        self.detail = detail
        self.field = field


class NotFound(CommandError):
    """There is no such device, event, command or token."""


class Conflict(CommandError):
    """The thing is there, but not in a state that allows this."""


class KeyReused(CommandError):
    """An Idempotency-Key came a second time, with a body that differs from the first."""


class TooLarge(CommandError):
    """More bytes than are taken; the message says how many that is."""


class OperatorError(WaysideError):
    """Whoever runs this server must act."""


class ConfigError(OperatorError):
    """A setting is missing or wrong; the message names it and where it came from."""


class StoreUnavailable(OperatorError):
    """The store cannot commit (full or broken disk, lost database): nothing was stored, nothing may be promised."""
