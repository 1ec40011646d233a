"""Valid parameters for any capability, read off its Struct as the JSON Schema is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from hypothesis import strategies as st
from msgspec import inspect as mi


def parameters_of(structure: type[msgspec.Struct]) -> st.SearchStrategy[msgspec.Struct]:
    """Instances that validation would let through: made as builtins and converted, as the API does it."""
    return _values(mi.type_info(structure)).map(lambda builtins: msgspec.convert(builtins, structure))


def _values(kind: mi.Type) -> st.SearchStrategy[Any]:
    strategy = STRATEGIES.get(type(kind))
    assert strategy is not None, f"parameters of type {kind} need a line in STRATEGIES"
    return strategy(kind)


def _text(kind: mi.StrType) -> st.SearchStrategy[str]:
    least, most = kind.min_length or 0, kind.max_length
    if kind.pattern is None:
        return st.text(min_size=least, max_size=most)
    texts = st.from_regex(kind.pattern, fullmatch=True)
    return texts.filter(lambda text: least <= len(text) <= (len(text) if most is None else most))


def _list(kind: mi.ListType) -> st.SearchStrategy[list[Any]]:
    return st.lists(_values(kind.item_type), min_size=kind.min_length or 0, max_size=kind.max_length)


STRATEGIES: Final[dict[type[mi.Type], Callable[[Any], st.SearchStrategy[Any]]]] = {
    mi.Metadata: lambda kind: _values(kind.type),
    mi.StructType: lambda kind: st.fixed_dictionaries(
        {field.encode_name: _values(field.type) for field in kind.fields}
    ),
    mi.BoolType: lambda _: st.booleans(),
    mi.IntType: lambda kind: st.integers(kind.ge, kind.le),
    mi.FloatType: lambda kind: st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False),
    mi.StrType: _text,
    mi.LiteralType: lambda kind: st.sampled_from(kind.values),
    mi.EnumType: lambda kind: st.sampled_from([member.value for member in kind.cls]),
    mi.ListType: _list,
    # Without a zone: what devices take is their own local time.
    mi.DateTimeType: lambda _: st.datetimes(),
    mi.NoneType: lambda _: st.none(),
    mi.UnionType: lambda kind: st.one_of([_values(one) for one in kind.types]),
}
