"""A row of a transition table for commands that take several steps: what follows, and what it means for the command."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from wayside.model.commands import State

S = TypeVar("S")


class Turn(NamedTuple, Generic[S]):
    """What follows: the next step, and how the command stands then (None: as before)."""

    step: S
    state: State | None = None
    detail: str = ""
