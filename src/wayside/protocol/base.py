"""The record that a protocol package exports as ``PROTOCOL``; everything outside ``app`` works on this alone."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import msgspec

from wayside.model.commands import Capability
from wayside.protocol.framing import Framer
from wayside.protocol.live import Channel
from wayside.protocol.session import Session, Setup
from wayside.protocol.simulator import Behaviour, Random, Simulator
from wayside.protocol.uploads import Uploads


class Transport(enum.StrEnum):
    """How the bytes travel."""

    TCP = "tcp"
    BLE = "ble"
    SERIAL = "serial"


class Side(enum.StrEnum):
    """Who sends a frame."""

    DEVICE = "device"
    SERVER = "server"


class Described(msgspec.Struct, frozen=True):
    """One kind of message, for the generated tables.  ``layout`` is what ``wire`` codecs call their layout."""

    name: str
    code: str
    side: Side
    section: str
    structure: type[msgspec.Struct]
    layout: tuple[Any, ...] = ()


class Relative(msgspec.Struct, frozen=True):
    """Something that advertises a service of its own, and speaks a device's frames without being one."""

    service: str
    title: str


class Gatt(msgspec.Struct, frozen=True):
    """Where a BLE link's bytes go: UUIDs in lower case.

    A device advertises ``service``.  Frames are written to ``write`` and come as notifications of ``notify``; one
    notification holds a part of a frame, one, or several.  ``relatives`` (a remote control) can be recognised by what
    they advertise, and have no session.
    """

    service: str
    write: str
    notify: str
    relatives: tuple[Relative, ...] = ()


class Link(msgspec.Struct, frozen=True):
    """A protocol on one kind of transport.

    ``framer(side)`` cuts what that side sends; ``parse(frame, side)`` gives the message as a Struct or raises
    ``wire.DecodeError``; ``session(setup)`` starts the server's side and ``simulator(behaviour, random)`` the
    device's.  ``port`` is the TCP default; ``idle_timeout_s`` how long a healthy device may be silent.  ``gatt``
    None on a BLE link: the document names no UUIDs, so whoever runs the server must.  ``capabilities`` names those of
    the protocol's that this link can carry (None: all); its session refuses the others with a ``CommandError``.
    """

    transport: Transport
    framer: Callable[[Side], Framer[Any]]
    parse: Callable[[Any, Side], msgspec.Struct]
    session: Callable[[Setup], Session]
    simulator: Callable[[Behaviour, Random], Simulator]
    idle_timeout_s: float
    port: int | None = None
    gatt: Gatt | None = None
    capabilities: frozenset[str] | None = None

    def carries(self, capability: str) -> bool:
        """Whether a command of this capability can be carried out over this link."""
        return self.capabilities is None or capability in self.capabilities


class Protocol(msgspec.Struct, frozen=True):
    """One family of devices.  ``ident`` is the pattern of an identity, ``example`` one that matches it.

    ``redact(raw)``: where devices send secrets, the same bytes without them, for whoever may not see secrets; takes
    any bytes (several frames, or none) of either side, and never raises.  ``teaches``: names of values that devices
    report, whose last is an option of later connections, each with that option's name.  ``channels``: what can be
    watched live.  ``uploads``: what devices post over HTTP, beside their connection.
    """

    name: str
    title: str
    ident: str
    example: str
    links: tuple[Link, ...]
    capabilities: tuple[Capability, ...]
    messages: tuple[Described, ...]
    redact: Callable[[bytes], bytes] | None = None
    teaches: dict[str, str] = {}
    channels: tuple[Channel, ...] = ()
    uploads: Uploads | None = None

    def redacted(self, raw: bytes) -> bytes:
        """The bytes as anybody may see them."""
        return raw if self.redact is None else self.redact(raw)

    def link(self, transport: Transport) -> Link | None:
        """The link over this transport, if the protocol has one."""
        return next((link for link in self.links if link.transport == transport), None)

    def capability(self, name: str) -> Capability | None:
        """The capability of this name, if devices of this protocol have it."""
        return next((capability for capability in self.capabilities if capability.name == name), None)
