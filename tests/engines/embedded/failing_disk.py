"""A file layer of SQLite's whose disk can be made to fail, and mended again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw

SYSTEM = apsw.vfs_names()[0]


class FailingDisk(apsw.VFS):
    """Passes everything on to the system's layer, except while ``fails`` names what does not work.

    ``default``: whoever opens a database in this process gets it from here.
    """

    def __init__(self, name: str, *, default: bool = False) -> None:
        super().__init__(name, base=SYSTEM, makedefault=default)
        self.fails: set[str] = set()
        self.happened = 0

    @contextmanager
    def failing(self, *operations: str) -> Iterator[None]:
        self.fails = set(operations)
        yield
        self.fails = set()

    def check(self, operation: str, error: type[apsw.Error]) -> None:
        if operation in self.fails:
            self.happened += 1
            raise error(f"the disk fails to {operation}")

    def done(self, operation: str) -> None:
        """It went well."""

    def xOpen(self, name: Any, flags: list[int]) -> "FailingFile":  # noqa: N802, ANN401 - as apsw calls it
        return FailingFile(self, name, flags)


class FailingFile(apsw.VFSFile):
    def __init__(self, disk: FailingDisk, name: Any, flags: list[int]) -> None:  # noqa: ANN401 - as apsw calls it
        super().__init__(SYSTEM, name, flags)
        self._disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - as apsw calls it
        self._disk.check("write", apsw.FullError)
        super().xWrite(data, offset)
        self._disk.done("write")

    def xSync(self, flags: int) -> None:  # noqa: N802 - as apsw calls it
        self._disk.check("sync", apsw.IOError)
        super().xSync(flags)
        self._disk.done("sync")
