"""Kinds of evidence, as data: what a record of each kind says, and what must hold of it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

from benne.kernel import DOMAINS, InvalidInput, Type

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


@dataclass(frozen=True, slots=True)
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

    @property
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
        for name, body in document.get("kind", {}).items()
    )


def _kind(name: str, body: Mapping[str, Any], *, where: str) -> Kind:
    _known_keys(body, {"domain", "says", "window", "columns", "ahead"}, where)
    for key in ("domain", "says", "window", "columns"):
        if key not in body:
            raise InvalidInput(f"{where}: {key} is missing; a kind must state it.")
    taken = set(body["columns"]) & (set(RECORD_COLUMNS) | {"observation", "as_of"})
    if taken:
        raise InvalidInput(f"{where}: column {sorted(taken)[0]!r} is a name every record has.")
    columns = tuple(
        _column(column, spec, where=f"{where}, columns.{column}")
        for column, spec in body["columns"].items()
    )
    try:
        return Kind(
            name, body["domain"], body["says"], body["window"], columns, body.get("ahead", False)
        )
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error}") from error


def _column(name: str, body: Mapping[str, Any], *, where: str) -> ColumnSpec:
    _known_keys(body, {f.name for f in fields(ColumnSpec)} - {"name"}, where)
    if "type" not in body:
        raise InvalidInput(f"{where}: type is missing; it is one of {', '.join(COLUMN_TYPES)}.")
    values = dict(body)
    if "one_of" in values:
        values["one_of"] = tuple(values["one_of"])
    return ColumnSpec(name, **values)


def _known_keys(body: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise InvalidInput(
            f"{where}: unknown key {unknown[0]!r}; the keys are {', '.join(sorted(known))}."
        )


@cache
def standard_kinds() -> tuple[Kind, ...]:
    """The kinds that every workspace has."""
    text = files("benne.evidence").joinpath("kinds.toml").read_text(encoding="utf-8")
    return kinds_of(tomllib.loads(text), where="kinds.toml")
