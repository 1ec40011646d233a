"""The documentation generator: what it writes, what it leaves alone, and what it refuses."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.house.project import ROOT
from tools.docs import protocols, vocabulary
from tools.docs.generated import DocsError, Page, Region, fill, stale, unclaimed, wanted, write
from tools.docs.markdown import table
from wayside.model.commands import Capability, Risk
from wayside.model.vocabulary import Name, ValueType
from wayside.protocol.base import Described, Protocol, Side
from wayside.wire.layout import FieldLayout

REGION = Region("README.md", "tour", lambda: "new text")
WRITTEN = "# Title\n\n<!-- generated:tour -->\n\nnew text\n\n<!-- /generated -->\nkept | as it is\n"


class Beat(msgspec.Struct):
    """A sign of life.

    With more to say that the table leaves out.
    """


class Angle(msgspec.Struct):
    degrees: int


PROTOCOL = Protocol(
    name="planted",
    title="Planted",
    ident="[0-9]+",
    example="1",
    links=(),
    capabilities=(
        Capability("barrier.turn", "Turn it", Risk.ACTUATION, parameters=Angle, section="2.1"),
        Capability("barrier.read", "Read it", Risk.QUERY, answer_within_s=2.5),
    ),
    messages=(
        Described(
            "heartbeat",
            "0x13",
            Side.DEVICE,
            "1.2",
            Beat,
            (
                FieldLayout("spare", "5 bits", 5, ""),
                FieldLayout("level", "u8", 8, "0 is empty | 6 is full"),
                FieldLayout("mac", "6 bytes", 48, ""),
                FieldLayout("tail", "bytes", None, ""),
            ),
        ),
        Described("ping", "0x14", Side.SERVER, "", Beat),
    ),
)


MESSAGES = """
### heartbeat

`0x13` · device → server · 1.2

A sign of life.

| field | on the wire | size | meaning |
| --- | --- | --- | --- |
| `spare` | 5 bits | 5 bits |  |
| `level` | u8 | 1 byte | 0 is empty \\| 6 is full |
| `mac` | 6 bytes | 6 bytes |  |
| `tail` | bytes | varies |  |

### ping

`0x14` · server → device

A sign of life.
"""


def test_a_region_is_replaced_and_its_surroundings_are_kept() -> None:
    before = WRITTEN.replace("new text", "old text\n\nof two paragraphs")
    assert fill(before, REGION) == WRITTEN
    assert fill(WRITTEN, REGION) == WRITTEN


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("# Title\n", "no line"), ("<!-- generated:tour -->\n# Title\n", "never closed")],
)
def test_a_broken_marker_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(DocsError, match=f"README.md.*{complaint}"):
        fill(text, REGION)


def test_a_region_of_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocsError, match="no such file"):
        wanted(tmp_path, (), (REGION,))


def test_stale_files_are_shown_and_written_once(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(WRITTEN.replace("new", "old"))
    contents = wanted(tmp_path, (Page("docs/page.md", "the.module", lambda: "# Page"),), (REGION,))

    page, readme = stale(tmp_path, contents)
    assert "+# Page" in page
    assert "-old text\n+new text" in readme

    assert write(contents) == [tmp_path / "docs/page.md", tmp_path / "README.md"]
    assert (tmp_path / "README.md").read_text() == WRITTEN
    assert "from the.module" in (tmp_path / "docs/page.md").read_text()
    assert not list(stale(tmp_path, contents))
    assert write(contents) == []


def test_a_marker_that_nothing_fills_is_named(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text(WRITTEN)
    assert unclaimed(tmp_path, [document], (REGION,)) == []
    assert unclaimed(tmp_path, [document], ()) == ["README.md: nothing generates `tour`"]


def test_a_cell_breaks_neither_row_nor_column() -> None:
    assert table(("a", "b"), [("1|2", "3\n4")]) == "| a | b |\n| --- | --- |\n| 1\\|2 | 3 4 |"


def test_the_messages_of_a_protocol() -> None:
    assert protocols.messages(PROTOCOL) == MESSAGES.strip()


def test_the_commands_of_a_protocol() -> None:
    assert protocols.commands(PROTOCOL).splitlines()[2:] == [
        "| `barrier.turn` | Turn it | actuation | `degrees` | 30 s | 2.1 |",
        "| `barrier.read` | Read it | query |  | 2.5 s |  |",
    ]


def test_the_vocabulary_by_first_segment() -> None:
    names = [
        Name("lock.state", ValueType.STRING, "", "Where the bolt is.", "enum", ("locked", "unlocked")),
        Name("fuel.level.{n}", ValueType.NUMBER, "%", "How full it is.", ""),
    ]
    assert vocabulary.text(names).splitlines()[-11:] == [
        "## fuel",
        "",
        "| name | type | unit | meaning | class |",
        "| --- | --- | --- | --- | --- |",
        "| `fuel.level.{n}` | number | % | How full it is. |  |",
        "",
        "## lock",
        "",
        "| name | type | unit | meaning | class |",
        "| --- | --- | --- | --- | --- |",
        "| `lock.state` | string |  | Where the bolt is. One of `locked`, `unlocked`. | enum |",
    ]


def test_the_generated_documentation_is_fresh() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tools.docs", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
