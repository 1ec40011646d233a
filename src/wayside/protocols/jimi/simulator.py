"""A simulated camera in a car: it logs in, reports, raises alarms, uploads, streams, and does as it is told."""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.model.instant import MINUTE, Instant, seconds
from wayside.protocol.base import Side
from wayside.protocol.effects import Close, Send, WakeAt
from wayside.protocol.framing import BadFrame
from wayside.protocol.imei import imei_of
from wayside.protocol.simulator import Answer, Behaviour, Publish, Random, Reactions, Unpublish
from wayside.protocols.jimi import codes
from wayside.protocols.jimi import simulator_messages as say
from wayside.protocols.jimi.drive import Car
from wayside.protocols.jimi.frames import Frame, JimiFramer, seal
from wayside.protocols.jimi.messages.basic import COMMAND, open_command
from wayside.protocols.jimi.messages.location import LOCATION, Location
from wayside.protocols.jimi.simulator_commands import CAMERAS, Action, Settings, event_names, obey
from wayside.protocols.jimi.simulator_outbox import File, Listing, Outbox

MODEL: Final = "35337611"
"""The type allocation code that the document's examples carry."""

ANSWER_WITHIN_S: Final = 5.0
"""Rule (3): a login or heartbeat without an answer by then makes the terminal connect anew."""
HEARTBEAT_S: Final = 180.0
LATE_REPLY_S: Final = 45.0
REBOOT_S: Final = 1.0

ALARM_SHARE: Final = 0.02
"""Of all positions, so many are followed by an alarm: enough to see some in a demo of a minute."""

UNANSWERED_MAX: Final = 50
"""Positions kept for sending again; a real camera keeps thousands."""

_SERIAL_COUNT: Final = 0x10000
_CRC_BYTE: Final = -3


