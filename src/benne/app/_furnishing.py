"""Furnish: what an organisation brings about people, checked record by record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from benne.app._access import Caller, demand_open
from benne.app.stores.online import corrections, evidence
from benne.evidence import Arrival, Finding, Kind, Rules, arrival
from benne.kernel import InvalidInput, Json, iso, parse_instant
from benne.rights import jurisdiction, notice_rule

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit

AT_MOST = 5_000
"""Records that one request may bring."""
_CAUSES = ("event", "correction", "retraction")
_NOTIFIED = "notified_at"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What came in the place of a record, and why it is none."""

    why: str


Numbered: TypeAlias = "tuple[int, Mapping[str, Json] | Unreadable]"
"""A record, or what is none, with the number by which who brought it finds it again."""


@dataclass(frozen=True, slots=True)
class Furnished:
    """What became of each record: how many are new, how many were known, what is wrong.

    ``batch`` is the number of the batch that holds the new ones; ``None`` where nothing was
    stored, as in test mode.
    """

    rows: int
    new: int
    known: int
    findings: tuple[Finding, ...]
    batch: int | None


def furnish(service: Service, unit: Unit, caller: Caller, records: Iterable[Numbered]) -> Furnished:
    """Take ``records`` of any kinds; good ones are kept though others have findings.

    A record has ``kind``, ``record``, ``subject`` (what sources share of the person) and its
    kind's columns, and ``notified_at`` where the law demands prior notice of what is adverse.  In
    test mode all is checked and nothing is stored.

    Raises:
        Unauthenticated, ScopeMissing: the caller may not.
        InvalidInput: no record, or too many.
    """
    caller.demand("evidence.write")
    demand_open(unit, caller)
    rows = list(records)
    if not 1 <= len(rows) <= AT_MOST:
        raise InvalidInput(
            f"one request must bring 1 to {AT_MOST:,} records; got {len(rows):,}; send the rest "
            "in requests of their own."
        )
    kinds = {kind.name: kind for kind in service.workspace.kinds}
    rules = Rules(
        currency=service.workspace.workspace.currency,
        jurisdiction=service.workspace.rights.jurisdiction,
        now=service.clock(),
        key=service.key,
    )
    good: list[Arrival] = []
    places: list[int] = []
    findings: list[Finding] = []
    for number, row in rows:
        checked = _checked(row, kinds, caller.organisation, rules, number)
        if isinstance(checked, Arrival):
            good.append(checked)
            places.append(number)
        else:
            findings += checked
    if caller.mode == "test":
        return Furnished(len(rows), len(good), 0, tuple(findings), None)
    return _stored(service, unit, caller, rules, good, places, findings, len(rows))


def _stored(
    service: Service,
    unit: Unit,
    caller: Caller,
    rules: Rules,
    good: list[Arrival],
    places: list[int],
    findings: list[Finding],
    count: int,
) -> Furnished:
    if not good:
        return Furnished(count, 0, 0, tuple(findings), None)
    done = evidence.append(
        unit,
        good,
        at=rules.now,
        source=caller.organisation,
        told=service.told,
    )
    stored = [one for one in done if not isinstance(one, Finding)]
    for place, one in zip(places, done, strict=True):
        if isinstance(one, Finding):
            findings.append(_at(one, place))
    _to_give_again(unit, [a for a, one in zip(good, done, strict=True) if _is_new(one)], stored)
    verdicts = [one.verdict for one in stored]
    return Furnished(
        rows=count,
        new=verdicts.count("new"),
        known=verdicts.count("known"),
        findings=tuple(sorted(findings, key=lambda finding: finding.row or 0)),
        batch=stored[0].batch if stored else None,
    )


def _is_new(one: evidence.Accepted | Finding) -> bool:
    return isinstance(one, evidence.Accepted) and one.verdict == "new"


def _to_give_again(unit: Unit, new: Iterable[Arrival], stored: Sequence[evidence.Accepted]) -> None:
    """What rested on a record that is corrected or retracted now is given again, by a worker."""
    for one in new:
        if one.cause in ("correction", "retraction"):
            name = one.kind.name, one.source, one.record
            corrections.put(unit, one.subject, [name], batch=stored[0].batch)


def _checked(
    row: Mapping[str, Json] | Unreadable,
    kinds: Mapping[str, Kind],
    source: str,
    rules: Rules,
    number: int,
) -> Arrival | tuple[Finding, ...]:
    if isinstance(row, Unreadable):
        must = "a line must be one JSON object"
        return (Finding("unreadable_line", source, "?", must, row.why, row=number),)
    body = dict(row)
    name, noticed = body.pop("kind", None), body.pop(_NOTIFIED, None)
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        must = f"kind must be one of {', '.join(kinds)}"
        return (Finding("not_allowed", source, "?", must, _short(name), "kind", row=number),)
    if body.get("cause", "event") not in _CAUSES:
        must = f"cause must be one of {', '.join(_CAUSES)}"
        got = _short(body["cause"])
        return (Finding("not_allowed", source, kind.name, must, got, "cause", row=number),)
    cast = arrival(body, kind=kind, source=source, rules=rules, row=number)
    if not isinstance(cast, Arrival) or cast.cause == "retraction":
        return cast
    return _notice(cast, noticed, rules, number) or cast


def _notice(cast: Arrival, noticed: Json, rules: Rules, number: int) -> tuple[Finding, ...]:
    """What is wrong with the word of the prior notice that the record owes; nothing: all right."""
    rule = notice_rule(jurisdiction(rules.jurisdiction), cast.kind.name, cast.values, rules.now)
    if rule is None:
        return ()
    try:
        at = parse_instant(noticed) if isinstance(noticed, str) else None
    except InvalidInput:
        at = None
    if at is not None and at <= rules.now:
        return ()
    must = (
        f"{_NOTIFIED} must say when, before {iso(rules.now)}, the person was told of this adverse "
        f"record (rule {rule})"
    )
    wrong = Finding(
        "not_noticed", cast.source, cast.kind.name, must, _short(noticed), _NOTIFIED,
        row=number, record=cast.record,
    )  # fmt: skip
    return (wrong,)


def _at(finding: Finding, row: int) -> Finding:
    from dataclasses import replace

    return replace(finding, row=row)


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:99]}…"
