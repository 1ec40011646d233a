"""Is a frame's CRC right, and if it never is: how does this cabinet compute it?"""

from __future__ import annotations

from wayside.protocols.power_bank.crc import DEFAULT, Crc, candidates
from wayside.protocols.power_bank.frames import Frame
from wayside.protocols.power_bank.options import Options
from wayside.wire.errors import ChecksumError


class Verifier:
    """Checks the frames of one connection.

    ``crc`` is the profile that frames are held against.  One that the operator named is never doubted; nor is the
    default, or what an earlier connection has learnt, once a frame has fitted it.  Otherwise every wrong frame is
    tried under all candidates, and one that two *different* frames agree on is taken: by chance that happens once in
    some ten million pairs of frames.
    """

    def __init__(self, options: Options) -> None:
        self.crc = options.crc or options.learnt or DEFAULT
        self.learnt: Crc | None = None
        """A profile that was taken and not yet spoken of."""
        self._lenient = options.lenient
        self._certain = options.crc is not None
        self._evidence: dict[Crc, str] = {}

    @property
    def ours(self) -> Crc:
        """What to write with: while nothing is certain, in the way that the device's own frames point to."""
        return next(iter(self._evidence), self.crc)

    def right(self, frame: Frame) -> bool:
        """Whether the CRC is right; a wrong one is only ever returned in lenient mode.

        Raises:
            ChecksumError: it is wrong, and the mode is strict.
        """
        if self.crc.fits(frame.text, frame.crc):
            self._certain = True
            self._evidence.clear()
            return True
        if not self._certain and self._learn(frame):
            return True
        if self._lenient:
            return False
        raise ChecksumError(f"CRC {frame.crc} is not that of the text by {self.crc}")

    def _learn(self, frame: Frame) -> bool:
        for candidate in candidates(frame.text, frame.crc):
            if self._evidence.setdefault(candidate, frame.text) != frame.text:
                self.crc = self.learnt = candidate
                self._certain = True
                self._evidence.clear()
                return True
        return False
