"""How one raw column becomes a typed one, in DuckDB's SQL, and what must hold for that.

A cast never rounds; a value that it cannot take becomes null and breaks one of its checks.
"""

from __future__ import annotations

from typing import TypeAlias

from benne.evidence._kinds import COLUMN_TYPES, ColumnSpec

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


def quoted(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """``text`` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def raw_column(name: str) -> str:
    """Where the select keeps a column as its source has it."""
    return quoted(f"r:{name}")


def typed_column(name: str) -> str:
    """Where the select keeps a column's typed value."""
    return quoted(f"v:{name}")


def default_of(name: str, spec: ColumnSpec) -> str:
    """What a column is worth that the mapping does not return: null, or of a cause, ``event``."""
    if name == "cause":
        return "'event'"
    sql_type = {"text": "VARCHAR", "float": "DOUBLE", "bool": "BOOLEAN"}
    return f"CAST(NULL AS {sql_type.get(COLUMN_TYPES[spec.type], 'BIGINT')})"


def trimmed(column: str, sql_type: str, spec: ColumnSpec) -> str:
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


def cast_column(spec: ColumnSpec, sql_type: str, zone: str | None) -> tuple[str, list[Check]]:
    """The typed value, and the checks of the cast itself."""
    family = _family(sql_type)
    raw, value = raw_column(spec.name), typed_column(spec.name)
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
        return default_of("", spec), [("wrong_type", f"{raw} IS NOT NULL", must)]
    failed = f"{raw} IS NOT NULL AND {value} IS NULL"
    return sql, [
        (code, f"{failed} AND {certain(condition)}", f"{spec.name} must {must}")
        for code, condition, must in checks
    ]


_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "instant": "an instant: a date, or a time with its offset from UTC",
}
_Cast: TypeAlias = "tuple[str | None, list[Check]]"


def certain(condition: str) -> str:
    """``condition``, false where it is null."""
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
