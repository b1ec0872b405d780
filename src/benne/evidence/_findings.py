"""Findings: what was wrong with something a source brought, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

ADVICE: dict[str, str] = {
    "changed_while_read": "ingest again once nothing writes to the file",
    "different_content": "give the row a later known_at, or state its cause as a correction",
    "empty_file": "bring the file again; it has no bytes",
    "future_time": "check the clock of the source, or leave the row out until it has happened",
    "erased": "leave it out of the source: it was lawfully deleted",
    "fractional": "round it in the mapping, where the choice can be read",
    "known_too_early": "state when the row was first known, not when it was made",
    "later_unstated": "return the instant at which the column became known",
    "missing": "return the column, or mend the row",
    "missing_column": "return the column from the mapping",
    "naive_time": 'add the offset from UTC, or say naive_times = "UTC" (or a zone) in the mapping; '
    "for observations, under [observations] in benne.toml",
    "negative": "check the sign in the mapping",
    "never_collect": "leave it out of the select, and do not store it anywhere in the workspace",
    "no_file": "check the pattern in benne.toml and the data folder",
    "no_rows": "check the filter in the mapping and the files that it reads",
    "not_allowed": "translate the value in the mapping",
    "not_finite": "return null where the value is not known",
    "not_historical": "say historical = true in the mapping, or do not return known_at",
    "not_noticed": "tell the person first, then send the record with notified_at",
    "null_record": "return an id that is unique for each record of the source",
    "null_subject": "return the identifier of the person, or leave the row out",
    "other_subject": "name the record anew, or retract the other person's",
    "out_of_range": "check the unit in the mapping",
    "overflow": "check the unit; a whole number must fit 64 bits",
    "put_right": "send what is right now, or say what is wrong in it with cause correction",
    "second_currency": "convert it in the mapping, or use a workspace for each currency",
    "sql_error": "correct the select in the mapping",
    "unknown_column": "drop the column from the select, or declare it in the kind",
    "unparsable_time": "write times as ISO 8601, as in 2026-01-31 or 2026-01-31T09:30:00Z",
    "unreadable_line": "correct the line in the file, and ingest it again",
    "unreadable_file": "bring the file again, whole and in UTF-8",
    "wrong_type": "cast it in the mapping",
}
"""Every code a finding may have, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold.

    ``row`` counts the mapping's rows from 1; it and ``record`` are null where the finding is
    about a whole batch.  ``entry`` is the number of the quarantined row, once stored.
    """

    code: str
    source: str
    kind: str
    must: str
    got: str
    column: str | None = None
    row: int | None = None
    record: str | None = None
    where: str = ""
    entry: int | None = None

    def __post_init__(self) -> None:
        assert self.code in ADVICE, self.code

    @property
    def advice(self) -> str:
        """What to do about it."""
        return ADVICE[self.code]

    def __str__(self) -> str:
        place = self.where or f"{self.source}/{self.kind}"
        if self.row is not None:
            place += f", row {self.row}"
        if self.record is not None:
            place += f" (record {self.record})"
        if self.column is not None:
            place += f", column {self.column}"
        return f"{place}: {self.must}; got {self.got}; {self.advice}."
