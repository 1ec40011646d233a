"""The command desk: takes commands in, gives each to its device when its turn comes, and keeps its life honest.

Every step is checked against ``model.commands.TRANSITIONS`` and goes through the pipeline.  *Sent* is durable
before the first byte leaves, so after a crash whatever is not *sent* did not happen, and whatever is may have.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import structlog

from wayside.gateway.admission import Admission
from wayside.gateway.device import Device
from wayside.gateway.jobs import Job
from wayside.gateway.limits import Limits
from wayside.gateway.options import DEVICE_OPTIONS, kept
from wayside.gateway.pipeline import Guarded, Pipeline
from wayside.gateway.preview import Rehearsal
from wayside.gateway.reach import NoReach, Reach
from wayside.gateway.requests import capability_of, check_confirmed, expires_after_s, may_wait, parameters_of
from wayside.gateway.stats import Stats
from wayside.model.commands import (
    IN_FLIGHT,
    OPEN,
    WAITING,
    Capability,
    Command,
    CommandRecord,
    State,
    Transition,
    may_follow,
)
from wayside.model.errors import Conflict, NotFound
from wayside.model.events import Values
from wayside.model.instant import Instant, seconds
from wayside.ports.platform import CommandRequest, Preview
from wayside.ports.store import AuditRecord, Created, DeviceStatus, Store
from wayside.protocol.base import Protocol
from wayside.protocol.effects import Send, Settle
from wayside.protocol.questions import OpenCommand

# A command's bytes waited for the store: they leave if it is still under way, or if its session counts on them
# having left.  When it was given up meanwhile, they must not.
MAY_LEAVE: Final = IN_FLIGHT | {State.UNCONFIRMED, State.SUCCEEDED}

log = structlog.get_logger("wayside.gateway")


class Desk:
    """Implements ``ports.platform.CommandDesk``."""

    def __init__(
        self,
        *,
        devices: Mapping[str, Device],
        protocols: Mapping[str, Protocol],
        store: Store,
        pipeline: Pipeline,
        limits: Limits,
        stats: Stats,
        clock: Callable[[], Instant],
        random_bytes: Callable[[int], bytes],
        rehearsal: Rehearsal,
    ) -> None:
        self._rehearsal = rehearsal
        self._devices = devices
        self._protocols = protocols
        self._store = store
        self._pipeline = pipeline
        self._limits = limits
        self._stats = stats
        self._clock = clock
        self._random_bytes = random_bytes
        self._admission = Admission(store, pipeline)
        self._loop = asyncio.get_running_loop()
        self._jobs: dict[str, Job] = {}
        self._expiries: list[tuple[Instant, str]] = []
        self.reach: Reach = NoReach()
        self.closed = False

    # What callers ask.

    async def submit(self, request: CommandRequest) -> Created:
        """See ``ports.platform.CommandDesk``."""
        device, capability, parameters = self.checked(request)
        check_confirmed(capability, request)
        within_s = expires_after_s(capability, request, self._limits)
        queue = may_wait(capability, request) or self.reach.can(device, capability)
        if (refusal := self._refusal(device, capability, queue=queue)) and not await self._seen(request):
            raise refusal
        at = self._clock()
        number = await self._store.next_command_number()
        record = CommandRecord(
            id=f"{number:08x}{self._random_bytes(8).hex()}",
            number=number,
            device=device.id,
            capability=capability.name,
            parameters=msgspec.to_builtins(parameters),
            state=State.ACCEPTED,
            created_at=at,
            expires_at=at + seconds(within_s),
            requested_by=request.requested_by,
            idempotency_key=request.idempotency_key,
        )
        created = await self._admission.create(record)
        if created.fresh:
            command = Command(record.id, number, capability.name, parameters)
            self._take_on(Job(record, capability, command, queue=queue))
        return created

    def checked(self, request: CommandRequest) -> tuple[Device, Capability, msgspec.Struct]:
        """The request's device, capability and parameters.  Raises ``NotFound``, ``Conflict``, ``CommandError``."""
        device = self._devices.get(request.device)
        if device is None:
            raise NotFound(f"there is no device {request.device}", "device")
        if device.record.status is DeviceStatus.REJECTED:
            raise Conflict("the device is rejected: accept it first", "device")
        protocol = self._protocols.get(device.record.protocol)
        if protocol is None:
            raise Conflict(f"this server does not speak {device.record.protocol}", "device")
        capability = capability_of(protocol, request)
        return device, capability, parameters_of(capability, request.parameters)

    async def cancel(self, command: str, by: str) -> CommandRecord:
        """See ``ports.platform.CommandDesk``."""
        job = self._jobs.get(command)
        if job is None or job.state not in WAITING:
            record = await self._store.command(command)
            if record is None:
                raise NotFound(f"there is no command {command}")
            raise Conflict(f"too late: the command is {job.state if job else record.state}")
        self._step(job, State.CANCELLED, self._clock(), f"cancelled by {by}")
        await self._pipeline.flush()
        detail = f"{job.device} {job.capability.name}"
        await self._store.audit(AuditRecord(self._clock(), by, "command.cancel", command, detail))
        record = await self._store.command(command)
        if record is None:
            raise NotFound(f"the device of command {command} was deleted")
        return record

    async def preview(self, request: CommandRequest) -> Preview:
        """See ``ports.platform.CommandDesk``.  Neither presence nor confirmation is asked for."""
        device, capability, parameters = self.checked(request)
        number = await self._store.next_command_number()
        command = Command(f"{number:08x}preview", number, capability.name, parameters)
        return await self._rehearsal.preview(device, command, self._clock())

    # What connections and the registry tell.

    def recover(self, job: Job) -> None:
        """Take up a command that an earlier run left unfinished."""
        self._keep(job)
        at = self._clock()
        if job.state in IN_FLIGHT:
            self._step(job, job.lost, at, "the server was restarted")
        elif job.state in WAITING and at >= job.expires_at:
            self._step(job, State.EXPIRED, at, "its time was up before the server was back")

    def open_commands(self, device: Device) -> tuple[OpenCommand, ...]:
        """For a new session: what earlier ones left without an answer, oldest first."""
        return tuple(
            job.as_open() for job in device.jobs.values() if job.state in OPEN or job.state in IN_FLIGHT
        )

    def arrived(self, device: Device) -> None:
        """The device is here: hand over what waits, when the input that said so is done."""
        if device.jobs:
            self._loop.call_soon(self._pump, device)

    def depart(self, send: Send, device: Device | None, at: Instant) -> tuple[Guarded, bool] | None:
        """Bytes of a command want to leave: None if they must not.

        True if they are its first ones: they wait for the step to *sent*, which is now in the gathering batch.
        """
        job = self._jobs.get(send.command or "")
        if job is None or device is None or job.device != device.id:
            log.warning("bytes of a command that is over", command=send.command, message=send.message)
            return None
        first = job.state in WAITING
        if first and at >= job.expires_at:
            self._step(job, State.EXPIRED, at, "its time was up before it could be sent")
        if first and job.state in WAITING:
            self._step(job, State.SENT, at)
            job.sent_at = at
        if job.state not in IN_FLIGHT:
            log.warning(
                "bytes of a command that is over", command=job.id, state=job.state, message=send.message
            )
            return None

        def may_leave() -> bool:
            return job.state in MAY_LEAVE and (not first or self._clock() < job.expires_at)

        def dropped() -> None:
            log.warning("a command's bytes did not leave", command=job.id, state=job.state, first=first)
            if first and may_follow(job.state, State.FAILED):
                self._step(job, State.FAILED, self._clock(), "not sent: it could not be recorded in time")

        return Guarded(send.data, may_leave, dropped), first

    def settle(self, effect: Settle, device: Device | None, at: Instant) -> bool:
        """A session says how a command went.  False if that cannot be, or is no news."""
        job = self._jobs.get(effect.command)
        if job is None or device is None or job.device != device.id:
            if (
                effect.state is not State.TIMED_OUT
            ):  # that a session gives up waiting for what has come is no news
                log.info("settled a command that is over", command=effect.command, state=effect.state)
            return False
        if not may_follow(job.state, effect.state):
            log.warning("impossible step", command=job.id, before=job.state, after=effect.state)
            return False
        if effect.state is State.SUCCEEDED and job.capability.keeps:
            self._keep_options(device, job, at)
        self._step(job, effect.state, at, effect.detail, effect.values, late=effect.late)
        return True

    def awaiting(self) -> list[tuple[str, OpenCommand]]:
        """Commands whose file may still come, late ones too, with their devices; oldest first."""
        return [
            (job.device, job.as_open())
            for job in self._jobs.values()
            if job.capability.file_within_s is not None and (job.state in IN_FLIGHT or job.state in OPEN)
        ]

    def fulfil(self, command: str, values: Values, at: Instant) -> bool:
        """What it was to bring has come past its session.  False: it is over, or was never sent."""
        job = self._jobs.get(command)
        if job is None or not may_follow(job.state, State.SUCCEEDED):
            return False
        self._step(job, State.SUCCEEDED, at, values=values, late=job.state in OPEN)
        return True

    def refused(self, command: str, detail: str) -> None:
        """The session could not even begin."""
        job = self._jobs.get(command)
        if job is not None and job.state in WAITING:
            self._step(job, State.REJECTED, self._clock(), detail)

    def gone(self, device: Device, at: Instant, *, offline: bool) -> None:
        """The device's line is gone and its session has said its last word.  ``offline``: no other took its place."""
        for job in list(device.jobs.values()):
            if job.state in IN_FLIGHT:
                self._step(job, job.lost, at, "the connection was lost")
            elif job.state in WAITING:
                job.handed = False
                if offline and not job.queue:
                    self._step(job, State.EXPIRED, at, "the device went offline before it was sent")

    def dismiss(self, device: Device, at: Instant, detail: str) -> None:
        """The device is ours no longer: reject what waits for it."""
        for job in list(device.jobs.values()):
            if job.state in WAITING:
                self._step(job, State.REJECTED, at, detail)

    def forget(self, device: Device) -> None:
        """The device and its history are deleted: not one more word about its commands."""
        for command in device.jobs:
            del self._jobs[command]
        device.jobs.clear()

    def expire(self) -> None:
        """End what waited too long.  Called with every sweep."""
        at = self._clock()
        while self._expiries and self._expiries[0][0] <= at:
            job = self._jobs.get(heapq.heappop(self._expiries)[1])
            if job is not None and job.state in WAITING:
                self._step(job, State.EXPIRED, at, "its time was up before it could be sent")

    @property
    def under_way(self) -> int:
        """Commands whose device still owes a word: a file that comes by another way is none."""
        return sum(job.state in IN_FLIGHT and not job.awaits_file for job in self._jobs.values())

    # Inside.

    def _refusal(self, device: Device, capability: Capability, *, queue: bool) -> Conflict | None:
        """Why the device cannot take another command now."""
        if self.closed:
            return Conflict("the server is about to stop")
        if device.line is None and not queue:
            return Conflict("the device is offline, and this command does not wait unless asked to", "queue")
        waiting = sum(
            job.state in WAITING and job.capability.lane == capability.lane for job in device.jobs.values()
        )
        if waiting >= self._limits.queue_per_lane:
            return Conflict(f"{waiting} such commands wait for this device already")
        return None

    async def _seen(self, request: CommandRequest) -> bool:
        """Whether the caller asked this before, and is to have the same answer wherever the device is by now.

        The store decides that; this only looks whether it needs to be asked.
        """
        key = request.idempotency_key
        return key is not None and await self._store.command_with_key(request.requested_by, key) is not None

    def _keep(self, job: Job) -> None:
        self._jobs[job.id] = job
        device = self._devices.get(job.device)
        if device is not None:
            device.jobs[job.id] = job
        if job.state in WAITING:
            heapq.heappush(self._expiries, (job.expires_at, job.id))

    def _keep_options(self, device: Device, job: Job, at: Instant) -> None:
        """Durable before the success is: otherwise the next connection would come with a key that is no longer good."""
        device.record = kept(device.record, job.capability, job.command.parameters)
        names = ", ".join(job.capability.keeps.values())
        self._pipeline.register(
            device.record, AuditRecord(at, f"command {job.id}", DEVICE_OPTIONS, device.id, names)
        )

    def _take_on(self, job: Job) -> None:
        device = self._devices.get(job.device)
        if device is None:  # deleted while the command was being stored
            return
        self._keep(job)
        if device.line is not None:
            self._pump(device)
        elif job.queue:
            self._step(job, State.QUEUED, self._clock(), "the device is offline")
            self.reach.call(device)
        else:
            self._step(job, State.EXPIRED, self._clock(), "the device went offline before it was sent")

    def _pump(self, device: Device) -> None:
        """Hand over what may go now: the oldest of each free lane, as long as not too many are under way.

        What only waits for its file takes no room from others, but from those that are to bring files, too.
        """
        taken = [
            job
            for job in device.jobs.values()
            if job.state in IN_FLIGHT or (job.handed and job.state in WAITING)
        ]
        lanes = {job.capability.lane for job in taken if job.capability.lane is not None}
        room = self._limits.in_flight - sum(not job.awaits_file for job in taken)
        file_room = self._limits.in_flight - sum(job.brings_file for job in taken)
        for job in list(device.jobs.values()):
            if job.state not in WAITING or job.handed:
                continue
            may_go = room > 0 and job.capability.lane not in lanes and (file_room > 0 or not job.brings_file)
            if device.line is not None and may_go and not self.closed:
                room -= 1
                file_room -= job.brings_file
                if job.capability.lane is not None:
                    lanes.add(job.capability.lane)
                job.handed = True
                device.line.execute(job.command)
            elif job.state is State.ACCEPTED:
                self._step(job, State.QUEUED, self._clock())

    def _step(
        self,
        job: Job,
        state: State,
        at: Instant,
        detail: str = "",
        values: Values | None = None,
        *,
        late: bool = False,
    ) -> None:
        """The one place where a command's state changes."""
        assert may_follow(job.state, state), f"{job.id}: {job.state} → {state}"
        before, job.state = job.state, state
        if state is State.ACKNOWLEDGED:
            job.acknowledged_at = at
        self._stats.commands[state] += 1
        self._pipeline.step(job.device, Transition(job.id, state, at, detail, values or {}, late))
        device = self._devices.get(job.device)
        if state in OPEN:
            self._remember(device, job)
        elif state not in WAITING and state not in IN_FLIGHT:
            self._jobs.pop(job.id, None)
            if device is not None:
                device.jobs.pop(job.id, None)
        made_room = (before not in OPEN and state not in WAITING | IN_FLIGHT) or job.awaits_file
        if device is not None and device.jobs and made_room:
            self._loop.call_soon(self._pump, device)

    def _remember(self, device: Device | None, job: Job) -> None:
        """Of the commands without an answer only the last ones: a device that leaves more does not answer at all."""
        if device is None:
            self._jobs.pop(job.id, None)
            return
        open_jobs = [each for each in device.jobs.values() if each.state in OPEN]
        for oldest in open_jobs[: -self._limits.open_commands]:
            del device.jobs[oldest.id], self._jobs[oldest.id]
