"""Kinds of evidence, as data: what a record of each kind says, and what must hold of it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from benne.kernel import DOMAINS, InvalidInput, Reader, Type

COLUMN_TYPES: dict[str, Type] = {
    "text": "text",
    "int": "int",
    "minor": "int",
    "year": "int",
    "permille": "int",
    "float": "float",
    "bool": "bool",
    "instant": "instant",
}
"""The type a kind declares for a column, and the expression type it has there."""

RECORD_COLUMNS: dict[str, Type] = {
    "source": "text",
    "record": "text",
    "subject": "text",
    "cause": "text",
    "known_at": "instant",
    "superseded_at": "instant",
    "batch": "int",
}
"""What every version of every kind carries beside the kind's own columns."""

CAUSES = ("event", "correction", "retraction", "dispute")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """What must hold of one column of a kind (the words of ``kinds.toml``)."""

    name: str
    type: str
    required: bool = False
    at_least: int | None = None
    at_most: int | None = None
    known_with: str | None = None
    refers: str | None = None
    one_of: tuple[str, ...] | None = None
    group: bool = False
    subject: bool = False

    def __post_init__(self) -> None:
        if self.type not in COLUMN_TYPES:
            raise InvalidInput(
                f"column {self.name!r}: type must be one of {', '.join(COLUMN_TYPES)}; "
                f"got {self.type!r}."
            )


@dataclass(frozen=True)
class Kind:
    """A table of evidence: its domain, its columns, and the instant windows run over."""

    name: str
    domain: str
    says: str
    window: str
    columns: tuple[ColumnSpec, ...]
    ahead: bool = False

    def __post_init__(self) -> None:
        if self.domain not in (*DOMAINS, "conduct", "declared"):
            raise InvalidInput(
                f"kind {self.name!r}: domain must be one of {', '.join(DOMAINS)}; "
                f"got {self.domain!r}."
            )
        instants = {c.name for c in self.columns if c.type == "instant"}
        if self.window not in instants:
            raise InvalidInput(
                f"kind {self.name!r}: window must name an instant column; got {self.window!r}; "
                f"there are {', '.join(sorted(instants)) or 'none'}."
            )
        for column in self.columns:
            if column.known_with is not None and column.known_with not in instants:
                raise InvalidInput(
                    f"kind {self.name!r}: {column.name}.known_with must name an instant column; "
                    f"got {column.known_with!r}."
                )

    def column(self, name: str) -> ColumnSpec:
        """The column ``name``.  Raises ``InvalidInput`` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        names = ", ".join(c.name for c in self.columns)
        raise InvalidInput(f"kind {self.name!r} has no column {name!r}; it has {names}.")

    @cached_property
    def types(self) -> dict[str, Type]:
        """The expression type of every column that a feature may read (no groups)."""
        own = {c.name: COLUMN_TYPES[c.type] for c in self.columns if not c.group}
        return {**RECORD_COLUMNS, **own}


def kinds_of(document: Mapping[str, Any], *, where: str) -> tuple[Kind, ...]:
    """The kinds that a parsed TOML ``document`` declares under ``[kind.NAME]``.

    Raises:
        InvalidInput: an unknown key, a missing one, or a value that does not fit; the
            message starts with ``where``.
    """
    return tuple(
        _kind(name, body, where=f"{where}, [kind.{name}]")
        for name, body in _tables(document, where)
    )


def _tables(document: Mapping[str, Any], where: str) -> Iterable[tuple[str, object]]:
    declared = document.get("kind", {})
    if not isinstance(declared, Mapping):
        raise InvalidInput(f"{where}, [kind] must be a table; got {declared!r}.")
    return declared.items()


def _kind(name: str, body: object, *, where: str) -> Kind:
    if not _NAME.match(name):
        raise InvalidInput(
            f"{where}: a kind's name must be of small letters a to z, digits and _; got {name!r}."
        )
    reader = Reader(body, where)
    domain, says, window = (reader.text(key) for key in ("domain", "says", "window"))
    ahead = reader.flag("ahead", default=False)
    declared = reader.table("columns")
    if declared is None:
        raise InvalidInput(f"{where}: columns is missing; a kind must state it.")
    columns = tuple(_column(name, declared) for name in declared.names)
    reader.done()
    names = [column.name.lower() for column in columns]
    taken = set(names) & {*RECORD_COLUMNS, "observation", "as_of", "currency"}
    if taken:
        raise InvalidInput(f"{where}: column {sorted(taken)[0]!r} is a name every record has.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(
            f"{where}: columns must differ in more than capitals; {twice[0]!r} is there twice."
        )
    try:
        return Kind(name, domain, says, window, columns, ahead)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error}") from error


def _column(name: str, columns: Reader) -> ColumnSpec:
    reader = columns.table(name)
    assert reader is not None
    spec = ColumnSpec(
        name,
        reader.one_of("type", COLUMN_TYPES),
        required=reader.flag("required", default=False),
        at_least=reader.whole("at_least", None, signed=True),
        at_most=reader.whole("at_most", None, signed=True),
        known_with=reader.text("known_with", None),
        refers=reader.text("refers", None),
        one_of=reader.listed("one_of", None),
        group=reader.flag("group", default=False),
        subject=reader.flag("subject", default=False),
    )
    reader.done()
    return spec


@cache
def standard_kinds() -> tuple[Kind, ...]:
    """The kinds that every workspace has."""
    text = files("benne.evidence").joinpath("kinds.toml").read_text(encoding="utf-8")
    return kinds_of(tomllib.loads(text), where="kinds.toml")
