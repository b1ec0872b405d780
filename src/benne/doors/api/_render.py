"""From the use cases' values to what goes over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict, cast

import msgspec

from benne import app
from benne.client import _wire as wire
from benne.kernel import MICROS_PER_DAY, from_micros

encode = msgspec.json.Encoder().encode
_REASONED = ("lending", "self_view")
"""The purposes that owe the reasons of a score; the others get the least they need."""


class _Common(TypedDict):
    id: str
    asked: wire.Asked
    person: str
    purpose: wire.Purpose
    mode: wire.Mode
    as_of: Any
    family: str
    model: str | None
    evidence: str | None
    network: str | None
    freshness: wire.Freshness
    keep_until: Any
    consent: str | None
    disputed: list[wire.Flag]
    withheld: list[str]
    rules: list[str]


def answer(reply: app.Replied) -> wire.AnyAnswer:
    """The wire's form of an answer."""
    common = _common(reply)
    match reply.answer:
        case app.NoConsent(why=why):
            again = None if reply.again_at is None else from_micros(reply.again_at)
            return wire.NoConsent(**common, status=reply.status, why=why, again_at=again)
        case app.Unavailable(why=why):
            return wire.Unavailable(**common, why=why, rule=reply.rule)
        case app.Erased(rule=rule, erased_at=at):
            return wire.Erased(**common, rule=rule, erased_at=from_micros(at))
        case app.NotEnoughEvidence(rule=rule, missing=missing) if reply.content is None:
            return wire.NotEnoughEvidence(**common, rule=rule, missing=list(missing))
    return _given(reply, common)


def _given(reply: app.Replied, common: _Common) -> wire.AnyAnswer:
    match reply.content:
        case app.Watchlist() as found:
            rows = [_watch_row(row) for row in found.rows]
            return wire.WatchlistGiven(**common, matched=bool(rows), worst=found.worst, rows=rows)
        case app.Inquiries(counts=counts, lenders=lenders):
            return wire.InquiriesGiven(
                **common,
                days_3=counts[3],
                days_7=counts[7],
                days_30=counts[30],
                days_90=counts[90],
                lenders_90=lenders,
            )
        case app.Verdict() as verdict:
            return wire.ConsultGiven(
                **common,
                service=reply.question.service or "",
                permit=verdict.outcome == "admit",
                outcome=verdict.outcome,
                refusal_code=verdict.code,
                refusal_says=verdict.says,
                cap_minor=verdict.cap_minor,
                policy=verdict.policy,
            )
        case bool() as reached:
            return wire.BriefGiven(
                **common, admitted=reached, threshold=reply.question.threshold or 0
            )
        case app.Score() as score:
            return _score(reply, score, common)
    raise AssertionError(f"an answer with no content: {reply.kind}")


def _score(reply: app.Replied, score: app.Score, common: _Common) -> wire.AnyAnswer:
    level = cast("wire.Level", app.level_of(score))
    if reply.question.asked == "level":
        return wire.LevelGiven(**common, level=level, band=score.band)
    why = score.reasons if reply.question.purpose in _REASONED else ()
    return wire.ScoreGiven(
        **common,
        score=score.score,
        band=score.band,
        level=level,
        reasons=[
            wire.Reason(
                family=one.family, dimension=one.dimension, points=one.points, says=one.says
            )
            for one in why
        ],
    )


def _common(reply: app.Replied) -> _Common:
    reading, permit, question = reply.reading, reply.permit, reply.question
    last = None if reading is None else reading.last_known_at
    days = None if last is None else max(0, (reply.as_of - last) // MICROS_PER_DAY)
    score = reply.answer if isinstance(reply.answer, app.Score) else None
    return _Common(
        id=reply.id,
        asked=question.asked,
        person=question.person,
        purpose=cast("wire.Purpose", question.purpose),
        mode=cast("wire.Mode", reply.mode),
        as_of=from_micros(reply.as_of),
        family=reply.family,
        model=None if reading is None else reading.artefact,
        evidence=None if reading is None else reading.evidence,
        network=None if reading is None else reading.network,
        freshness=wire.Freshness(
            last_known_at=None if last is None else from_micros(last), days=days
        ),
        keep_until=None if reply.keep_until is None else from_micros(reply.keep_until),
        consent=None if reply.consent is None else reply.consent.id,
        disputed=[
            wire.Flag(
                kind=flag.kind,
                record=flag.record,
                state=flag.state,
                used=flag.used,
                statement=flag.statement,
            )
            for flag in (() if reading is None else reading.flags)
        ],
        withheld=list(score.withheld) if score is not None else [],
        rules=list(permit.rules) if permit is not None else [],
    )


def _watch_row(row: app.WatchRow) -> wire.WatchRow:
    return wire.WatchRow(
        industry=row.industry_code or row.industry,
        type=row.type,
        code=row.type_code,
        happened_at=from_micros(row.happened_at),
        settled=row.settled,
        settled_at=None if row.settled_at is None else from_micros(row.settled_at),
        status=row.status,
        statement=row.statement,
        refreshed_at=from_micros(row.refreshed_at),
    )


def standing(found: app.Standing) -> wire.AnswerStanding:
    """The wire's form of how an answer stands."""
    at = found.superseded_at
    return wire.AnswerStanding(
        id=found.id,
        asked=cast("wire.Asked", found.ask.asked),
        purpose=cast("wire.Purpose", found.ask.purpose),
        outcome=found.ask.outcome,
        given_at=from_micros(found.given_at),
        status=found.status,
        superseded_by=found.superseded_by,
        superseded_at=None if at is None else from_micros(at),
        again_of=found.again_of,
        rule=found.rule,
        answer=None if found.reply is None else answer(found.reply),
    )


def receipt(found: app.Receipt) -> wire.ConsentReceipt:
    """A consent as its organisation may have it."""
    consent = found.consent
    often = consent.frequency
    return wire.ConsentReceipt(
        id=consent.id,
        known_as=consent.known_as,
        status=found.status,
        purposes=sorted(consent.purposes),
        kinds=sorted(consent.kinds),
        mode=consent.mode,
        frequency=wire.Often(times=often.times, days=often.days),
        life_days=consent.life_days,
        given_at=from_micros(consent.given_at),
        starts_at=from_micros(consent.starts_at),
        expires_at=from_micros(consent.expires_at),
        evidence_from=(
            None if consent.evidence_from is None else from_micros(consent.evidence_from)
        ),
        text_version=consent.text_version,
        text_hash=consent.text_hash,
        key_id=found.key_id,
        signature=found.signature.hex(),
    )


def answer_by(found: app.Dispute) -> datetime | None:
    """By when a dispute must be answered; ``None`` once it is, or was taken back."""
    due = found.due_at if found.state == "disputed" else None
    return None if due is None else from_micros(due)
