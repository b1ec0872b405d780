"""The cast plan: how the raw columns of a mapping become typed ones, and what must hold of them.

A mapping returns whatever its files hold.  ``plan_casts`` writes, in DuckDB's SQL, one select
over the mapping's own that casts every column (``TRY_CAST``, never a rounding), checks every rule
of the kind, and returns a row for each row: the typed columns, the list of the rules that
it breaks, and, for a row that breaks one, the raw values as JSON text.  Text here is only
text: ``benne.app.stores`` runs it.
"""

# ruff: noqa: S608 -- names and values are quoted by quoted() and literal()

from __future__ import annotations

from collections.abc import Iterable, Mapping as MappingOf
from dataclasses import dataclass, replace

from benne.evidence._column_casts import (
    cast_column,
    certain,
    default_of,
    literal,
    quoted,
    raw_column,
    trimmed,
    typed_column,
)
from benne.evidence._findings import Finding
from benne.evidence._kinds import CAUSES, COLUMN_TYPES, ColumnSpec
from benne.evidence._mappings import Mapping
from benne.kernel import MICROS_PER_DAY, iso
from benne.rights import refused_columns

PROBLEMS = ":problems"
RAW = ":raw"
LATER = ":later_"

_MAPPED, _IF_BAD = "/*mapped*/", "/*if bad*/"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold of a row; ``sql`` is true where it does not."""

    code: str
    column: str
    must: str
    sql: str


@dataclass(frozen=True, slots=True)
class CastPlan:
    """How to cast and check a mapping's rows.

    ``rules`` are numbered as in the output column ``:problems``.  ``later`` gives, for each
    output column ``:later_N`` (the instant at which something became known, in microseconds),
    the kind's columns that it brings.  ``names`` are the raw columns as the mapping spells them.
    """

    sql: str
    rules: tuple[Rule, ...]
    later: tuple[tuple[str, ...], ...]
    names: MappingOf[str, str]

    def select(self, mapped: str, *, keep_raw: bool = False) -> str:
        """The select over ``mapped``; the raw values of good rows, too, if ``keep_raw``.

        Nothing before ``mapped`` breaks the line, so that its lines keep their numbers.
        """
        sql = self.sql.replace(_IF_BAD, "TRUE" if keep_raw else '":bad"')
        return sql.replace(_MAPPED, mapped)


def plan_casts(
    mapping: Mapping, returned: MappingOf[str, str], *, currency: str, now: int
) -> tuple[CastPlan | None, tuple[Finding, ...]]:
    """The cast plan for a mapping whose select returns ``returned`` (name to DuckDB type).

    ``now`` is when the batch is read, in microseconds.  There is no plan where a column is
    missing or unknown: each is a finding about the whole batch.
    """
    specs = _specs(mapping)
    spelled = {name.lower(): name for name in specs}
    names = {spelled.get(name.lower(), name): name for name in returned}
    findings = never_collected(mapping, names, now) + _column_findings(mapping, names, specs)
    if findings:
        return None, findings
    present = {name: names[name] for name in specs if name in names}
    raws = [
        f"{trimmed(quoted(original), returned[original], specs[name])} AS {raw_column(name)}"
        for name, original in present.items()
    ]
    values, rules = [], []
    for name, spec in specs.items():
        if name not in present:
            values.append(f"{default_of(name, spec)} AS {typed_column(name)}")
            continue
        value, checks = cast_column(spec, returned[present[name]], mapping.naive_times)
        if name == "cause":
            value = f"coalesce({value}, {default_of(name, spec)})"
        values.append(f"{value} AS {typed_column(name)}")
        rules += [Rule(code, name, must, sql) for code, sql, must in checks]
        rules += _value_rules(spec, now=now, currency=currency)
    rules += _row_rules(mapping, now)
    later = _later(mapping, present)
    sql = _select(mapping, present, raws, values, rules, later, now)
    return CastPlan(sql, tuple(rules), tuple(columns for _, columns in later), present), ()


def _specs(mapping: Mapping) -> dict[str, ColumnSpec]:
    """Every column that the mapping may return."""
    specs = {
        "record": ColumnSpec("record", "text", required=True, refers=mapping.kind.name),
        "subject": ColumnSpec("subject", "text", required=True, subject=True),
        "cause": ColumnSpec("cause", "text", one_of=CAUSES),
        "known_at": ColumnSpec("known_at", "instant", required=True),
        "currency": ColumnSpec("currency", "text", required=True),
    }
    for column in mapping.kind.columns:
        required = column.required or column.name == mapping.kind.window
        specs[column.name] = replace(column, required=required)
    for instant in mapping.later.values():
        spec = specs.get(instant, ColumnSpec(instant, "instant"))
        specs[instant] = replace(spec, known_with=spec.known_with or instant)
    return specs


def never_collected(mapping: Mapping, names: Iterable[str], now: int) -> tuple[Finding, ...]:
    """A finding for each of ``names`` that the jurisdiction of ``mapping`` forbids to collect."""
    refused = refused_columns(names, mapping.jurisdiction, now)
    return tuple(
        Finding(
            "never_collect",
            mapping.source,
            mapping.kind.name,
            f"rule {rule} of {mapping.jurisdiction} says that this is never collected",
            f"{name!r}",
            name,
            where=mapping.where,
        )
        for name, rule in refused.items()
    )


def _column_findings(
    mapping: Mapping, names: MappingOf[str, str], specs: MappingOf[str, ColumnSpec]
) -> tuple[Finding, ...]:
    def finding(code: str, column: str, must: str, got: str) -> Finding:
        return Finding(
            code, mapping.source, mapping.kind.name, must, got, column, where=mapping.where
        )

    got = ", ".join(names.values())
    needed = {"record", "subject", *mapping.later.values()}
    needed |= {column.name for column in mapping.kind.columns if specs[column.name].required}
    missing = [
        finding("missing_column", name, f"the select must return {name!r}", f"only {got}")
        for name in specs
        if name in needed and name not in names
    ]
    known = f"a mapping of {mapping.kind.name!r} may return only {', '.join(specs)}"
    unknown = [
        finding("unknown_column", names[name], known, f"{names[name]!r}")
        for name in names
        if name not in specs
    ]
    stated = []
    if "known_at" in names and not mapping.historical:
        must = "known_at is stamped by us, and only a historical import may state it"
        stated = [finding("not_historical", "known_at", must, "a select that returns it")]
    return (*missing, *unknown, *stated)


# --- rules -----------------------------------------------------------------------------

_NULLS = {"record": "null_record", "subject": "null_subject"}


def _value_rules(spec: ColumnSpec, *, now: int, currency: str) -> list[Rule]:
    """What must hold of the typed value of one column."""
    name, value = spec.name, typed_column(spec.name)
    rules = []
    if spec.required:
        blank = f"{value} = ''" if COLUMN_TYPES[spec.type] == "text" else "FALSE"
        excused = "" if name in _NULLS else f" AND {typed_column('cause')} <> 'retraction'"
        condition = f"({raw_column(name)} IS NULL OR {blank}){excused}"
        rules.append(Rule(_NULLS.get(name, "missing"), name, f"{name} must be there", condition))
    if spec.at_least is not None:
        code = "negative" if spec.at_least == 0 else "out_of_range"
        must = f"{name} must be {spec.at_least} or more"
        rules.append(Rule(code, name, must, f"{value} < {spec.at_least}"))
    if spec.at_most is not None:
        must = f"{name} must be {spec.at_most} or less"
        rules.append(Rule("out_of_range", name, must, f"{value} > {spec.at_most}"))
    if spec.one_of is not None:
        options = ", ".join(map(literal, spec.one_of))
        must = f"{name} must be one of {', '.join(spec.one_of)}"
        rules.append(Rule("not_allowed", name, must, f"{value} NOT IN ({options})"))
    if spec.name == "currency":
        must = f"amounts must be in {currency}, the workspace's currency"
        rules.append(Rule("second_currency", name, must, f"{value} <> {literal(currency)}"))
    if spec.type == "instant" and (spec.known_with is not None or name == "known_at"):
        must = f"{name} must not lie after the moment of reading, {iso(now)}"
        rules.append(Rule("future_time", name, must, f"{value} > {now}"))
    return rules


def _row_rules(mapping: Mapping, now: int) -> list[Rule]:
    """What must hold between the columns of a row."""
    kind, window = mapping.kind, typed_column(mapping.kind.window)
    rules = []
    if not kind.ahead:
        must = f"{kind.window} must not lie after the moment of reading, {iso(now)}"
        rules.append(Rule("future_time", kind.window, must, f"{window} > {now}"))
        if mapping.historical:
            must = f"known_at must not lie before {kind.window}"
            early = f"{typed_column('known_at')} < {window}"
            rules.append(Rule("known_too_early", "known_at", must, early))
    if mapping.historical:
        known, cause = typed_column("known_at"), typed_column("cause")
        unknown = f"{known} IS NULL AND {window} IS NULL AND {cause} = 'retraction'"
        rules.append(Rule("missing", "known_at", "a retraction must state known_at", unknown))
    for column, instant in mapping.later.items():
        must = f"{column} must come with {instant}, when it became known"
        unstated = f"{typed_column(column)} IS NOT NULL AND {typed_column(instant)} IS NULL"
        if instant not in {c.name for c in kind.columns}:
            rules.append(Rule("later_unstated", instant, must, unstated))
    return rules


def _later(
    mapping: Mapping, present: MappingOf[str, str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """For each instant at which something became known, the columns that it brings."""
    if not mapping.historical:
        return ()
    tied: dict[str, list[str]] = {}
    for column in mapping.kind.columns:
        instant = mapping.later.get(column.name, column.known_with)
        if instant is not None and instant in present and column.name in present:
            tied.setdefault(instant, []).append(column.name)
    return tuple((instant, tuple(columns)) for instant, columns in tied.items())


# --- the select ------------------------------------------------------------------------


def _select(
    mapping: Mapping,
    present: MappingOf[str, str],
    raws: list[str],
    values: list[str],
    rules: list[Rule],
    later: tuple[tuple[str, tuple[str, ...]], ...],
    now: int,
) -> str:
    flags = [f"{certain(rule.sql)} AS {quoted(f'p:{i}')}" for i, rule in enumerate(rules)]
    broken = " OR ".join(quoted(f"p:{i}") for i in range(len(rules)))
    numbers = ", ".join(f"CASE WHEN {quoted(f'p:{i}')} THEN {i} END" for i in range(len(rules)))
    raw = ", ".join(
        f"{literal(original)}, CAST({quoted(original)} AS VARCHAR)" for original in present.values()
    )
    outputs = [f"{typed_column(name)} AS {quoted(name)}" for name in ("record", "subject", "cause")]
    outputs += _known_columns(mapping, later, now)
    outputs += [f"{typed_column(c.name)} AS {quoted(c.name)}" for c in mapping.kind.columns]
    outputs += [
        f'CASE WHEN ":bad" THEN list_filter([{numbers}], lambda n: n IS NOT NULL) END '
        f"AS {quoted(PROBLEMS)}",
        f"CASE WHEN {_IF_BAD} THEN CAST(json_object({raw}) AS VARCHAR) END AS {quoted(RAW)}",
    ]
    return (
        f"SELECT {', '.join(outputs)} FROM (SELECT *, {broken} AS {quoted(':bad')} "
        f"FROM (SELECT *, {', '.join(flags)} FROM (SELECT *, {', '.join(values)} "
        f"FROM (SELECT *, {', '.join(raws)} FROM ({_MAPPED})))))"
    )


def _known_columns(
    mapping: Mapping, later: tuple[tuple[str, tuple[str, ...]], ...], now: int
) -> list[str]:
    if not mapping.historical:
        return [f"CAST({now} AS BIGINT) AS known_at"]
    lag = mapping.lag_days * MICROS_PER_DAY
    stated = f"coalesce({typed_column('known_at')}, {typed_column(mapping.kind.window)})"
    # What the source published only after we read it was first known when we read it.
    known = f"least({stated} + {lag}, {now})"
    columns = [f"{known} AS known_at"]
    for number, (instant, _) in enumerate(later):
        moment = f"greatest({known}, least({typed_column(instant)} + {lag}, {now}))"
        value = f"CASE WHEN {typed_column(instant)} IS NOT NULL THEN {moment} END"
        columns.append(f"{value} AS {quoted(f'{LATER}{number}')}")
    return columns
