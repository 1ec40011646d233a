"""What can be done to the data of a server that does not run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import msgspec

from wayside.api.access import TokenCreated, TokenView
from wayside.api.tokens import Scope, Tokens
from wayside.app.clock import now
from wayside.engines.embedded import EmbeddedStore
from wayside.model.errors import ConfigError
from wayside.model.instant import Instant, from_rfc3339

BY: Final = "recovery"


def create_admin_token(data_dir: Path, name: str, expires_at: str | None) -> dict[str, Any]:
    """An administrator's token, made without the API: for whoever has lost all of them.  As the API answers.

    Raises:
        ConfigError: there is no such folder, or a server is using it.
        Conflict: a token has this name.
    """
    if not data_dir.is_dir():
        raise ConfigError(f"--data-dir {data_dir}: there is no such folder")
    until = None if expires_at is None else from_rfc3339(expires_at)
    made: dict[str, Any] = msgspec.to_builtins(asyncio.run(_create(data_dir, name, until)))
    return made


async def _create(data_dir: Path, name: str, until: Instant | None) -> TokenCreated:
    store = EmbeddedStore(data_dir)
    await store.open()
    try:
        tokens = Tokens(store, now)
        spare = await tokens.open()  # made if no token can administer; ours will, so nobody needs to know it
        record, token = await tokens.create(name, Scope.ADMIN, until, BY)
        if spare is not None and (caller := tokens.caller(spare)):
            (spare_id,) = (known.id for known in tokens.records() if known.digest == caller.digest)
            await tokens.delete(spare_id, BY)
    finally:
        await store.close()
    return TokenCreated(token, TokenView.of(record))
