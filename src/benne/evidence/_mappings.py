"""Mappings: one SQL select per kind, and what its author says about it.

A mapping is a file ``<kind>.sql`` or ``<kind>.<label>.sql``.  It starts with TOML in comment
lines between two lines ``-- ---``; the rest is one select::

    -- ---
    -- source = "core_bank"
    -- historical = true
    -- ---
    select loan_id as account, ...
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from benne.evidence._kinds import Kind
from benne.kernel import InvalidInput

FENCE = "-- ---"
MAPPING_KEYS = ("schema", "source", "historical", "lag_days", "later", "naive_times")
_SOURCE = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Mapping:
    """How the rows of one source become evidence of one kind.

    ``historical`` rows may state ``known_at`` (by default the kind's window instant), to which
    ``lag_days``, the source's publication lag, is added; other rows are known when they are
    ingested.  ``later`` names, for a column that becomes known after the row, the returned
    instant at which it did.  ``naive_times`` is the zone of times without an offset; without it
    they are findings.  ``sql`` is the whole file, so that a line of it is a line of the file.
    """

    name: str
    kind: Kind
    source: str
    sql: str
    historical: bool = False
    lag_days: int = 0
    later: MappingOf[str, str] = field(default_factory=dict)
    naive_times: str | None = None
    where: str = ""
    jurisdiction: str = "plain"


def parse_mapping(
    text: str,
    *,
    where: str,
    kinds: Iterable[Kind],
    lag_days: int | None = None,
    jurisdiction: str = "plain",
) -> Mapping:
    """The mapping that the file ``where`` holds.

    ``lag_days`` is the publication lag of the source where the mapping states none;
    ``jurisdiction`` says which columns are never collected.

    Raises:
        InvalidInput: with file and line: no front matter, TOML that cannot be read, an unknown
            key, a kind that is not declared, a value that does not fit.
    """
    name = re.split(r"[/\\]", where)[-1].removesuffix(".sql")
    kind = _kind_of(name, kinds, where)
    head, first_line = _front_matter(text, where)
    values = _toml(head, first_line, where)
    unknown = sorted(set(values) - set(MAPPING_KEYS))
    if unknown:
        line = _line_of(head, unknown[0], first_line)
        raise InvalidInput(
            f"{where}, line {line}: unknown key {unknown[0]!r}; "
            f"the keys are {', '.join(MAPPING_KEYS)}."
        )
    if values.pop("schema", 1) != 1:
        line = _line_of(head, "schema", first_line)
        raise InvalidInput(f"{where}, line {line}: schema must be 1; a newer Benne reads more.")
    _check_values(values, kind, head, first_line, where)
    values.setdefault("lag_days", lag_days or 0)
    return Mapping(name=name, kind=kind, sql=text, where=where, jurisdiction=jurisdiction, **values)


def _kind_of(name: str, kinds: Iterable[Kind], where: str) -> Kind:
    named = {kind.name: kind for kind in kinds}
    kind = named.get(name.split(".")[0])
    if kind is None:
        raise InvalidInput(
            f"{where}: a mapping's file is named after a kind, as in instalment.sql or "
            f"instalment.old_system.sql; got {name.split('.')[0]!r}; "
            f"the kinds are {', '.join(sorted(named))}."
        )
    return kind


def _front_matter(text: str, where: str) -> tuple[list[str], int]:
    """The TOML lines, and the line number of the first of them."""
    lines = text.removeprefix("\ufeff").splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if not lines or lines[start].strip() != FENCE:
        raise InvalidInput(
            f"{where}, line {start + 1}: a mapping must start with {FENCE!r}, then TOML in comment "
            f"lines (at least source = ...), then {FENCE!r} again."
        )
    head: list[str] = []
    for number, line in enumerate(lines[start + 1 :], start + 2):
        if line.strip() == FENCE:
            return head, start + 2
        if not line.lstrip().startswith("--"):
            raise InvalidInput(
                f"{where}, line {number}: every line before the second {FENCE!r} must be a "
                f"comment; got {line.strip()!r}."
            )
        head.append(re.sub(r"^\s*-- ?", "", line))
    raise InvalidInput(f"{where}, line {len(lines)}: the front matter must end with {FENCE!r}.")


def _toml(head: list[str], first_line: int, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads("\n".join(head))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        last = max(len(head) - 1, 0)
        line = first_line + (min(int(found[1]) - 1, last) if found else last)
        said = re.sub(r" \(at line.*\)", "", str(error)).lower()
        got = head[line - first_line].strip() if head else ""
        raise InvalidInput(
            f"{where}, line {line}: front matter must be TOML; got {got!r}: {said}."
        ) from error


def _line_of(head: list[str], key: str, first_line: int) -> int:
    pattern = re.compile(rf"\s*\[?\"?{re.escape(key)}\b")
    return first_line + next((i for i, line in enumerate(head) if pattern.match(line)), 0)


def _check_values(
    values: dict[str, Any], kind: Kind, head: list[str], first_line: int, where: str
) -> None:
    def demand(key: str, holds: bool, must: str) -> None:  # noqa: FBT001
        if not holds:
            got = f"got {values[key]!r}" if key in values else "it is missing"
            line = _line_of(head, key, first_line)
            raise InvalidInput(f"{where}, line {line}: {key} must be {must}; {got}.")

    source = values.get("source")
    demand(
        "source",
        isinstance(source, str) and bool(_SOURCE.match(source)),
        "a name of small letters, digits and _",
    )
    demand("historical", isinstance(values.get("historical", False), bool), "true or false")
    lag = values.get("lag_days", 0)
    whole = isinstance(lag, int) and not isinstance(lag, bool)
    demand("lag_days", whole and 0 <= lag <= 36_500, "a whole number of days, 0 or more")
    later = values.get("later", {})
    names = {column.name for column in kind.columns if column.name != kind.window}
    other = {column.name for column in kind.columns if column.type != "instant"}
    other |= {"record", "subject", "cause", "known_at", "currency"}
    demand(
        "later",
        isinstance(later, dict)
        and set(later) <= names
        and all(isinstance(to, str) and to not in other for to in later.values()),
        f'a table such as {{ column = "instant column" }} over columns of {kind.name!r} '
        f"({', '.join(sorted(names))})",
    )
    zone = values.get("naive_times", "UTC")
    demand("naive_times", isinstance(zone, str) and _is_zone(zone), "a zone, as in Africa/Lagos")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return name == "UTC"
    return True
