"""Telling a repeated report from a new one.

The cabinet repeats MC and MR until it has the receipt, and frames carry no number.  But between two borrowings of
the same bank from the same slot it must have come back, and somebody must have ordered the second: so the same
report about the same slot, with nothing in between, is the same thing said again.
"""

from __future__ import annotations

from wayside.protocols.power_bank import messages as m


class Reports:
    """The last report about each slot on this connection (at most ``SLOT_MAX`` of them)."""

    def __init__(self) -> None:
        self._last: dict[int, m.OfBank] = {}

    def last(self, slot: int) -> m.OfBank | None:
        """What was last reported about a slot, unless something has happened there since."""
        return self._last.get(slot)

    def is_news(self, report: m.OfBank) -> bool:
        """Whether this was not just said; it is remembered."""
        if self._last.get(report.slot) == report:
            return False
        self._last[report.slot] = report
        return True

    def forget(self, slot: int) -> None:
        """Something begins at this slot: what is reported next is news, whatever it is."""
        self._last.pop(slot, None)

    def compare(self, inventory: m.Inventory) -> None:
        """Forget what the slots contradict: a bank that was borrowed and stands there can be borrowed once more."""
        for slot in inventory.slots:
            report = self._last.get(slot.slot)
            there = report is not None and slot.bank == report.bank
            if (isinstance(report, m.Borrowed) and there) or (isinstance(report, m.Returned) and not there):
                self.forget(slot.slot)
