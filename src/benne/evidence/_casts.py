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
from typing import TypeAlias

from benne.evidence._findings import Finding
from benne.evidence._kinds import CAUSES, COLUMN_TYPES, ColumnSpec
from benne.evidence._mappings import Mapping
from benne.kernel import MICROS_PER_DAY, iso
from benne.rights import refused_columns

PROBLEMS = ":problems"
RAW = ":raw"
LATER = ":later_"

_MAPPED, _IF_BAD = "/*mapped*/", "/*if bad*/"
_WHOLE = r"[+-]?\d+(\.0*)?"
_DATE = r"\d{4}-\d{2}-\d{2}"
_NAIVE = _DATE + r"[T ]([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d{1,9})?)?"
_AWARE = _NAIVE + r" ?([Zz]|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)"
_INTEGERS = frozenset(
    ("", "U")[unsigned] + size
    for unsigned in (0, 1)
    for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
_NOT_FINITE = "('nan', 'inf', '+inf', '-inf', 'infinity', '+infinity', '-infinity')"

Check: TypeAlias = "tuple[str, str, str]"  # code, condition that must not be true, what must hold


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


def quoted(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """``text`` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


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
        f"{_raw_sql(quoted(original), returned[original], specs[name])} AS {_r(name)}"
        for name, original in present.items()
    ]
    values, rules = [], []
    for name, spec in specs.items():
        if name not in present:
            values.append(f"{_default(name, spec)} AS {_v(name)}")
            continue
        value, checks = _cast(spec, returned[present[name]], mapping.naive_times)
        if name == "cause":
            value = f"coalesce({value}, {_default(name, spec)})"
        values.append(f"{value} AS {_v(name)}")
        rules += [Rule(code, name, must, sql) for code, sql, must in checks]
        rules += _value_rules(spec, now=now, currency=currency)
    rules += _row_rules(mapping, now)
    later = _later(mapping, present)
    sql = _select(mapping, present, raws, values, rules, later, now)
    return CastPlan(sql, tuple(rules), tuple(columns for _, columns in later), present), ()


def _r(name: str) -> str:
    return quoted(f"r:{name}")


def _v(name: str) -> str:
    return quoted(f"v:{name}")


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


def _default(name: str, spec: ColumnSpec) -> str:
    if name == "cause":
        return "'event'"
    sql_type = {"text": "VARCHAR", "float": "DOUBLE", "bool": "BOOLEAN"}
    return f"CAST(NULL AS {sql_type.get(COLUMN_TYPES[spec.type], 'BIGINT')})"


# --- casting one column ----------------------------------------------------------------


def _raw_sql(column: str, sql_type: str, spec: ColumnSpec) -> str:
    """The raw value to cast: text is trimmed where it stands for something else than text."""
    if not _is_text(sql_type):
        return column
    text = f"CAST({column} AS VARCHAR)"
    if spec.type == "text" and not (spec.subject or spec.refers):
        return text
    return f"nullif(trim({text}), '')"


def _is_text(sql_type: str) -> bool:
    return sql_type in ("VARCHAR", "UUID", '"NULL"') or sql_type.startswith("ENUM")


def _family(sql_type: str) -> str:
    if _is_text(sql_type):
        return "text"
    if sql_type in _INTEGERS:
        return "whole"
    if sql_type.startswith("DECIMAL"):
        return "decimal"
    if sql_type in ("FLOAT", "DOUBLE"):
        return "float"
    if sql_type.startswith("TIMESTAMP"):
        return "aware" if "TIME ZONE" in sql_type or "TZ" in sql_type else "naive"
    return {"BOOLEAN": "bool", "DATE": "date"}.get(sql_type, "other")


def _cast(spec: ColumnSpec, sql_type: str, zone: str | None) -> tuple[str, list[Check]]:
    """The typed value, and the checks of the cast itself."""
    family = _family(sql_type)
    raw, value = _r(spec.name), _v(spec.name)
    target = COLUMN_TYPES[spec.type]
    if target == "text":
        return _cast_text(spec, raw, family)
    cast = {
        "int": _cast_whole,
        "float": _cast_float,
        "bool": _cast_bool,
        "instant": _cast_instant,
    }[target]
    sql, checks = cast(raw, family, zone)
    if sql is None:
        must = f"{spec.name} must be {_WORDS[target]}, not {sql_type}"
        return _default("", spec), [("wrong_type", f"{raw} IS NOT NULL", must)]
    failed = f"{raw} IS NOT NULL AND {value} IS NULL"
    return sql, [
        (code, f"{failed} AND {_guard(condition)}", f"{spec.name} must {must}")
        for code, condition, must in checks
    ]


_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "instant": "an instant: a date, or a time with its offset from UTC",
}
_Cast: TypeAlias = "tuple[str | None, list[Check]]"


def _guard(condition: str) -> str:
    return f"coalesce({condition}, FALSE)"


def _cast_text(spec: ColumnSpec, raw: str, family: str) -> tuple[str, list[Check]]:
    names_something = spec.subject or spec.refers
    if family == "other" or (names_something and family not in ("text", "whole")):
        must = f"{spec.name} must be text{' or a whole number' if names_something else ''}"
        return "CAST(NULL AS VARCHAR)", [("wrong_type", f"{raw} IS NOT NULL", must)]
    return f"CAST({raw} AS VARCHAR)", []


def _cast_whole(raw: str, family: str, _zone: str | None) -> _Cast:
    whole = "be a whole number"
    overflow: Check = ("overflow", "TRUE", "fit int64")
    if family == "whole":
        return f"TRY_CAST({raw} AS BIGINT)", [overflow]
    if family == "decimal":
        sql = f"CASE WHEN {raw} = floor({raw}) THEN TRY_CAST({raw} AS BIGINT) END"
        return sql, [
            ("fractional", f"{raw} <> floor({raw})", whole),
            ("overflow", f"{raw} = floor({raw})", "fit int64"),
        ]
    if family == "float":
        inside = f"isfinite({raw}) AND {raw} = floor({raw}) AND abs({raw}) < 9223372036854775808"
        return f"CASE WHEN {inside} THEN TRY_CAST({raw} AS BIGINT) END", [
            ("not_finite", f"NOT isfinite({raw})", "be finite"),
            ("fractional", f"isfinite({raw}) AND {raw} <> floor({raw})", whole),
            ("overflow", f"isfinite({raw}) AND {raw} = floor({raw})", "fit int64"),
        ]
    if family == "text":
        matches = f"regexp_full_match({raw}, '{_WHOLE}')"
        infinite = f"lower({raw}) IN {_NOT_FINITE}"
        number = f"isfinite(TRY_CAST({raw} AS DOUBLE)) AND NOT {matches}"
        return f"CASE WHEN {matches} THEN TRY_CAST(split_part({raw}, '.', 1) AS BIGINT) END", [
            ("overflow", matches, "fit int64"),
            ("not_finite", infinite, "be finite"),
            ("fractional", f"coalesce({number}, FALSE)", whole),
            (
                "wrong_type",
                f"NOT {matches} AND NOT {infinite} AND NOT coalesce({number}, FALSE)",
                whole,
            ),
        ]
    return None, []


def _cast_float(raw: str, family: str, _zone: str | None) -> _Cast:
    if family in ("whole", "decimal"):
        return f"TRY_CAST({raw} AS DOUBLE)", []
    if family == "float":
        return f"CASE WHEN isfinite({raw}) THEN CAST({raw} AS DOUBLE) END", [
            ("not_finite", "TRUE", "be finite")
        ]
    if family == "text":
        double = f"TRY_CAST({raw} AS DOUBLE)"
        return f"CASE WHEN isfinite({double}) THEN {double} END", [
            ("not_finite", f"NOT isfinite({double})", "be finite"),
            ("wrong_type", f"{double} IS NULL", "be a number"),
        ]
    return None, []


def _cast_bool(raw: str, family: str, _zone: str | None) -> _Cast:
    if family == "bool":
        return raw, []
    if family in ("whole", "text"):
        text = f"lower(CAST({raw} AS VARCHAR))"
        yes, no = "('true', 't', 'yes', 'y', '1')", "('false', 'f', 'no', 'n', '0')"
        return f"CASE WHEN {text} IN {yes} THEN TRUE WHEN {text} IN {no} THEN FALSE END", [
            ("wrong_type", "TRUE", "be true or false")
        ]
    return None, []


def _local(zone: str, moment: str) -> str:
    """``moment`` of a zone's clock as microseconds; null where the clock skipped it.

    Of an hour that a clock shows twice, the second is meant, as ICU has it.
    """
    aware = f"timezone({literal(zone)}, {moment})"
    return f"CASE WHEN timezone({literal(zone)}, {aware}) = {moment} THEN epoch_us({aware}) END"


def _in_years(moment: str) -> str:
    return f"{moment} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"


def _cast_instant(raw: str, family: str, zone: str | None) -> _Cast:
    years: Check = ("out_of_range", "TRUE", "be between the years 1 and 9999")
    if family in ("aware", "date"):
        moment = raw if family == "date" else f"CAST({raw} AS TIMESTAMP WITH TIME ZONE)"
        return f"CASE WHEN {_in_years(moment)} THEN epoch_us({moment}) END", [years]
    naive: Check = ("naive_time", "TRUE", "carry its offset from UTC")
    if family == "naive":
        if zone is None:
            return "CAST(NULL AS BIGINT)", [naive]
        moment = f"CAST({raw} AS TIMESTAMP)"
        inside = _in_years(moment)
        return f"CASE WHEN {inside} THEN {_local(zone, moment)} END", [
            ("unparsable_time", inside, f"be a time that the clocks of {zone} showed"),
            (years[0], f"NOT {inside}", years[2]),
        ]
    if family == "text":
        is_naive = f"regexp_full_match({raw}, '{_NAIVE}')"
        local = ""
        if zone is not None:
            moment = f"TRY_CAST({raw} AS TIMESTAMP)"
            local = f"WHEN {is_naive} THEN {_local(zone, moment)} "
        sql = (
            f"CASE WHEN regexp_full_match({raw}, '{_DATE}') "
            f"THEN epoch_us(TRY_CAST({raw} AS DATE)) "
            f"WHEN regexp_full_match({raw}, '{_AWARE}') "
            f"THEN epoch_us(TRY_CAST({raw} AS TIMESTAMP WITH TIME ZONE)) {local}END"
        )
        unparsable = "be ISO 8601, as in 2026-01-31 or 2026-01-31T09:30:00Z"
        if zone is not None:
            skipped = f"{is_naive} AND TRY_CAST({raw} AS TIMESTAMP) IS NOT NULL"
            return sql, [
                ("unparsable_time", skipped, f"be a time that the clocks of {zone} showed"),
                ("unparsable_time", f"NOT coalesce({skipped}, FALSE)", unparsable),
            ]
        return sql, [
            ("naive_time", is_naive, naive[2]),
            ("unparsable_time", f"NOT {is_naive}", unparsable),
        ]
    return None, []


# --- rules -----------------------------------------------------------------------------

_NULLS = {"record": "null_record", "subject": "null_subject"}


def _value_rules(spec: ColumnSpec, *, now: int, currency: str) -> list[Rule]:
    """What must hold of the typed value of one column."""
    name, value = spec.name, _v(spec.name)
    rules = []
    if spec.required:
        blank = f"{value} = ''" if COLUMN_TYPES[spec.type] == "text" else "FALSE"
        excused = "" if name in _NULLS else f" AND {_v('cause')} <> 'retraction'"
        condition = f"({_r(name)} IS NULL OR {blank}){excused}"
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
    kind, window = mapping.kind, _v(mapping.kind.window)
    rules = []
    if not kind.ahead:
        must = f"{kind.window} must not lie after the moment of reading, {iso(now)}"
        rules.append(Rule("future_time", kind.window, must, f"{window} > {now}"))
        if mapping.historical:
            must = f"known_at must not lie before {kind.window}"
            early = f"{_v('known_at')} < {window}"
            rules.append(Rule("known_too_early", "known_at", must, early))
    if mapping.historical:
        unknown = f"{_v('known_at')} IS NULL AND {window} IS NULL AND {_v('cause')} = 'retraction'"
        rules.append(Rule("missing", "known_at", "a retraction must state known_at", unknown))
    for column, instant in mapping.later.items():
        must = f"{column} must come with {instant}, when it became known"
        unstated = f"{_v(column)} IS NOT NULL AND {_v(instant)} IS NULL"
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
    flags = [f"{_guard(rule.sql)} AS {quoted(f'p:{i}')}" for i, rule in enumerate(rules)]
    broken = " OR ".join(quoted(f"p:{i}") for i in range(len(rules)))
    numbers = ", ".join(f"CASE WHEN {quoted(f'p:{i}')} THEN {i} END" for i in range(len(rules)))
    raw = ", ".join(
        f"{literal(original)}, CAST({quoted(original)} AS VARCHAR)" for original in present.values()
    )
    outputs = [f"{_v(name)} AS {quoted(name)}" for name in ("record", "subject", "cause")]
    outputs += _known_columns(mapping, later, now)
    outputs += [f"{_v(c.name)} AS {quoted(c.name)}" for c in mapping.kind.columns]
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
    stated = f"coalesce({_v('known_at')}, {_v(mapping.kind.window)})"
    # What the source published only after we read it was first known when we read it.
    known = f"least({stated} + {lag}, {now})"
    columns = [f"{known} AS known_at"]
    for number, (instant, _) in enumerate(later):
        moment = f"greatest({known}, least({_v(instant)} + {lag}, {now}))"
        value = f"CASE WHEN {_v(instant)} IS NOT NULL THEN {moment} END"
        columns.append(f"{value} AS {quoted(f'{LATER}{number}')}")
    return columns
