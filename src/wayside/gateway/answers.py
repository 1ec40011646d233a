"""Answers to what sessions ask of the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from wayside.gateway.limits import Limits
from wayside.model.instant import Instant
from wayside.ports.firmware import FirmwareShelf
from wayside.protocol.questions import BankKnown, FirmwareOffer, Question, WantBank, WantFirmware

log = structlog.get_logger("wayside.gateway")


class Answers:
    """Looks things up where the rest of the platform keeps them; what nobody keeps does not exist."""

    def __init__(
        self,
        firmware: FirmwareShelf | None,
        knows_bank: Callable[[str], bool] | None,
        limits: Limits,
        clock: Callable[[], Instant],
    ) -> None:
        self._firmware = firmware
        self._knows_bank = knows_bank
        self._limits = limits
        self._clock = clock

    async def to(self, question: Question, until: Instant) -> Any:  # noqa: ANN401 - each question has its own
        """The answer, None if there is no such thing; an address in it works until then."""
        try:
            match question:
                case WantFirmware():
                    return await self._offer(question, until)
                case WantBank():
                    return BankKnown(self._knows_bank(question.bank)) if self._knows_bank else None
        except Exception:  # whoever keeps it failed: the device is told that there is none
            log.exception("question not answered", question=repr(question)[:200])
            return None

    async def _offer(self, question: WantFirmware, until: Instant) -> FirmwareOffer | None:
        if self._firmware is None:
            return None
        offer = await self._firmware.offer(question.firmware, question.command, until)
        if offer is None or not question.contents:
            return offer
        return await self._with_contents(self._firmware, offer)

    async def _with_contents(self, shelf: FirmwareShelf, offer: FirmwareOffer) -> FirmwareOffer | None:
        if offer.size > self._limits.firmware_contents_bytes:
            log.warning("firmware too big to be handed out in one piece", size=offer.size)
            return None
        found = shelf.fetch(offer.url.rpartition("/")[2], self._clock())
        if found is None:
            return None
        data = await asyncio.to_thread(found[1].read_bytes)
        return msgspec.structs.replace(offer, data=data)
