"""The invariants: each looks at what devices and callers saw, and at what is on the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tests.proof.callers import is_legal
from torture.crowd import Crowd
from torture.evidence import CREATED, Evidence
from wayside.model.commands import State, Transition

SHOWN_MAX: Final = 5
"""Of the violations of one invariant, so many are told: the first ones say what is wrong."""


class Verdict(msgspec.Struct, frozen=True):
    """How it went: ``seen`` says how much was looked at, ``violations`` what was wrong with it."""

    seen: str
    violations: Sequence[str] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing was wrong."""
        return not self.violations


class Invariant(msgspec.Struct, frozen=True):
    """``title`` is the sentence that must be true; ``check`` None: it is measured while the server runs."""

    name: str
    title: str
    check: Callable[[Sequence[Crowd], Evidence], Verdict] | None = None


def stored_once(crowds: Sequence[Crowd], found: Evidence) -> Verdict:
    """The receipts of every device, against the disk."""
    violations = [
        f"{device}: {fault}"
        for crowd in crowds
        for device, diary in crowd.diaries().items()
        for fault in diary.not_once(found.frames.get(device, []))
    ]
    receipts = sum(diary.receipts.total() for crowd in crowds for diary in crowd.diaries().values())
    if not receipts:
        violations.append("nothing was acknowledged at all")
    return Verdict(f"{receipts:,} acknowledged", violations)


def in_order(crowds: Sequence[Crowd], found: Evidence) -> Verdict:
    """What is stored of every connection is a beginning of what was said on it, one connection after another."""
    violations = [
        f"{device}: {fault}"
        for crowd in crowds
        for device, diary in crowd.diaries().items()
        for fault in diary.out_of_order(found.frames.get(device, []))
    ]
    stored = sum(len(frames) for frames in found.frames.values())
    return Verdict(f"{stored:,} stored", violations)


def legal(crowds: Sequence[Crowd], found: Evidence) -> Verdict:
    """Every command walked along the table, and each key that was answered has the one command it was shown."""
    violations = [
        f"{command.id}: {[step.state.value for step in command.transitions]}, and is {command.state}"
        for command in found.commands
        if not is_legal([step.state for step in command.transitions], command.state)
    ]
    by_key = {command.idempotency_key: command.id for command in found.commands}
    for crowd in crowds:
        violations += [
            f"{key} was shown {sorted(ids)}, stored is {by_key.get(key)}"
            for key, ids in crowd.shown.items()
            if ids != {by_key.get(key)}
        ]
        violations += [f"{key} was refused and is there" for key in crowd.refused if key in by_key]
        violations += [f"a caller heard {oddity}" for oddity in crowd.oddities]
    return Verdict(f"{len(found.commands):,} commands", violations)


def actuated_once(crowds: Sequence[Crowd], found: Evidence) -> Verdict:
    """No lever moved twice for one command, none without one, none where a command says it did not."""
    by_number = {(command.device, command.number): command for command in found.commands}
    violations: list[str] = []
    moves = 0
    for lock in (lock for crowd in crowds for lock in crowd.locks):
        moves += lock.moves.total()
        for number in lock.requests | lock.moves:
            command = by_number.get((lock.device, number))
            if lock.requests[number] > 1 or lock.moves[number] > 1:
                violations.append(
                    f"{lock.device}: command {number} asked for a key {lock.requests[number]} times"
                    f" and moved the lever {lock.moves[number]} times"
                )
            if command is None or not _was_sent(command.transitions):
                violations.append(f"{lock.device}: command {number} came, and was never sent")
        violations += [
            f"{lock.device}: command {command.number} succeeded, and the lever did not move"
            for (device, number), command in by_number.items()
            if device == lock.device and command.state is State.SUCCEEDED and not lock.moves[number]
        ]
    sent = Counter(
        str(command.parameters.get("bank"))
        for command in found.commands
        if command.capability == "borrow" and _was_sent(command.transitions)
    )
    for cabinet in (cabinet for crowd in crowds for cabinet in crowd.cabinets):
        moves += cabinet.ordered.total()
        violations += [
            f"{cabinet.device}: {bank} was ordered {times} times by {sent[bank]} commands"
            for bank, times in cabinet.ordered.items()
            if times > sent[bank]
        ]
    if not moves:
        violations.append("nothing moved at all")
    return Verdict(f"{moves:,} movements", violations)


def _was_sent(steps: Sequence[Transition]) -> bool:
    return any(step.state is State.SENT for step in steps)


def audited(_: Sequence[Crowd], found: Evidence) -> Verdict:
    """One row says who had each of the commands done."""
    rows = Counter(record.subject for record in found.audit if record.action == CREATED)
    violations = [
        f"{command.id} ({command.device} {command.capability}, {command.state}) has {rows[command.id]} rows"
        for command in found.commands
        if rows[command.id] != 1
    ]
    ids = {command.id for command in found.commands}
    violations += [f"a row speaks of {subject}, which is not there" for subject in rows if subject not in ids]
    return Verdict(f"{len(found.commands):,} commands", violations)


STORED_ONCE = Invariant("stored once", "Every acknowledged frame is stored, exactly once.", stored_once)
IN_ORDER = Invariant("order", "What a device said is stored in its order, without holes.", in_order)
LEGAL = Invariant("legal states", "Every command is in exactly one state, reached by legal steps.", legal)
ONCE = Invariant("actuated once", "Nothing moves twice for one idempotency key.", actuated_once)
AUDITED = Invariant("audited", "Every actuation has its row in the audit log.", audited)
BASELINE = Invariant("baseline", "Memory, descriptors and tasks are back where they were before.")
UNHARMED = Invariant("others", "The 99th percentile of other devices' acknowledgements is unharmed.")

INVARIANTS: Final = (STORED_ONCE, IN_ORDER, LEGAL, ONCE, AUDITED, BASELINE, UNHARMED)
"""The columns of the table."""

DISK: Final = (STORED_ONCE, IN_ORDER, LEGAL, ONCE, AUDITED)
"""What is checked on the disk, whatever was done."""
