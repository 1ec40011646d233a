"""Somebody who unlocks one lock again and again, and remembers what was answered to which key."""

from itertools import count, pairwise
from typing import Any

import httpx

from tests.proof.locks import Lock
from tests.proof.world import World
from wayside.model.commands import State, may_follow


class Caller:
    """Each time with a new key, as long as the server answers."""

    def __init__(self, world: World, lock: Lock) -> None:
        self.lock = lock
        self.answered: dict[str, dict[str, Any]] = {}
        self.unanswered: list[str] = []
        self.world = world
        self.keys = (f"{lock.imei}-{number}" for number in count(1))

    async def unlock(self) -> None:
        for key in self.keys:
            self.lock.receipt.clear()
            try:
                answer = await self.ask(key)
            except httpx.TransportError:
                self.unanswered.append(key)
                return
            assert answer.status_code == 201
            self.answered[key] = answer.json()
            await self.lock.receipt.wait()

    async def ask(self, key: str) -> httpx.Response:
        path = f"devices/{self.lock.device}/commands"
        return await self.world.post(path, {"capability": "unlock"}, **{"Idempotency-Key": key})

    async def ask_again(self) -> None:
        """Everything once more: what was answered is the same command, what was not is there from now on."""
        for key, command in self.answered.items():
            answer = await self.ask(key)
            assert (answer.status_code, answer.json()["number"]) == (200, command["number"])
        for key in self.unanswered:
            answer = await self.ask(key)
            assert answer.status_code in {200, 201}
            self.answered[key] = answer.json()
        self.unanswered.clear()


def is_legal(steps: list[State], state: State) -> bool:
    """Whether a command that took these steps may be in this state."""
    return (
        steps[:1] == [State.ACCEPTED]
        and all(may_follow(one, next_one) for one, next_one in pairwise(steps))
        and steps[-1] is state
    )
