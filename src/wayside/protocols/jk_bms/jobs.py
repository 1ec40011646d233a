"""What a session does one after the other: jobs of one or more requests, each request with one answer."""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.model.commands import Risk
from wayside.model.instant import Instant, seconds
from wayside.protocols.jk_bms.codes import ALL_IDENTIFIERS, Order
from wayside.protocols.jk_bms.identifiers import PASSWORD, Row

ANSWER_WITHIN_S: Final = 5.0
"""Section 4.1: no reply takes longer.  Real ones take less than a tenth of a second."""

PASSWORD_WITHIN_S: Final = 0.15
"""Many firmwares never answer the password, and take writes all the same: no more than a usual reply's time."""


class Request(msgspec.Struct, frozen=True):
    """One frame to send.  ``carries``: these are the bytes that do what the command is about."""

    order: Order
    data: bytes
    carries: bool = False
    patience: Instant = seconds(ANSWER_WITHIN_S)

    def answered_by(self, order: int, data: bytes) -> bool:
        """Whether a reply belongs to this: same command, and where it is about an identifier, the same one."""
        of_one = self.order in {Order.READ, Order.WRITE}
        return order == self.order and (not of_one or data[:1] == self.data[:1])


class Job(msgspec.Struct):
    """Requests to be sent in order.

    ``command`` None: a poll of our own.  ``row`` and ``wanted``: what is written, where something is.  ``sent``: the
    bytes that matter have left.  ``roused``: the BMS was activated for this job, which is done once.
    """

    plan: list[Request]
    command: str | None = None
    risk: Risk = Risk.QUERY
    row: Row | None = None
    wanted: bytes = b""
    sent: bool = False
    roused: bool = False


def activate(*, carries: bool = False) -> Request:
    """01."""
    return Request(Order.ACTIVATE, bytes((ALL_IDENTIFIERS,)), carries)


def read_all(*, carries: bool = False) -> Request:
    """06."""
    return Request(Order.READ_ALL, bytes((ALL_IDENTIFIERS,)), carries)


def read(row: Row, *, carries: bool = False) -> Request:
    """03."""
    return Request(Order.READ, bytes((row.identifier,)), carries)


def write(row: Row, value: bytes) -> Request:
    """02."""
    return Request(Order.WRITE, bytes((row.identifier,)) + value, carries=True)


def password(text: str) -> Request:
    """05.  The document does not say what its data looks like: taken to be that of B2."""
    data = bytes((PASSWORD.identifier,)) + text.encode("ascii").ljust(PASSWORD.size, b"\0")
    return Request(Order.PASSWORD, data, patience=seconds(PASSWORD_WITHIN_S))
