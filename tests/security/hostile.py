"""Texts that somebody writes who means harm, and where in a body they can stand."""

from collections.abc import Iterator
from typing import Final

TEXTS: Final[dict[str, str]] = {
    "terminal escape": "\x1b]0;owned\x07\x1b[2J\x1b[31m",
    "one-character escape": "\x9b31mred\x9d",
    "NUL": "a\0b",
    "line feeds": 'a\r\nSet-Cookie: x=y\n{"level":"error"}',
    "delete and backspace": "abc\x08\x08\x7f",
    "turned writing": "\u202egnp.exe\u2066",
    "invisible": "a\u200b\u200d\ufeffb",
    "line separators": "a\u2028b\u2029c\x85d",
    "private and unassigned": "\ue000\U0010ffff\ufffe",
    "many accents": "a" + "\u0301" * 90,
    "SQL": "'; DROP TABLE log; --",
    "SQL pattern": "%_\\%[a-z]*?",
    "path": "../../../canary.txt",
    "absolute path": "/etc/passwd",
    "Windows path": "..\\..\\canary.txt",
    "encoded path": "..%2f..%2fcanary.txt%00",
    "markup": "<script>alert(1)</script>",
    "terminal markup": "[red]x[/red][link=file:///etc/passwd]y[/link]",
    "template": "{{7*7}}${7*7}%(asctime)s{0.__class__}",
    "formula": "=HYPERLINK(\"http://evil.example\",\"x\")",
    "another formula": "+1+cmd|' /C calc'!A1",
    "CSV": '",\n"x","y',
    "metric": 'x"} 1\nwayside_owned{a="b\\',
    "long": "x" * 5_000,
    "longer": "\U0001f4a9" * 40_000,
    "other digits": "\u0663\u0661",
    "empty": "",
    "blank": " ",
}  # fmt: skip

NUMBERS: Final[tuple[bytes, ...]] = (
    *(b"-1", b"0", b"1e308", b"1e309", b"-1e999999999", b"1.5", b"NaN", b"-Infinity"),
    *(b"9" * 20, b"-" + b"9" * 400, b"9" * 5_000, b"18446744073709551616", b"-9223372036854775809"),
)

# Bodies that are no JSON, or JSON that is meant to cost something.
BODIES: Final[dict[str, bytes]] = {
    "half a surrogate pair": b'{"name":"\\ud800"}',
    "half a surrogate pair in UTF-8": b'{"name":"\xed\xa0\x80"}',
    "a broken character": b'{"name":"\xff\xfe"}',
    "half a character": b'{"name":"\xe2\x82',
    "deep lists": b"[" * 50_000 + b"]" * 50_000,
    "deep objects": b'{"parameters":' * 15_000 + b"1" + b"}" * 15_000,
    "many keys": b'{"parameters":{' + b",".join(b'"%d":1' % n for n in range(20_000)) + b"}}",
    "one key many times": b'{"name":"a",' * 1 + b",".join([b'"name":"b"'] * 10_000) + b"}",
    "NUL": b"\0" * 100,
    "an entity": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><x>&x;</x>',
    "a pickle": b"\x80\x04cposix\nsystem\n(S'true'\ntR.",
    "a text": b'"text"',
    "a number": b"1" * 1_000,
    "nothing": b"null",
}


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where a text or a number stands in a body, and where the names of a free object do."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path


def planted(value: object, path: tuple[str | int, ...], what: object) -> object:
    """The body with something else in that place."""
    if not path:
        return what
    first, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {**value, first: planted(value[first], rest, what)}
    assert isinstance(value, list)
    assert isinstance(first, int)
    return [*value[:first], planted(value[first], rest, what), *value[first + 1 :]]
