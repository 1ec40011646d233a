"""Look into frames without a server: what ``wayside decode`` prints.  docs/reference/decode.md is its contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from wayside.model.events import Event
from wayside.model.instant import Instant, to_rfc3339
from wayside.protocol.base import Link, Protocol, Side
from wayside.protocol.effects import Effects, Emit, Identify, Send
from wayside.protocol.framing import AnyFrame, BadFrame, Fault, fault_of
from wayside.protocol.questions import Registration
from wayside.protocol.session import Session, Setup
from wayside.wire.errors import DecodeError

# How a message that the protocol has no name for is called; see ``protocol.framing.AnyFrame``.
UNKNOWN: Final = "unknown_"


def inspect(protocol: Protocol, link: Link, side: Side, data: bytes, at: Instant) -> list[dict[str, Any]]:
    """One dict per frame of ``data``, good or bad, in order; ``side`` sent them, ``at`` is now (some replies tell it).

    Each frame meets a session of its own, of a registered device: what comes out does not depend on what stood
    before it.
    """
    framer = link.framer(side)
    found = [_one(protocol, link, side, frame, at) for frame in framer.feed(data)]
    if framer.pending:
        rest = data[-framer.pending :]
        found.append(_refused(protocol, link, Fault.LENGTH, "frame ends early", rest))
    return found


def inspect_any(
    protocol: Protocol, links: Sequence[Link], sides: Sequence[Side], data: bytes, at: Instant
) -> list[dict[str, Any]]:
    """``inspect`` where it is not known on which of these links, or by whom of these sides, ``data`` was sent.

    The first of them under which every frame is one of the protocol's; where there is none, the first that finds whole
    frames at all, good or bad, else the first.
    """
    tried = []
    for link in links:
        for side in sides:
            tried.append(inspect(protocol, link, side, data, at))
            if _makes_sense(tried[-1]):
                return tried[-1]
    return next(filter(_finds_frames, tried), tried[0])


def _finds_frames(frames: list[dict[str, Any]]) -> bool:
    return any(frame["valid"] or frame["error"] in {Fault.CHECKSUM, Fault.MESSAGE} for frame in frames)


def _makes_sense(frames: list[dict[str, Any]]) -> bool:
    return all(frame["valid"] and not frame["message"].startswith(UNKNOWN) for frame in frames)


def _one(
    protocol: Protocol, link: Link, side: Side, frame: AnyFrame | BadFrame, at: Instant
) -> dict[str, Any]:
    if isinstance(frame, BadFrame):
        return _refused(protocol, link, frame.fault, frame.detail, frame.raw)
    try:
        fields = link.parse(frame, side)
        effects = _effects(protocol, link, frame, at) if side is Side.DEVICE else []
    except DecodeError as error:
        return _refused(protocol, link, fault_of(error), f"{frame.name}: {error}", frame.raw)
    return {
        "protocol": protocol.name,
        "link": link.transport.value,
        "valid": True,
        "message": frame.name,
        "fields": _plain(fields),
        "events": [_event(effect.event) for effect in effects if isinstance(effect, Emit)],
        "replies": [effect.data.hex() for effect in effects if isinstance(effect, Send)],
    }


def _effects(protocol: Protocol, link: Link, frame: AnyFrame, at: Instant) -> Effects:
    """What a server would do about this frame.

    One that says whose it is is its device's first word; any other comes from a device that is already known.
    """
    first = _receive(link.session(Setup()), frame, at)
    if any(isinstance(effect, Identify) for effect in first):
        return first
    return _receive(link.session(Setup(ident=protocol.example)), frame, at)


def _receive(session: Session, frame: AnyFrame, at: Instant) -> Effects:
    session.connected(at)
    effects: Effects = []
    for effect in session.receive(frame, at):
        effects.append(effect)
        if isinstance(effect, Identify):
            effects += session.answer(effect, Registration(accepted=True), at)
    return effects


def _refused(protocol: Protocol, link: Link, fault: Fault, detail: str, raw: bytes) -> dict[str, Any]:
    return {
        "protocol": protocol.name,
        "link": link.transport.value,
        "valid": False,
        "error": fault.value,
        "detail": detail,
        "hex": raw.hex(),
    }


def _event(event: Event) -> dict[str, Any]:
    at = None if event.at is None else to_rfc3339(event.at)
    return {"kind": event.kind.value, "at": at, "values": event.values}


def _plain(value: Any) -> Any:  # noqa: ANN401 - messages hold whatever their layouts declare
    """A message as JSON types, bytes as hex."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
