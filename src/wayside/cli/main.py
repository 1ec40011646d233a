"""The entry point: which commands there are.  Each is imported when it is called, so that the others start fast."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from wayside import __version__
from wayside.app.suggest import suggestion
from wayside.cli.exits import FAILED, INTERRUPTED, OK, USAGE, CliError

if TYPE_CHECKING:
    from cyclopts import App  # its import alone takes longer than the overview may

ABOUT: Final = "One self-hosted server for the hardware at the side of the road."


class Entry(NamedTuple):
    """A command: ``target`` is ``module:attribute`` under ``wayside.cli``, a function or an ``App``."""

    name: str
    target: str
    help: str


COMMANDS: Final[tuple[Entry, ...]] = (
    Entry("serve", "serve:serve", "Run the server."),
    Entry("demo", "demo:demo", "Run a server with simulated devices, to look around."),
    Entry("decode", "decode:decode", "Look into frames, without a server."),
    Entry("simulate", "simulate:simulate", "Connect simulated devices to a server."),
    Entry("devices", "devices:app", "List, accept, reject, rename, configure, delete devices."),
    Entry("send", "send:send", "Have a device do something."),
    Entry("commands", "commands:app", "List, show, cancel what devices were asked to do."),
    Entry("cabinets", "rentals:cabinets", "List power-bank cabinets, or show what stands in one."),
    Entry("banks", "banks:app", "List, register, import, export, retire power banks."),
    Entry("rentals", "rentals:app", "Borrow power banks; list, show, cancel rentals."),
    Entry("events", "events:events", "List stored events."),
    Entry("alarms", "alarms:app", "List, show, acknowledge alarms."),
    Entry("media", "media:app", "List, show, download, delete files of devices."),
    Entry("live", "live:app", "Watch cameras: list streams, start, stop, address."),
    Entry("tail", "tail:tail", "Follow events as they come in."),
    Entry("export", "export:export", "Write stored events as CSV or JSON lines."),
    Entry("firmware", "firmware:app", "List, add, remove firmware files."),
    Entry("ble", "ble:app", "Find and open locks over this machine's Bluetooth, without a server."),
    Entry("relay", "relay:relay", "Be the relay of a lock that only this machine's Bluetooth reaches."),
    Entry("tokens", "tokens:app", "Create, list, revoke API tokens."),
    Entry("audit", "audit:audit", "List who changed what."),
    Entry("config", "config:config", "Show the settings in effect, and where each comes from."),
    Entry("completion", "completion:completion", "Print the shell completion script."),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``wayside`` and end the process."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """Run ``wayside`` with these arguments; its exit code."""
    if not arguments or arguments[0] in {"--help", "-h"}:
        sys.stdout.write(overview())
        return OK
    if arguments == ["--version"]:
        sys.stdout.write(f"{__version__}\n")
        return OK
    names = [entry.name for entry in COMMANDS]
    if arguments[0] not in names:
        return _complain(f"there is no command {arguments[0]!r}{suggestion(arguments[0], names)}", USAGE)
    return _dispatch(arguments)


def overview() -> str:
    """The commands at a glance; made here, because the parser's import takes longer than printing it may."""
    width = max(len(entry.name) for entry in COMMANDS)
    lines = [f"  {entry.name:<{width}}  {entry.help}" for entry in COMMANDS]
    return (
        f"Usage: wayside COMMAND [ARGUMENTS]\n\n{ABOUT}\n\nCommands:\n"
        + "\n".join(lines)
        + "\n\n`wayside COMMAND --help` explains one, `wayside --version` says which this is.\n"
    )


def build() -> App:
    """The parser with every command, none of them imported yet."""
    from cyclopts import App, Parameter

    from wayside.cli.pages import Pages

    app = App(
        name="wayside",
        help=ABOUT,
        version=__version__,
        help_format="plaintext",
        help_formatter=Pages(),
        result_action="return_value",
        default_parameter=Parameter(negative=(), show_default=shown_default),
    )
    for entry in COMMANDS:
        app.command(f"wayside.cli.{entry.target}", name=entry.name)
    return app


def shown_default(value: object) -> str | None:
    """A default as help pages show it; switches that are off and what is empty need no word."""
    if value in (None, False, (), ""):
        return None
    return str(getattr(value, "value", value))


def _dispatch(arguments: list[str]) -> int:
    from cyclopts import CycloptsError

    from wayside.model.errors import WaysideError

    try:
        code = build()(arguments, exit_on_error=False)
    except CycloptsError:
        return USAGE  # the parser has said what is wrong
    except CliError as error:
        return _complain(error, error.code)
    except WaysideError as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough.  Python would complain once more when it flushes at exit.
        sys.stdout = None
        return OK
    return code if isinstance(code, int) else OK


def _complain(error: object, code: int) -> int:
    from wayside.model.text import printable_lines

    # The words may be the server's, and hold what somebody else called something.
    sys.stderr.write(f"wayside: {printable_lines(str(error))}\n")
    return code