class JimiSimulator:
    """One camera.  Positions that were not acknowledged are sent again after the next login, marked as such.

    The names of its files carry its local time, ``zone_minutes`` east of Greenwich, as its login tells.
    """

    def __init__(self, behaviour: Behaviour, random: Random, zone_minutes: int = say.ZONE_MINUTES) -> None:
        self._behaviour = behaviour
        self._zone_minutes = zone_minutes
        self._random = random
        self._imei = imei_of(MODEL, behaviour.number)
        self._car = Car(behaviour.number)
        self._settings = Settings(behaviour)
        self._outbox = Outbox(self._imei, behaviour.faults)
        self._streams: dict[str, Instant] = {}
        """When each one ends by itself, by its address."""
        self._serial = 0
        self._unanswered: dict[int, Location] = {}
        self._was_here = False
        self._framer = JimiFramer(Side.SERVER)
        self._pending: list[tuple[Instant, Send | Close]] = []
        self._answer_due: Instant | None = None
        self._cameras_due: Instant | None = None
        self._position_at: Instant | None = None
        self._heartbeat_at: Instant | None = None

    @property
    def ident(self) -> str:
        """The IMEI; its last digit is a right check digit."""
        return self._imei

    def connected(self, at: Instant) -> Reactions:
        """Say who it is, and nothing else until that is answered."""
        self._framer = JimiFramer(Side.SERVER)
        self._pending.clear()
        self._position_at = self._heartbeat_at = self._cameras_due = None
        self._answer_due = at + seconds(ANSWER_WITHIN_S)
        return [self._send(codes.LOGIN, say.login(self._imei, self._zone_minutes)), self._alarm_clock()]

    def received(self, data: bytes, at: Instant) -> Reactions:
        """Answers and commands; what is damaged is dropped, as section 4.6 wants it."""
        reactions: Reactions = []
        for frame in self._framer.feed(data):
            if not isinstance(frame, BadFrame):
                reactions += self._frame(frame, at)
        return [*reactions, self._alarm_clock()]

    def wake(self, at: Instant) -> Reactions:
        """Whatever is due: a timeout, a late reply, a heartbeat, a position."""
        if self._answer_due is not None and self._answer_due <= at:
            return [WakeAt(None), Close("no answer within five seconds")]
        reactions: Reactions = []
        # A reboot that was ordered after a command whose reply is late may come before it.
        reactions += [reaction for due, reaction in self._pending if due <= at]
        self._pending = [(due, reaction) for due, reaction in self._pending if due > at]
        if self._cameras_due is not None and self._cameras_due <= at:
            self._cameras_due = None
            reactions.append(self._send(codes.CAMERAS, say.cameras()))
        if self._heartbeat_at is not None and self._heartbeat_at <= at:
            self._heartbeat_at = at + seconds(HEARTBEAT_S)
            self._answer_due = at + seconds(ANSWER_WITHIN_S)
            reactions.append(self._send(codes.HEARTBEAT, say.heartbeat()))
        if self._position_at is not None and self._position_at <= at:
            self._position_at = at + seconds(self._interval_s)
            reactions += self._report(at)
        reactions += self._hush([url for url, end in self._streams.items() if end <= at])
        return [*reactions, *self._upload(at), self._alarm_clock()]

    def posted(self, answer: Answer | None, at: Instant) -> Reactions:
        """The server has a file, or has not; see ``protocol.simulator.Uploader``."""
        self._outbox.posted(answer, at)
        return [*self._upload(at), self._alarm_clock()]

    @property
    def _interval_s(self) -> float:
        return self._settings.interval_s or self._behaviour.interval_s

    def _frame(self, frame: Frame, at: Instant) -> Reactions:
        match frame.code:
            case codes.LOGIN if self._position_at is None:
                self._answer_due = None
                return self._logged_in(at)
            case codes.HEARTBEAT:
                self._answer_due = None
            case codes.LOCATION:
                self._unanswered.pop(frame.serial, None)
            case codes.CAMERAS:
                self._cameras_due = None
            case codes.COMMAND:
                return self._command(frame, at)
        return []

    def _logged_in(self, at: Instant) -> Reactions:
        """What it is and has; then what an earlier connection left without an answer; then where it is."""
        self._heartbeat_at = at + seconds(HEARTBEAT_S)
        self._position_at = at + seconds(self._interval_s * self._random.uniform(0.5, 1.0))
        # Without an answer the list of cameras is sent once more (5.11.2).
        self._cameras_due = at + seconds(ANSWER_WITHIN_S)
        reactions: Reactions = [
            self._send(codes.CAMERAS, say.cameras()),
            self._send(codes.TRANSFER, say.identity(self._imei, self._behaviour.number)),
            self._send(codes.TRANSFER, say.version()),
        ]
        missed = list(self._unanswered.values())
        self._unanswered.clear()
        reactions += [self._locate(msgspec.structs.replace(fix, reuploaded=1)) for fix in missed]
        if self._was_here:
            reactions.append(self._locate(say.location(self._car, at, say.RECONNECTED)))
        self._was_here = True
        return reactions

    def _report(self, at: Instant) -> Reactions:
        """A position, now and then damaged on the way, and now and then followed by an alarm."""
        self._car.drive(self._interval_s, self._random)
        mode = say.CORNER if self._car.turned else say.INTERVAL
        position = self._locate(say.location(self._car, at, mode))
        if self._is_faulty():
            position = Send(_damaged(position.data), position.message)
        if self._random.random() >= ALARM_SHARE:
            return [position]
        kind = self._random.choice(say.ALARMS)
        names = event_names(self._imei, self._local(at), CAMERAS["INOUT"], "mp4")
        for name in names:
            if not self._outbox.forgets(name):
                self._deliver(File(name), at)
        return [position, self._announce(kind, at, names)]

    def _local(self, at: Instant) -> Instant:
        return at + self._zone_minutes * MINUTE

    def _locate(self, fix: Location) -> Send:
        send = self._send(codes.LOCATION, LOCATION.encode(fix))
        if len(self._unanswered) >= UNANSWERED_MAX:
            del self._unanswered[next(iter(self._unanswered))]
        self._unanswered[self._serial] = fix
        return send

    def _announce(self, kind: int, at: Instant, names: tuple[str, ...]) -> Send:
        return self._send(codes.ALARM, say.alarm(self._car, at, kind, ",".join(names)), long=True)

    def _deliver(self, item: File | Listing, at: Instant) -> None:
        """Without a server's address nothing is kept for one."""
        if self._settings.upload if isinstance(item, File) else self._settings.file_list_url:
            self._outbox.put(item, at)

    def _upload(self, at: Instant) -> Reactions:
        post = self._outbox.next(at, self._settings.upload, self._settings.file_list_url)
        return [] if post is None else [post]

    def _command(self, frame: Frame, at: Instant) -> Reactions:
        """Reply by the flag; faulty cameras refuse, reply late, or not at all."""
        detail = open_command(COMMAND.decode(frame.body))
        text = detail.text.decode("ascii", "replace")
        fault = self._random.choice(("refused", "late", "silent")) if self._is_faulty() else None
        if fault == "silent":
            return []
        if fault == "refused":
            return [self._reply(detail.server_flag, "Error: busy")]
        action = obey(text, self._local(at), self._settings, self._car, self._imei)
        reply = self._reply(detail.server_flag, action.reply)
        if fault == "late":
            self._pending.append((at + seconds(LATE_REPLY_S), reply))
            return []
        reactions: Reactions = [reply, *self._act(action, detail.server_flag, at)]
        if action.reboots:
            self._pending.append((at + seconds(REBOOT_S), Close("rebooting")))
            self._serial = 0
            reactions += self._hush(list(self._streams))
        return reactions

    def _act(self, action: Action, server_flag: int, at: Instant) -> Reactions:
        """What a command sets going beside its reply."""
        reactions: Reactions = []
        if action.files:
            reactions.append(self._announce(say.FILE_UPLOADING, at, action.files))
        for name in action.files:
            self._deliver(File(name, server_flag if self._is_newer else None), at)
        if action.listing:
            self._deliver(Listing(action.listing), at)
        streams = [f"{self._settings.rtmp}{channel}/{self._imei}" for channel in action.streams]
        if action.stream_s and self._settings.rtmp:
            reactions += [Publish(url) for url in streams if url not in self._streams]
            self._streams |= dict.fromkeys(streams, at + seconds(action.stream_s))
        elif not action.stream_s:
            reactions += self._hush(streams)
        return reactions

    def _hush(self, streams: list[str]) -> Reactions:
        return [Unpublish(url) for url in streams if self._streams.pop(url, None) is not None]

    def _reply(self, server_flag: int, text: str) -> Send:
        # Both forms are seen: with the language field, and without.
        body = say.reply(server_flag, text, with_language=self._is_newer)
        return self._send(codes.REPLY, body, long=True)

    def _send(self, code: int, body: bytes, *, long: bool = False) -> Send:
        self._serial = (self._serial + 1) % _SERIAL_COUNT
        return Send(seal(code, body, self._serial, long=long), codes.DEVICE_NAMES[code])

    @property
    def _is_newer(self) -> bool:
        """Every other camera has a firmware that writes a language, and tells a file's command with it (6.3)."""
        return self._behaviour.number % 2 == 1

    def _is_faulty(self) -> bool:
        return self._random.random() < self._behaviour.faults

    def _alarm_clock(self) -> WakeAt:
        times = [self._answer_due, self._cameras_due, self._position_at, self._heartbeat_at]
        times += [self._outbox.due, *self._streams.values()]
        times += [due for due, _ in self._pending]
        return WakeAt(min((time for time in times if time is not None), default=None))


def _damaged(data: bytes) -> bytes:
    """One bit of the CRC turned over."""
    return data[:_CRC_BYTE] + bytes((data[_CRC_BYTE] ^ 1,)) + data[_CRC_BYTE + 1 :]
