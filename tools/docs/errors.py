"""The reference of everything that can go wrong, and of what becomes of commands."""

from __future__ import annotations

from http import HTTPStatus

from tools.docs.generated import Page
from tools.docs.markdown import code, table
from tools.docs.sources import below
from wayside.api import live, problems
from wayside.cli import exits
from wayside.model.commands import OPEN, TRANSITIONS, State
from wayside.protocol.framing import Fault

HEAD = """\
# Errors, exit codes, outcomes

Errors are sorted by who must act: a *device* that sends nonsense is counted, logged and read on; a *caller* gets an
answer that names the field; the *operator* gets a message on stderr, and the server does not start, or says on
`/readyz` what is wrong.
"""

STATES = """\
## States of a command

`accepted` is answered once the command is stored. An outcome is only what the device said: where it can have
happened and nobody knows, the state is *unknown*, and nothing is sent again by itself. States marked *open* are
over for whoever waits, but a late word of the device still changes them; the step is then marked `late`.
"""

PROBLEMS = """\
## Problems of the API

Every error is `application/problem+json` with `type`, `title`, `status`, `detail` and `field`. `type` is for programs.
"""

FAULTS = """\
## Faults of frames

What is wrong with bytes of a device, in the log, in `wayside_bad_frames_total` and in what
[`wayside decode`](decode.md) prints. One such frame is dropped and the connection goes on; too many in a row end it.
"""

CLOSES = """\
## Close codes of the live feed
"""

ENDS = """\
## Why connections end

Stored with the device as `connection.reason`, in an event of kind `presence`; what ends before a device has said
who it is only stands in the log.
"""

EXITS = """\
## Exit codes
"""

WHEN: tuple[tuple[HTTPStatus, str | None, str], ...] = (
    (
        HTTPStatus.BAD_REQUEST,
        None,
        "a parameter or the body cannot be read, or nothing has this name; `field` says which",
    ),
    (HTTPStatus.UNAUTHORIZED, None, "no token, or one that is not valid (any more)"),
    (HTTPStatus.FORBIDDEN, None, "the token's scope does not reach this far"),
    (HTTPStatus.NOT_FOUND, None, "there is no such thing"),
    (HTTPStatus.METHOD_NOT_ALLOWED, None, "the path is right, the method is not"),
    (HTTPStatus.CONFLICT, None, "not in the present state: a name is taken, a command has left already"),
    (
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        None,
        "`Range` begins after the file's end; `detail` says where that is",
    ),
    (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, None, "more bytes than the limit that `detail` names"),
    (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        None,
        "well-formed, but it cannot be done: wrong parameters, no confirmation",
    ),
    (HTTPStatus.UNPROCESSABLE_ENTITY, "Key Reused", "this `Idempotency-Key` came with another body before"),
    (
        HTTPStatus.TOO_MANY_REQUESTS,
        None,
        "too many wrong tokens from this address; wait as long as `Retry-After` says",
    ),
    (HTTPStatus.INTERNAL_SERVER_ERROR, None, "a mistake of the server; its log has the details"),
    (HTTPStatus.SERVICE_UNAVAILABLE, None, "the store cannot commit now: nothing was stored, try again"),
)

CLOSE_CODES: tuple[tuple[int, str], ...] = (
    (live.GOING_AWAY, "the server stops"),
    (live.TRY_AGAIN_LATER, "too slow: what was missed stands in `/api/v1/events`"),
    (live.BAD_FILTER, "a filter cannot be read; the reason names it"),
    (live.TOKEN_ENDED, "no valid token, or it ended while the feed was open"),
    (4403, "the token's scope does not reach this far"),
    (4429, "too many wrong tokens from this address"),
)


# As they stand in the source; a protocol may add its own.
REASONS: tuple[tuple[str, str], ...] = (
    ("connected", "not an end: it came online"),
    ("closed by the device", "the device, or something on the way, closed the connection"),
    ("connection error", "the connection broke; often the network"),
    ("silent for too long", "nothing was heard for the protocol's idle time"),
    ("replaced by a newer connection", "the same device connected again, and the newest connection counts"),
    ("no valid frame", "nothing of this protocol came in time: a scanner, or the wrong port"),
    ("did not say who it is", "valid frames came, but no identity"),
    ("no such identity", "the identity does not look like one of this protocol"),
    (
        "says that it is another device",
        "a second identity on one connection, or not the one that a relay is for",
    ),
    ("nothing more to do", "a lock that was called over Bluetooth, and let go"),
    ("too many bad frames", "one refused frame after another: the wrong protocol, or a broken line"),
    ("frame too long", "more bytes than any frame may have"),
    ("a frame did not end", "it was begun, and its end did not come in time"),
    ("does not read", "the device leaves its answers unread"),
    ("rejected", "somebody rejected the device"),
    ("no room in quarantine", "too many unknown devices wait for a decision"),
    ("no room for new devices", "open registration lets no more in, of this address or at all"),
    ("its options were changed", "somebody set options of the device; its next connection has them"),
    ("deleted", "somebody deleted the device"),
    ("not storable", "the store works, but cannot take what the device said; the log has it"),
    ("the server stops", "the server was told to stop"),
    ("the server was restarted", "the server ended without saying goodbye"),
    ("internal error", "a mistake of the server; its log has the details"),
)


def page() -> Page:
    """The page ``docs/reference/errors.md``."""
    return Page("docs/reference/errors.md", "the code that raises them", text)


def text() -> str:
    """Everything."""
    return "\n\n".join(
        part.strip()
        for part in (
            *(HEAD, STATES, states(), PROBLEMS, api(), CLOSES, closes()),
            *(FAULTS, faults(), ENDS, table(("reason", "means"), REASONS), EXITS, codes()),
        )
    )


def states() -> str:
    """A row for each state of a command."""
    docs = below(State)
    return table(
        ("state", "means", "may become"),
        (
            (
                code(state.value) + (" (open)" if state in OPEN else ""),
                docs[state.name],
                ", ".join(code(after.value) for after in State if after in TRANSITIONS[state]),
            )
            for state in State
        ),
    )


def api() -> str:
    """A row for each problem."""
    found = ((problems.problem(status, "", name=name), when) for status, name, when in WHEN)
    return table(("status", "type", "when"), ((one.status, code(one.type), when) for one, when in found))


def closes() -> str:
    """A row for each code that a live feed is closed with."""
    return table(("code", "when"), CLOSE_CODES)


def faults() -> str:
    """A row for each fault."""
    docs = below(Fault)
    return table(("fault", "means"), ((code(fault.value), docs[fault.name]) for fault in Fault))


def codes() -> str:
    """A row for each exit code of the command."""
    docs = below(exits) | {"OK": "It was done."}
    names = sorted((value, name) for name, value in vars(exits).items() if name in docs)
    return table(("code", "means"), ((value, docs[name]) for value, name in names))
