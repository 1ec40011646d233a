"""What the source says about a name, where Python itself keeps nothing: text below a constant, comments above it."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from types import ModuleType

MARK = "#"


def below(thing: type | ModuleType) -> dict[str, str]:
    """The docstrings that stand under the names of a class or a module, each on one line."""
    tree: ast.AST = ast.parse(textwrap.dedent(inspect.getsource(thing)))
    if isinstance(tree, ast.Module) and isinstance(thing, type):
        (tree,) = tree.body
    assert isinstance(tree, ast.Module | ast.ClassDef)
    docs = {}
    for statement, under in itertools.pairwise(tree.body):
        match under:
            case ast.Expr(ast.Constant(str(doc))):
                docs.update(dict.fromkeys(_names(statement), _plain(doc)))
    return docs


def reason(module: ModuleType, name: str) -> str:
    """Why a constant has its value: its docstring, else the comment above it or above its group.

    Raises:
        LookupError: the source gives no reason.
    """
    if doc := below(module).get(name):
        return doc
    source = inspect.getsource(module)
    (first,) = (node.lineno for node in ast.parse(source).body if name in _names(node))
    lines = source.splitlines()[: first - 1]
    while lines and lines[-1] and not lines[-1].startswith(MARK):
        lines.pop()
    comment = list(itertools.takewhile(lambda line: line.startswith(MARK), reversed(lines)))
    if not comment:
        raise LookupError(f"{module.__name__}.{name}: no reason stands beside it")
    return " ".join(line.removeprefix(MARK).strip() for line in reversed(comment))


def _names(statement: ast.AST) -> list[str]:
    """What a statement assigns to."""
    match statement:
        case ast.AnnAssign(target=ast.Name(name)):
            return [name]
        case ast.Assign(targets=[ast.Name(name)]):
            return [name]
    return []


def _plain(doc: str) -> str:
    return " ".join(doc.split()).replace("``", "`")
