"""A process that fuzzes one half of one link: ``python -m torture.fuzz_target LINK bytes|session [LIBFUZZER …]``.

``bytes``: framers and parsers of both sides.  ``session``: the server's session, fed with frames whose contents are
made up, with commands, and with time.  Whatever is raised beside the declared errors ends the process.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final

import atheris

with atheris.instrument_imports(include=["wayside.protocols", "wayside.protocol", "wayside.wire"]):
    import msgspec

    from tests.conformance.rig import answer
    from torture.corpus import LINKS, kinds_of_frames
    from wayside.model.commands import Capability, Command
    from wayside.model.errors import CommandError
    from wayside.model.instant import Instant, seconds
    from wayside.model.vocabulary import complaints
    from wayside.protocol.base import Link, Protocol, Side
    from wayside.protocol.effects import Ask, Effects, Emit, Identify
    from wayside.protocol.framing import BAD_FRAME_SAMPLE_BYTES_MAX, BadFrame
    from wayside.protocol.questions import Registration
    from wayside.protocol.session import Session, Setup
    from wayside.wire.errors import DecodeError

START: Final[Instant] = 1_700_000_000 * 1_000_000
AGAIN: Final = "TORTURE_FUZZ_AGAIN"
"""Names a command that is this process with the same link and half."""

LONGEST_S: Final = 7_200
"""Between two inputs of a session: beyond everything that a session waits for."""

PAYLOAD_BYTES_MAX: Final = 300


class Bytes:
    """What comes is cut where its first two bytes say."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def __call__(self, data: bytes) -> None:
        cut, stream = int.from_bytes(data[:2]) % (len(data) + 1), data[2:]
        for side in Side:
            whole = self._feed(side, stream)
            pieces = self._feed(side, stream[:cut], stream[cut:])
            if None not in whole:
                assert pieces == whole, "what is found depends on how it was cut"

    def _feed(self, side: Side, *pieces: bytes) -> list[bytes | None]:
        """The frames; None for what was refused."""
        framer = self._link.framer(side)
        found: list[bytes | None] = []
        for piece in pieces:
            for frame in framer.feed(piece):
                if isinstance(frame, BadFrame):
                    assert len(frame.raw) <= BAD_FRAME_SAMPLE_BYTES_MAX
                    found.append(None)
                else:
                    found.append(frame.raw)
                    self._parse(frame, side)
            assert framer.pending <= framer.frame_bytes_max, "bytes pile up"
        return found

    def _parse(self, frame: Any, side: Side) -> None:  # noqa: ANN401 - each link has frames of its own
        try:
            self._link.parse(frame, side)
        except DecodeError:
            return


class Sessions:
    """A life of a session, as the bytes say."""

    def __init__(self, protocol: Protocol, link: Link, name: str) -> None:
        self._protocol = protocol
        self._link = link
        self._frames = kinds_of_frames(name)
        self._commands = [
            (capability, parameters)
            for capability in protocol.capabilities
            if (parameters := _simplest(capability)) is not None
        ]

    def __call__(self, data: bytes) -> None:
        chance = atheris.FuzzedDataProvider(data)
        ident = self._protocol.example if chance.ConsumeBool() else None
        session = self._link.session(Setup(ident=ident, random_bytes=bytes))
        framer = self._link.framer(Side.DEVICE)
        at = START
        self._hear(session, session.connected(at), at)
        while chance.remaining_bytes():
            at += seconds(chance.ConsumeIntInRange(0, LONGEST_S))
            match chance.ConsumeIntInRange(0, 4):
                case 0:
                    self._execute(session, chance, at)
                case 1:
                    self._hear(session, session.wake(at), at)
                case 2:
                    for frame in framer.feed(chance.ConsumeBytes(PAYLOAD_BYTES_MAX)):
                        if not isinstance(frame, BadFrame):
                            self._receive(session, frame, at)
                case _:
                    self._receive(session, _made_up(chance.PickValueInList(self._frames), chance), at)
        self._hear(session, session.disconnected(at), at)

    def _receive(self, session: Session, frame: Any, at: Instant) -> None:  # noqa: ANN401 - as above
        try:
            effects = session.receive(frame, at)
        except DecodeError:
            return
        self._hear(session, effects, at)

    def _execute(self, session: Session, chance: atheris.FuzzedDataProvider, at: Instant) -> None:
        if not self._commands:
            return
        number = chance.ConsumeIntInRange(1, 2**32 - 1)
        capability, parameters = chance.PickValueInList(self._commands)
        try:
            effects = session.execute(Command(f"c{number}", number, capability.name, parameters), at)
        except CommandError:
            return
        self._hear(session, effects, at)

    def _hear(self, session: Session, effects: Effects, at: Instant) -> None:
        """What the gateway would do with it."""
        for effect in effects:
            if isinstance(effect, Emit):
                assert complaints(effect.event.values) == [], effect.event
            elif isinstance(effect, Identify):
                self._hear(session, session.answer(effect, Registration(accepted=True), at), at)
            elif isinstance(effect, Ask):
                self._hear(session, session.answer(effect.question, answer(effect.question), at), at)


def _simplest(capability: Capability) -> msgspec.Struct | None:
    """Its parameters, if it needs none."""
    try:
        return msgspec.convert({}, capability.parameters)
    except msgspec.ValidationError:
        return None


def _made_up(frame: msgspec.Struct, chance: atheris.FuzzedDataProvider) -> msgspec.Struct:
    """A frame of this kind whose content its framer would have let through unread."""
    changed: dict[str, Any] = {}
    for name in frame.__struct_fields__:
        value = getattr(frame, name)
        if name == "raw" or chance.ConsumeBool():
            continue
        if isinstance(value, bytes):
            changed[name] = chance.ConsumeBytes(chance.ConsumeIntInRange(0, PAYLOAD_BYTES_MAX))
        elif isinstance(value, list):
            changed[name] = [chance.ConsumeString(12) for _ in range(chance.ConsumeIntInRange(0, 14))]
    return msgspec.structs.replace(frame, **changed)


def main() -> None:
    """See above."""
    name, half, *rest = sys.argv[1:]
    protocol, link = LINKS[name]
    target = Bytes(link) if half == "bytes" else Sessions(protocol, link, name)
    # Whoever merges corpora starts itself again by that name.
    atheris.Setup([os.environ.get(AGAIN, sys.argv[0]), *rest], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
