"""Prior notice: what must have been told to the person before it is furnished."""

from __future__ import annotations

from benne.kernel import Row
from benne.rights._jurisdictions import Duty, Jurisdiction

_PUBLIC = ("public_record",)
"""Kinds whose records are public already, of which nobody need be told."""


def notice_rule(law: Jurisdiction, kind: str, row: Row, at: int) -> str | None:
    """The id of the rule by which the person must be told of ``row`` before it is furnished.

    ``None``: the jurisdiction knows no such duty at ``at``, or the row is not adverse, or is
    public already.  Adverse is what the jurisdiction's retention calls so; what is not due yet
    is not.
    """
    if kind in _PUBLIC:
        return None
    rule = next(
        (
            rule.id
            for rule in law.in_force(at)
            if isinstance(rule.effect, Duty) and rule.effect.name == "prior_notice_of_adverse"
        ),
        None,
    )
    if rule is None:
        return None
    for horizon in law.horizons(at):
        if horizon.kind != kind or not horizon.adverse(row):
            continue
        due = None if horizon.late is None else row[horizon.late]
        if due is None or (isinstance(due, int) and due < at):
            return rule
    return None
