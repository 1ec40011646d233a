"""What a session wants done.  A session returns effects and never acts itself.

Effects of one input are carried out in order.  A ``Send`` that stands after an ``Emit`` (or a ``Settle``) leaves
only when that is committed: so a session writes ``[Emit(event), Send(answer)]``, and the device never hears an
acknowledgement for what a crash could lose.
"""

from __future__ import annotations

import msgspec

from wayside.model.commands import State
from wayside.model.events import Event, Values
from wayside.model.instant import Instant
from wayside.protocol.questions import Question


class Emit(msgspec.Struct, frozen=True, gc=False):
    """Store this event and pass it on."""

    event: Event


class Send(msgspec.Struct, frozen=True, gc=False):
    """Write these bytes to the device.

    ``message`` names the packet, for the log of frames.  ``command`` is set on the bytes that carry a command
    out: the command is recorded as *sent* and committed before they leave, so that after a crash "sent" means
    "may have happened" and anything before it means "did not happen".  ``courtesy`` marks an answer that the
    protocol requires but that promises nothing (login, heartbeat): it also goes to a device in quarantine.
    """

    data: bytes
    message: str
    command: str | None = None
    courtesy: bool = False


class Settle(msgspec.Struct, frozen=True, gc=False):
    """A command has come to this state; see ``model.commands.TRANSITIONS`` for what may follow what."""

    command: str
    state: State
    detail: str = ""
    values: Values = {}
    late: bool = False


class Identify(msgspec.Struct, frozen=True, gc=False):
    """The device says who it is.  The gateway looks it up and answers at once with a ``Registration``."""

    ident: str


class Ask(msgspec.Struct, frozen=True, gc=False):
    """Ask what only the platform knows; the answer comes through ``Session.answer``, perhaps much later."""

    question: Question


class WakeAt(msgspec.Struct, frozen=True, gc=False):
    """Call ``Session.wake`` at this instant.  A session has one alarm clock: the last word counts, None stops it."""

    at: Instant | None


class Close(msgspec.Struct, frozen=True, gc=False):
    """Close the connection once everything before this is written."""

    reason: str


Effect = Emit | Send | Settle | Identify | Ask | WakeAt | Close
Effects = list[Effect]
