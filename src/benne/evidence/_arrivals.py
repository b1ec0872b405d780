"""A single record as it arrives, in process: cast and checked as ingest checks a batch's rows.

What is accepted here the lake accepts too, with the same values (a test holds both to it);
JSON has types, so nothing is read out of text but instants.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping as MappingOf
from dataclasses import dataclass

from benne.evidence._findings import Finding
from benne.evidence._kinds import CAUSES, COLUMN_TYPES, ColumnSpec, Kind
from benne.kernel import InvalidInput, Json, Value, iso, parse_instant, subject_id
from benne.rights import refused_columns

RESERVED = ("record", "subject", "cause", "currency")
"""What a record may carry beside its kind's own columns; ``known_at`` is stamped by us."""

_LONGEST = 1_000
_INT64 = 2**63
_NAIVE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\Z")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One record, cast: what a source says now about a person.

    ``values`` has every column of the kind that a feature may read, ``groups`` the protected ones
    that were given.
    """

    subject: str
    kind: Kind
    source: str
    record: str
    cause: str
    values: MappingOf[str, Value]
    groups: MappingOf[str, Value]


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all that arrives: the currency, the law, the moment, and whose key it is.

    ``key`` makes subjects of identifiers; ``None`` keeps them.
    """

    currency: str
    jurisdiction: str
    now: int
    key: bytes | None = None


class _Broken(Exception):
    """A value breaks a rule: its code, and what must hold."""

    def __init__(self, code: str, must: str) -> None:
        super().__init__(must)
        self.code, self.must = code, must


def arrival(
    record: MappingOf[str, Json], *, kind: Kind, source: str, rules: Rules, row: int | None = None
) -> Arrival | tuple[Finding, ...]:
    """``record`` (columns to JSON values) cast to ``kind``, or all that is wrong with it."""
    specs = {column.name: column for column in kind.columns}
    named = record.get("record")
    found = _unknown(record, specs, kind, rules)
    values: dict[str, Value] = {}
    cause = record.get("cause") or "event"
    for name, spec in (_fixed(kind) | specs).items():
        given = record.get(name)
        try:
            values[name] = _checked(spec, given, kind, rules, excused=cause == "retraction")
        except _Broken as broken:
            found.append((broken.code, name, broken.must, _shown(given)))
    if found:
        who = str(named)[:_LONGEST] if isinstance(named, str | int) else None
        return tuple(
            Finding(code, source, kind.name, must, got, column, row=row, record=who)
            for code, column, must, got in found
        )
    own = {name: values[name] for name, spec in specs.items() if not spec.group}
    groups = {n: values[n] for n, spec in specs.items() if spec.group and values[n] is not None}
    return Arrival(
        subject=str(values["subject"]),
        kind=kind,
        source=source,
        record=str(values["record"]),
        cause=str(values["cause"] or "event"),
        values=own,
        groups=groups,
    )


def _fixed(kind: Kind) -> dict[str, ColumnSpec]:
    return {
        "record": ColumnSpec("record", "text", required=True, refers=kind.name),
        "subject": ColumnSpec("subject", "text", required=True, subject=True),
        "cause": ColumnSpec("cause", "text", one_of=CAUSES),
        "currency": ColumnSpec("currency", "text"),
    }


def _unknown(
    record: MappingOf[str, Json], specs: MappingOf[str, ColumnSpec], kind: Kind, rules: Rules
) -> list[tuple[str, str, str, str]]:
    """Columns that there are not, and columns that must never be collected."""
    names: Iterable[str] = record
    if kind.name == "attribute" and isinstance(name := record.get("name"), str):
        names = (*names, name)
    refused = refused_columns(names, rules.jurisdiction, rules.now)
    found = [
        (
            "never_collect",
            name,
            f"rule {rule} of {rules.jurisdiction} says that this is never collected",
            repr(name),
        )
        for name, rule in refused.items()
    ]
    if "known_at" in record:
        must = "known_at is stamped by us, and only a historical import may state it"
        found.append(("not_historical", "known_at", must, _shown(record["known_at"])))
    known = (*RESERVED, *specs)
    must = f"a record of {kind.name!r} may have only {', '.join(known)}"
    strangers = set(record) - set(known) - set(refused) - {"known_at"}
    return found + [("unknown_column", name, must, repr(name)) for name in sorted(strangers)]


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:99]}…"


# --- one value -----------------------------------------------------------------------------

_NULLS = {"record": "null_record", "subject": "null_subject"}


