"""What a device said and what was acknowledged, to be held against what is stored."""

from collections import Counter, defaultdict

Place = tuple[int, int]


class Line(list[bytes]):
    """What was said on one connection."""

    def said(self, raw: bytes) -> None:
        self.append(bare(raw))


class Diary:
    """``lines``: the frames of each connection, in the order of the connections; ``receipts``: how often the server
    acknowledged which frame.  Line ends do not count."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.receipts: Counter[bytes] = Counter()

    def connected(self) -> Line:
        """A new connection, to write down what is said on it."""
        line = Line()
        self.lines.append(line)
        return line

    def acknowledged(self, raw: bytes) -> None:
        self.receipts[bare(raw)] += 1

    def not_once(self, stored: list[bytes]) -> list[str]:
        """Frames that were acknowledged and are not there, or are there more often than they were said."""
        kept = Counter(map(bare, stored))
        said = Counter(raw for line in self.lines for raw in line)
        lost = [f"acknowledged and lost: {raw!r}" for raw in self.receipts - kept]
        return lost + [f"stored more often than said: {raw!r}" for raw in kept - said]

    def out_of_order(self, stored: list[bytes]) -> list[str]:
        """The first frame that breaks the order: of each connection, one after another, a beginning is stored.

        Equal frames may stand in many connections, so all places that fit are followed at once.
        """
        starts: dict[bytes, list[int]] = defaultdict(list)
        for number, line in enumerate(self.lines):
            if line:
                starts[line[0]].append(number)
        places: set[Place] = {(-1, 0)}
        for count, raw in enumerate(map(bare, stored)):
            nearest = min(number for number, _ in places)
            places = {
                (number, seen + 1)
                for number, seen in places
                if number >= 0 and seen < len(self.lines[number]) and self.lines[number][seen] == raw
            } | {(number, 1) for number in starts[raw] if number > nearest}
            if not places:
                return [f"out of order, or not whole: frame {count + 1} of {len(stored)}, {raw!r}"]
        return []


def bare(raw: bytes) -> bytes:
    """Without what some framers leave to the line."""
    return raw.rstrip(b"\r\n")
