"""After a restart: what the last run left unfinished is taken up again, or honestly given up."""

from __future__ import annotations

from collections.abc import Mapping

from wayside.gateway.commands import Desk
from wayside.gateway.jobs import Job
from wayside.gateway.pipeline import Pipeline
from wayside.gateway.requests import parameters_of
from wayside.model.commands import IN_FLIGHT, WAITING, Command, CommandRecord, State, Transition
from wayside.model.errors import CommandError
from wayside.model.identity import split_device_id
from wayside.model.instant import Instant
from wayside.ports.store import Store
from wayside.protocol.base import Protocol


async def recover(
    store: Store, pipeline: Pipeline, desk: Desk, protocols: Mapping[str, Protocol], at: Instant
) -> int:
    """Give every unfinished command back to the desk; returns how many there were."""
    records = await store.unfinished_commands()
    for record in records:
        job = _job(record, protocols)
        if job is not None:
            desk.recover(job)
        elif record.state in WAITING:
            detail = "this server no longer knows such a command"
            pipeline.step(record.device, Transition(record.id, State.REJECTED, at, detail))
        elif record.state in IN_FLIGHT:
            pipeline.step(record.device, Transition(record.id, State.UNKNOWN, at, "the server was restarted"))
    await pipeline.flush()
    return len(records)


def _job(record: CommandRecord, protocols: Mapping[str, Protocol]) -> Job | None:
    """None: the protocol, the capability or the parameters are not what they were."""
    protocol = protocols.get(split_device_id(record.device)[0])
    capability = protocol.capability(record.capability) if protocol else None
    if capability is None:
        return None
    try:
        parameters = parameters_of(capability, record.parameters)
    except CommandError:
        return None
    command = Command(record.id, record.number, capability.name, parameters)
    # Not a byte of a waiting one has left, and it was durable: it goes on as if it had been asked to queue.
    return Job(record, capability, command, queue=True)
