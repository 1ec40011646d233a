"""Small files, small functions: what has to be understood at once fits on a few screens."""

import ast
import statistics
from pathlib import Path

from tests.house.project import files, python_files, shown

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
# Half of the package's files are shorter than this. It may be lowered, never raised.
FILE_LINES_MEDIAN_MAX = 150


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_no_file_is_long() -> None:
    long = {shown(path): lines(path) for path in python_files() if lines(path) > FILE_LINES_MAX}
    assert not long


def test_most_files_are_short() -> None:
    lengths = [length for path in files("*.py", "src") if (length := lines(path))]
    assert statistics.median(lengths) <= FILE_LINES_MEDIAN_MAX


def test_no_function_is_long() -> None:
    long = {
        f"{shown(path)}:{node.lineno} {node.name}": length
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert not long