def _checked(spec: ColumnSpec, given: Json, kind: Kind, rules: Rules, *, excused: bool) -> Value:
    """The typed value, or ``_Broken``; the rules in the order of ``plan_casts``."""
    value = None if given is None else _CASTS[COLUMN_TYPES[spec.type]](spec, given)
    name = spec.name
    demanded = (spec.required or name == kind.window) and (name in _NULLS or not excused)
    if demanded and (value is None or value == ""):
        raise _Broken(_NULLS.get(name, "missing"), f"{name} must be there")
    if value is None:
        return None
    if isinstance(value, str):
        return _checked_text(spec, value, rules)
    if spec.at_least is not None and value < spec.at_least:
        code = "negative" if spec.at_least == 0 else "out_of_range"
        raise _Broken(code, f"{name} must be {spec.at_least} or more")
    if spec.at_most is not None and value > spec.at_most:
        raise _Broken("out_of_range", f"{name} must be {spec.at_most} or less")
    past = spec.known_with is not None or (name == kind.window and not kind.ahead)
    if spec.type == "instant" and past and value > rules.now:
        must = f"{name} must not lie after the moment of reading, {iso(rules.now)}"
        raise _Broken("future_time", must)
    return value


def _checked_text(spec: ColumnSpec, value: str, rules: Rules) -> str:
    if spec.one_of is not None and value not in spec.one_of:
        must = f"{spec.name} must be one of {', '.join(spec.one_of)}"
        raise _Broken("not_allowed", must)
    if spec.name == "currency" and value != rules.currency:
        must = f"amounts must be in {rules.currency}, the workspace's currency"
        raise _Broken("second_currency", must)
    if spec.subject and rules.key is not None:
        return subject_id(value, key=rules.key)
    return value


def _text(spec: ColumnSpec, given: Json) -> str | None:
    names_something = spec.subject or spec.refers is not None
    if names_something and isinstance(given, int) and not isinstance(given, bool):
        return str(_fits(spec, given))
    if not isinstance(given, str):
        raise _Broken("wrong_type", f"{spec.name} must be text")
    text = given.strip(" ") if names_something else given
    if len(text) > _LONGEST:
        raise _Broken("out_of_range", f"{spec.name} must have {_LONGEST:,} characters or fewer")
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _Broken("wrong_type", f"{spec.name} must be Unicode text without U+0000")
    return (text or None) if names_something else text


def _whole(spec: ColumnSpec, given: Json) -> int:
    if isinstance(given, float):
        if given != given or given in (float("inf"), float("-inf")):
            raise _Broken("not_finite", f"{spec.name} must be finite")
        if not given.is_integer():
            raise _Broken("fractional", f"{spec.name} must be a whole number")
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int):
        raise _Broken("wrong_type", f"{spec.name} must be a whole number")
    return _fits(spec, given)


def _fits(spec: ColumnSpec, given: int) -> int:
    if not -_INT64 <= given < _INT64:
        raise _Broken("overflow", f"{spec.name} must fit int64")
    return given


def _double(spec: ColumnSpec, given: Json) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise _Broken("wrong_type", f"{spec.name} must be a number")
    try:
        value = float(given)
    except OverflowError:
        value = float("inf")
    if value != value or value in (float("inf"), float("-inf")):
        raise _Broken("not_finite", f"{spec.name} must be finite")
    return value


def _flag(spec: ColumnSpec, given: Json) -> bool:
    if not isinstance(given, bool):
        raise _Broken("wrong_type", f"{spec.name} must be true or false")
    return given


def _instant(spec: ColumnSpec, given: Json) -> int:
    if not isinstance(given, str):
        must = f"{spec.name} must be an instant: a date, or a time with its offset from UTC"
        raise _Broken("wrong_type", must)
    try:
        return parse_instant(given)
    except InvalidInput as error:
        if _NAIVE.match(given.strip()):
            must = f"{spec.name} must carry its offset from UTC"
            raise _Broken("naive_time", must) from error
        if isinstance(error.__cause__, OverflowError):
            must = f"{spec.name} must be between the years 1 and 9999"
            raise _Broken("out_of_range", must) from error
        must = f"{spec.name} must be ISO 8601, as in 2026-01-31 or 2026-01-31T09:30:00Z"
        raise _Broken("unparsable_time", must) from error


_CASTS = {"text": _text, "int": _whole, "float": _double, "bool": _flag, "instant": _instant}
