"""New commands into the store: those that rules watch over, only when the rules have nothing against it."""

from __future__ import annotations

import asyncio

from wayside.gateway.pipeline import Pipeline
from wayside.model.commands import CommandRecord, State, Transition
from wayside.model.identity import split_device_id
from wayside.ports.rules import Rules
from wayside.ports.store import Created, Store


class Admission:
    """One per desk."""

    def __init__(self, store: Store, pipeline: Pipeline) -> None:
        self._store = store
        self._pipeline = pipeline
        self._deciding = asyncio.Lock()

    async def create(self, record: CommandRecord) -> Created:
        """Store it, or bring back the one that has its idempotency key.

        Raises:
            CommandError: a rule forbids it.
            KeyReused: as ``ports.store.Store.create_command``.
        """
        rules = self._pipeline.rules
        if rules is None or not rules.watches(split_device_id(record.device)[0]):
            return await self._store.create_command(record)
        async with self._deciding:  # whoever asks twice at once gets one command, not a conflict with himself
            return await self._with_consent(record, rules)

    async def _with_consent(self, record: CommandRecord, rules: Rules) -> Created:
        """What the rules decided is durable before the command is, so that no command exists without it.

        Should the command not come to be, they hear that it was rejected; after a crash they find that out themselves.
        """
        if record.idempotency_key is not None:
            earlier = await self._store.command_with_key(record.requested_by, record.idempotency_key)
            if earlier is not None:
                return await self._store.create_command(record)
        consequences = rules.asked(record)
        self._pipeline.take(consequences)
        stored = False
        try:
            if consequences:
                await self._pipeline.flush()
            created = await self._store.create_command(record)
            stored = created.fresh
        finally:
            if not stored:
                refused = Transition(record.id, State.REJECTED, record.created_at, "it could not be stored")
                self._pipeline.take(rules.stepped(refused))
        return created
