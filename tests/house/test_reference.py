"""Nothing that a user can set, type, call or ask for is missing from the documentation."""

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import CycloptsError

from tests.house.project import ROOT, files, shown
from tools.docs import api, cli, errors
from tools.docs.sources import reason
from wayside.api import live, problems
from wayside.app.catalogue import SettingRow, settings_reference
from wayside.app.metrics import PREFIX
from wayside.app.protocols import PROTOCOLS
from wayside.model.commands import State
from wayside.model.vocabulary import VOCABULARY
from wayside.protocol.base import Protocol
from wayside.protocol.framing import Fault

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
WRITTEN = [*ROOT.glob("*.md"), *DOCS.glob("*.md")]

BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A shell's own words end a command: what stands behind them is not for us.
SHELL = {"|", ">", ">>", "&", "&&", ";", "#"}
# Commands that are documented as patterns, with words in capitals where something belongs.
PATTERN = re.compile(r"…|\bHEX\b|\bPROTOCOL \[")
PLANTED = '''
bare = 1

# Ten fingers.
commented = 10

documented = 2
"""Both hands."""
'''


def text(page: str) -> str:
    return (REFERENCE / page).read_text()


@pytest.mark.parametrize("setting", settings_reference(), ids=lambda setting: setting.name)
def test_every_setting_is_documented(setting: SettingRow) -> None:
    pages = text("configuration.md") + text("limits.md")
    assert f"| `{setting.name}` |" in pages


def test_every_setting_says_what_it_is_for() -> None:
    assert [setting.name for setting in settings_reference() if not setting.doc] == []


@pytest.mark.parametrize("command", list(cli.commands()), ids=" ".join)
def test_every_command_is_documented(command: tuple[str, ...]) -> None:
    assert f"\n## wayside {' '.join(command)}\n" in text("cli.md")


@pytest.mark.parametrize("endpoint", api.endpoints(), ids=lambda endpoint: endpoint.title)
def test_every_endpoint_is_documented_with_its_scope(endpoint: api.Endpoint) -> None:
    assert f"| `{endpoint.title}` | `{endpoint.scope}` |" in text("api.md")


def test_every_endpoint_is_there() -> None:
    """The walk over the routes misses none that the description has."""
    described = {
        (path, method.upper()) for path, item in api.description()["paths"].items() for method in item
    }
    found = {(endpoint.path, endpoint.method) for endpoint in api.endpoints()}
    assert described <= found
    assert {path for path, _ in found - described} == {
        "/api/v1/live",
        "/api/v1/relay",
        "/api/v1/openapi.json",
    }


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)
def test_every_protocol_is_documented_with_its_capabilities(protocol: Protocol) -> None:
    section = text("capabilities.md").partition(f"\n## {protocol.name}\n")[2].partition("\n## ")[0]
    assert f"| `{protocol.name}` |" in (ROOT / "README.md").read_text()
    for capability in protocol.capabilities:
        assert f"| `{capability.name}` |" in section
        taken = capability.parameters.__struct_fields__
        assert [name for name in taken if f"| `{capability.name}` | `{name}` |" not in section] == []


def test_every_name_of_the_vocabulary_is_documented() -> None:
    assert [name for name in VOCABULARY if f"| `{name}` |" not in text("vocabulary.md")] == []


def test_every_outcome_and_fault_is_documented() -> None:
    page = text("errors.md")
    assert [word.value for word in (*State, *Fault) if f"| `{word.value}`" not in page] == []


def test_every_status_that_the_api_answers_is_documented() -> None:
    used = {int(status) for status in problems.STATUS.values()}
    sources = [path.read_text() for path in (ROOT / "src/wayside/api").glob("*.py")]
    names = {name for source in sources for name in re.findall(r"Refusal\(\s*HTTPStatus\.([A-Z_]+)", source)}
    documented = {status for status, _, _ in errors.WHEN}
    assert used <= {int(status) for status in documented}
    assert names <= {status.name for status in documented}
    closes = {value for name, value in vars(live).items() if name.isupper() and isinstance(value, int)}
    assert {code for code in closes if code > 1000} <= {code for code, _ in errors.CLOSE_CODES}


def test_the_reasons_why_connections_end_are_those_of_the_gateway() -> None:
    sources = "\n".join(path.read_text() for path in sorted((ROOT / "src/wayside/gateway").glob("*.py")))
    documented = {reason for reason, _ in errors.REASONS}
    assert {reason for reason in documented if f'"{reason}"' not in sources} == set()
    given = set(re.findall(r'(?:hang_up|abort)\(\s*"([^"]+)"', sources)) - {"closed"}
    assert given <= documented


def test_every_metric_is_documented() -> None:
    source = "".join((ROOT / f"src/wayside/app/{file}.py").read_text() for file in ("metrics", "live"))
    page = (DOCS / "operating.md").read_text()
    names = re.findall(r'\b(?:counter|gauge)\(\s*"([a-z_]+)"', source)
    assert len(names) > 10
    assert [name for name in names if f"`{PREFIX}{name}" not in page] == []


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if path.parent != path]
    assert [page for page in pages if page != "README.md" and f"({page})" not in index] == []


def typed(document: Path) -> Iterator[str]:
    """Every ``wayside …`` line of a page's blocks, lines that end in a backslash joined."""
    for block in BLOCK.findall(document.read_text()):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            start = line.removeprefix("$ ").strip()
            if start.startswith(("wayside ", ".venv/bin/wayside ")) and not PATTERN.search(start):
                yield start.partition(" ")[2]


@pytest.mark.parametrize("document", WRITTEN, ids=shown)
def test_every_command_that_a_page_shows_can_be_typed(document: Path) -> None:
    """Parsed, not run: the command exists, and so do its options."""
    wrong = []
    for line in typed(document):
        words = shlex.split(line, comments=True)
        end = next((place for place, word in enumerate(words) if word in SHELL), len(words))
        # The banner of the overview and of the server are no commands.
        if words[0] not in {name for (name, *_) in cli.commands()}:
            wrong += [line] if line[0].islower() else []
            continue
        try:
            cli.parser().parse_args(words[:end], exit_on_error=False, print_error=False)
        except CycloptsError as error:
            wrong.append(f"{line}: {error}")
    assert wrong == []


def test_the_pages_do_show_commands() -> None:
    assert len([line for document in WRITTEN for line in typed(document)]) > 30


def test_a_limit_without_a_reason_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted_limits.py").write_text(PLANTED)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("planted_limits")
    with pytest.raises(LookupError, match="bare"):
        reason(module, "bare")
    assert reason(module, "commented") == "Ten fingers."
    assert reason(module, "documented") == "Both hands."


def test_pages_hold_nothing_of_the_day_they_were_made() -> None:
    """No port that a system chose, no token, no home folder: a page is the same wherever it is written."""
    strays = [
        f"{shown(path)}: {found}"
        for path in files("*.md", "docs")
        for found in re.findall(r"wst_[A-Za-z0-9_-]{43}|/(?:home|root|tmp|Users)/\w+", path.read_text())
    ]
    assert strays == []
