"""What the server speaks: protocols, what can be asked of their devices, and the vocabulary of values."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler
from litestar.params import PathParameter

from wayside.api.auth import READ
from wayside.api.devices import known
from wayside.api.parameters import Device, Provided
from wayside.model.commands import Capability, Risk
from wayside.model.errors import NotFound
from wayside.model.vocabulary import VOCABULARY, Name
from wayside.protocol.base import Protocol, Side, Transport

ProtocolName = Annotated[str, PathParameter(pattern="^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]


class CapabilityView(msgspec.Struct, frozen=True):
    """One thing that can be asked of a device; ``parameters`` is a JSON Schema (2020-12).

    ``file_within_s``: how long the file that is its result may take after the answer; null: the answer is the result.
    """

    name: str
    title: str
    risk: Risk
    parameters: dict[str, Any]
    answer_within_s: float
    expires_after_s: float
    section: str
    file_within_s: float | None = None

    @classmethod
    def of(cls, capability: Capability) -> CapabilityView:
        return cls(
            capability.name,
            capability.title,
            capability.risk,
            msgspec.json.schema(capability.parameters),
            capability.answer_within_s,
            capability.expires_after_s,
            capability.section,
            capability.file_within_s,
        )


class CapabilityList(msgspec.Struct, frozen=True):
    """What can be asked of a device."""

    items: list[CapabilityView]


class LinkView(msgspec.Struct, frozen=True):
    """How a protocol's devices connect.  ``port`` is the TCP default."""

    transport: Transport
    port: int | None
    idle_timeout_s: float


class MessageView(msgspec.Struct, frozen=True):
    """One kind of message of a protocol."""

    name: str
    code: str
    side: Side
    section: str


class ProtocolView(msgspec.Struct, frozen=True):
    """One family of devices.  ``ident`` is the pattern of an identity."""

    name: str
    title: str
    ident: str
    example: str
    links: list[LinkView]
    capabilities: list[CapabilityView]
    messages: list[MessageView]

    @classmethod
    def of(cls, protocol: Protocol) -> ProtocolView:
        return cls(
            protocol.name,
            protocol.title,
            protocol.ident,
            protocol.example,
            [LinkView(link.transport, link.port, link.idle_timeout_s) for link in protocol.links],
            [CapabilityView.of(capability) for capability in protocol.capabilities],
            [
                MessageView(message.name, message.code, message.side, message.section)
                for message in protocol.messages
            ],
        )


class ProtocolList(msgspec.Struct, frozen=True):
    """The protocols that this server speaks."""

    items: list[ProtocolView]


class VocabularyList(msgspec.Struct, frozen=True):
    """Every name that an event's values may have."""

    items: list[Name]


@get("/protocols", opt=READ)
async def list_protocols(services: Provided) -> ProtocolList:
    """List the protocols with their links, messages and capabilities."""
    return ProtocolList([ProtocolView.of(protocol) for protocol in services.protocols])


@get("/protocols/{protocol:str}", opt=READ)
async def get_protocol(services: Provided, protocol: ProtocolName) -> ProtocolView:
    """Show one protocol."""
    found = services.protocol(protocol)
    if found is None:
        raise NotFound("no such protocol", "protocol")
    return ProtocolView.of(found)


@get("/devices/{device:str}/capabilities", opt=READ)
async def list_device_capabilities(services: Provided, device: Device) -> CapabilityList:
    """List what can be asked of a device, with the JSON Schema of each capability's parameters."""
    record = await known(services, device)
    found = services.protocol(record.protocol)
    return CapabilityList(
        [CapabilityView.of(capability) for capability in found.capabilities] if found else []
    )


@get("/vocabulary", opt=READ)
async def list_vocabulary() -> VocabularyList:
    """List the names of values: type, unit (UCUM) and meaning."""
    return VocabularyList(list(VOCABULARY.values()))


HANDLERS: Final[tuple[BaseRouteHandler, ...]] = (
    list_protocols,
    get_protocol,
    list_device_capabilities,
    list_vocabulary,
)
