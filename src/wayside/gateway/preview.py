"""What a command would send: the device's session, or one like it, is copied and asked; nothing leaves."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Final

from wayside.gateway.answers import Answers
from wayside.gateway.device import Device
from wayside.model.commands import Command
from wayside.model.identity import split_device_id
from wayside.model.instant import SECOND, Instant
from wayside.ports.platform import Preview, PreviewFrame
from wayside.protocol.base import Protocol
from wayside.protocol.effects import Ask, Effects, Identify, Send, Settle
from wayside.protocol.questions import FirmwareOffer, Registration
from wayside.protocol.session import Session, Setup

OFFLINE_NOTE: Final = "the device is offline: shown as to one that has just connected"
FIRMWARE_NOTE: Final = "the firmware's address is an example: each upgrade gets one of its own"

# The example's address is over before anybody could fetch the file, but not before its bytes can be read here.
EXAMPLE_WORKS: Final = SECOND


class Rehearsal:
    """Plays the platform to a copied session."""

    def __init__(
        self,
        protocols: Mapping[str, Protocol],
        options: Mapping[str, dict[str, str]],
        answers: Answers,
    ) -> None:
        self._protocols = protocols
        self._options = options
        self._answers = answers

    async def preview(self, device: Device, command: Command, at: Instant) -> Preview:
        """The bytes of the command's first step.

        Raises:
            CommandError: the parameters cannot be put into the protocol's words.
        """
        notes: list[str] = []
        if device.line is not None:
            session = deepcopy(device.line.session)
        else:
            session = self._as_if_connected(device, command.capability, at)
            notes.append(OFFLINE_NOTE)
        frames: list[PreviewFrame] = []
        await self._play(session, session.execute(command, at), at, frames, notes)
        return Preview(tuple(frames), "; ".join(notes))

    def _as_if_connected(self, device: Device, capability: str, at: Instant) -> Session:
        name, ident = split_device_id(device.id)
        setup = Setup(ident=ident, options=self._options.get(name, {}) | device.record.options)
        links = self._protocols[name].links
        link = next((link for link in links if link.carries(capability)), links[0])
        session = link.session(setup)
        session.connected(at)
        session.answer(Identify(ident), Registration(accepted=True), at)
        return session

    async def _play(
        self, session: Session, effects: Effects, at: Instant, frames: list[PreviewFrame], notes: list[str]
    ) -> None:
        for effect in effects:
            match effect:
                case Send():
                    frames.append(PreviewFrame(effect.message, effect.data))
                case Settle() if effect.detail:
                    notes.append(f"{effect.state}: {effect.detail}")
                case Ask():
                    answer = await self._answers.to(effect.question, at + EXAMPLE_WORKS)
                    if isinstance(answer, FirmwareOffer):
                        notes.append(FIRMWARE_NOTE)
                    await self._play(session, session.answer(effect.question, answer, at), at, frames, notes)
                case _:
                    pass
