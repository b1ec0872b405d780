"""Outcomes: what happened after ``as_of``, defined over evidence and never guessed.

An instalment, a bill or an order is *d days past due* at ``t`` when ``t - due_at >= d`` days and at
least ``materiality_minor`` of it is still unpaid at ``t``; what was paid in parts is read part by
part, from the record's versions.  An order is paid when it is closed, and what is unpaid is its
value and the deposit that was waived.  The outcome of an observation looks at what the person owed
within ``[as_of, as_of + window)``.

Over statements, the days past due are those that the statement states, with a balance of at least
``materiality_minor``.  A statement in ``default`` or ``collection`` is bad whatever days it states,
and one that is ``charged_off`` whatever its balance, too: it was written off.  One that is ``late``
by unstated days is indeterminate.  Already bad is who had a bad statement within the last
``bad_days_past_due`` days.

* *ever*: bad if any of it reached ``bad_days_past_due`` before the window's end;
* *at_end*: bad if any of it is that many days past due at the window's end;
* indeterminate if the worst reached ``indeterminate_days_past_due`` but not bad;
* excluded when already bad at ``as_of``, when a breach of one of ``fraud_types`` comes before the
  window's end, or when nothing fell due in the window and nothing owed went bad (no exposure).

It is known at the window's end plus ``reporting_lag_days``, for goods and bads alike, so that
a cohort enters training only when its whole window has passed, and was watched: nobody is
good because the evidence ends too soon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benne.evidence._kinds import Kind
from benne.evidence._views import Kinds, visible
from benne.kernel import END_OF_TIME, MICROS_PER_DAY, InvalidInput, micros, parse_instant
from benne.rights import Permit

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir

KINDS = ("instalment", "obligation", "order", "statement")
"""Over which kinds an outcome can be defined."""

OUTCOMES = ("bad", "good", "indeterminate")
"""What an outcome may be; who is excluded has none."""


@dataclass(frozen=True, slots=True)
class OutcomeDefinition:
    """An outcome over what evidence holds (``[outcome.definition]`` of a workspace).

    ``kind`` is ``instalment``, ``obligation``, ``order`` or ``statement``; ``measure`` is ``ever``
    or ``at_end`` (not over statements).
    Days are whole; money is in minor units.  ``cadence_months`` and ``from_month``,
    ``to_month`` (``YYYY-MM``, both included) state a regular population in place of an
    observations select: every so many months, at 00:00 UTC on the first, each person of whom a
    record of ``entry_kind`` was known and had happened by then.  ``observed_until``
    (``YYYY-MM-DD``) states until when the sources were watched; without it, that is the last
    moment at which anything became known.
    """

    window_days: int
    bad_days_past_due: int = 90
    indeterminate_days_past_due: int | None = None
    materiality_minor: int = 1
    measure: str = "ever"
    kind: str = "instalment"
    reporting_lag_days: int = 0
    cadence_months: int | None = None
    from_month: str | None = None
    to_month: str | None = None
    entry_kind: str = "account"
    fraud_types: tuple[str, ...] = ()
    observed_until: str | None = None

    def __post_init__(self) -> None:
        checks = (
            (self.window_days > 0, f"window_days must be positive; got {self.window_days}"),
            (
                0 < self.bad_days_past_due <= self.window_days,
                "bad_days_past_due must be positive and fit the window of "
                f"{self.window_days} days; got {self.bad_days_past_due}",
            ),
            (
                self.indeterminate_days_past_due is None
                or 0 < self.indeterminate_days_past_due < self.bad_days_past_due,
                "indeterminate_days_past_due must lie between 0 and bad_days_past_due",
            ),
            (self.materiality_minor > 0, "materiality_minor must be positive"),
            (self.reporting_lag_days >= 0, "reporting_lag_days must not be negative"),
            (
                self.measure in ("ever", "at_end"),
                f"measure must be ever or at_end; got {self.measure!r}",
            ),
            (
                self.kind in KINDS,
                f"kind must be one of {', '.join(KINDS)}; got {self.kind!r}",
            ),
            (
                not (self.kind == "statement" and self.measure == "at_end"),
                "measure must be ever over statements; got at_end",
            ),
            (
                (self.cadence_months is None) == (self.from_month is None)
                and (self.cadence_months is None) == (self.to_month is None),
                "cadence_months, from_month and to_month go together",
            ),
        )
        for holds, words in checks:
            if not holds:
                raise InvalidInput(f"{words}.")
        _ = self.moments, self.watched_until

    @property
    def watched_until(self) -> int | None:
        """``observed_until`` in microseconds; null where it is not stated."""
        return None if self.observed_until is None else parse_instant(self.observed_until)

    @property
    def moments(self) -> tuple[int, ...]:
        """The instants of the cadence (microseconds); none where no cadence is stated."""
        if self.cadence_months is None or self.from_month is None or self.to_month is None:
            return ()
        if self.cadence_months < 1:
            raise InvalidInput(f"cadence_months must be 1 or more; got {self.cadence_months}.")
        first, last = _months(self.from_month), _months(self.to_month)
        if last < first:
            raise InvalidInput(
                f"to_month must not lie before from_month ({self.from_month}); got {self.to_month}."
            )
        steps = range(first, last + 1, self.cadence_months)
        return tuple(micros(datetime(at // 12, at % 12 + 1, 1, tzinfo=UTC)) for at in steps)


def _months(text: str) -> int:
    """``YYYY-MM`` as months since the year 0."""
    found = re.fullmatch(r"([1-9][0-9]{3})-(0[1-9]|1[0-2])", text)
    if found is None:
        raise InvalidInput(f"a month must be written YYYY-MM, as in 2024-01; got {text!r}.")
    return int(found[1]) * 12 + int(found[2]) - 1


def entered(kind: Kind, looks: ir.Table, permit: Permit, *, kinds: Kinds) -> ir.Table:
    """The ``observation`` of those ``looks`` by whose ``as_of`` a record of ``kind`` was there.

    An unbound Ibis expression, of one row each.

    Raises:
        NotPermitted: the permit does not cover ``kind``.
    """
    rows = visible(kind, looks, permit, kinds=kinds)
    return rows.filter(rows[kind.window] < rows.as_of).select("observation").distinct()


def outcomes(
    definition: OutcomeDefinition,
    observations: ir.Table,
    records: ir.Table,
    frauds: ir.Table | None = None,
) -> ir.Table:
    """The outcome of each observation: ``observation``, ``outcome``, ``known_at``, ``bad_at``.

    ``observations`` has ``observation``, ``subject`` and ``as_of``; ``records`` are all versions of
    ``definition.kind``, and ``frauds``, where some types of breach exclude, all of ``breach``.
    Each record counts as it stands now, corrections included, and not if it was retracted.
    ``outcome`` is null for who is excluded; ``bad_at`` is when a bad one first was (null for the
    others, and where only the window's end counts).  Instants are int64 microseconds; the result
    is an unbound Ibis expression.
    """
    import ibis

    window = definition.window_days * MICROS_PER_DAY
    by_statement = definition.kind == "statement"
    flags = _statement_flags if by_statement else _bill_flags
    records = _as_it_stands(records) if by_statement else _by_payment(_owed(definition, records))
    looks = observations.mutate(ends_at=observations.as_of + window)
    rows = looks.inner_join(records.drop("known_at"), "subject")
    worst = (
        rows.select("observation", **flags(definition, rows))
        .group_by("observation")
        .aggregate(
            **{name: _any(name) for name in ("already", "exposed", "bad", "soft")},
            bad_at=lambda table: table.bad_at.min(where=table.bad),
        )
    )
    seen = observations.left_join(worst, "observation")
    none, no = ibis.null("string"), ibis.literal(value=False)
    cases = [
        (ibis.coalesce(seen.already, no), none),
        (ibis.coalesce(seen.bad, no), "bad"),
        (~ibis.coalesce(seen.exposed, no), none),
        (ibis.coalesce(seen.soft, no), "indeterminate"),
    ]
    if frauds is not None:
        frauds = _as_it_stands(frauds).filter(lambda t: t.type.isin(definition.fraud_types))
        met = frauds.group_by("subject").aggregate(fraud_at=lambda t: t.happened_at.min())
        met = met.rename(fraud_subject="subject")
        seen = seen.left_join(met, seen.subject == met.fraud_subject)
        cases.insert(0, (ibis.coalesce(seen.fraud_at < seen.as_of + window, no), none))
    lag = (definition.window_days + definition.reporting_lag_days) * MICROS_PER_DAY
    outcome = ibis.cases(*cases, else_="good")
    return seen.select(
        "observation",
        outcome=outcome,
        known_at=seen.as_of + lag,
        bad_at=(outcome == "bad").ifelse(seen.bad_at, None),
    )


def _as_it_stands(versions: ir.Table) -> ir.Table:
    """The newest version of each record that was not taken back."""
    return versions.filter(versions.superseded_at == END_OF_TIME, versions.cause != "retraction")


def _owed(definition: OutcomeDefinition, versions: ir.Table) -> ir.Table:
    """The versions of what was due, and of what of it was paid when."""
    columns = ["source", "record", "subject", "cause", "known_at", "due_at"]
    if definition.kind != "order":
        return versions.select(*columns, "due_minor", "paid_minor", "paid_at")
    minor = versions.value_minor + versions.deposit_waived_minor
    return versions.select(*columns, due_minor=minor, paid_minor=minor, paid_at=versions.closed_at)


def _by_payment(versions: ir.Table) -> ir.Table:
    """The versions of each record that tell of its payments, with the time of which each is true.

    A version is true until the next payment (``until``; null: to the end), and from its own payment
    on, but for the ``first``, which is true of all before.  A correction, or a version without a
    payment, puts itself in the place of all earlier ones.
    """
    import ibis

    record = ibis.window(group_by=["source", "record"])
    anew = (versions.cause == "correction") | versions.paid_at.isnull()
    since = versions.known_at.max(where=anew).over(record)
    taken_back = versions.known_at.max(where=versions.cause == "retraction").over(record)
    told = versions.mutate(since=since, taken_back=taken_back)
    told = told.filter(
        told.since.isnull() | (told.known_at >= told.since),
        told.taken_back.isnull() | (told.known_at > told.taken_back),
    )
    order = {"group_by": ["source", "record"], "order_by": "known_at"}
    return told.select(
        "subject",
        "known_at",
        "due_at",
        "due_minor",
        "paid_minor",
        "paid_at",
        first=ibis.row_number().over(ibis.window(**order)) == 0,
        until=told.paid_at.min().over(ibis.window(rows=(1, None), **order)),
    )


def _any(name: str) -> Callable[[ir.Table], ir.BooleanScalar]:
    return lambda table: table[name].any()


def _bill_flags(definition: OutcomeDefinition, rows: ir.Table) -> dict[str, ir.Value]:
    import ibis

    no = ibis.literal(value=False)

    def unpaid(instant: ir.Value) -> ir.BooleanValue:
        paid = (rows.paid_at < instant).fill_null(no)
        true_then = (rows.first | paid) & (rows.until.isnull() | (instant <= rows.until))
        left = rows.due_minor - paid.ifelse(rows.paid_minor, 0)
        return true_then & (left >= definition.materiality_minor)

    def late_at(instant: ir.Value) -> ir.BooleanValue:
        reached = rows.due_at + definition.bad_days_past_due * MICROS_PER_DAY
        return (reached <= instant) & unpaid(instant)

    def late_within(days: int) -> ir.BooleanValue:
        reached = rows.due_at + days * MICROS_PER_DAY
        return (reached > rows.as_of) & (reached <= rows.ends_at) & unpaid(reached)

    soft = definition.indeterminate_days_past_due or definition.bad_days_past_due
    return {
        "already": late_at(rows.as_of),
        "exposed": (rows.due_at >= rows.as_of) & (rows.due_at < rows.ends_at),
        "bad": late_at(rows.ends_at)
        if definition.measure == "at_end"
        else late_within(definition.bad_days_past_due),
        "soft": late_within(soft),
        "bad_at": ibis.null("int64")
        if definition.measure == "at_end"
        else rows.due_at + definition.bad_days_past_due * MICROS_PER_DAY,
    }


def _statement_flags(definition: OutcomeDefinition, rows: ir.Table) -> dict[str, ir.Value]:
    import ibis

    no = ibis.literal(value=False)
    within = (rows.period_end >= rows.as_of) & (rows.period_end < rows.ends_at)
    grace = definition.bad_days_past_due * MICROS_PER_DAY
    recent = (rows.period_end < rows.as_of) & (rows.period_end >= rows.as_of - grace)
    material = rows.balance_minor >= definition.materiality_minor

    def late(days: int) -> ir.BooleanValue:
        stated = (rows.days_past_due >= days).fill_null(no)
        failed = material & (stated | rows.status.isin(("default", "collection")))
        return failed | (rows.status == "charged_off")

    bad = late(definition.bad_days_past_due)
    unstated = material & (rows.status == "late") & rows.days_past_due.isnull()
    soft = definition.indeterminate_days_past_due or definition.bad_days_past_due
    return {
        "already": recent & bad,
        "exposed": within,
        "bad": within & bad,
        "soft": within & (late(soft) | unstated),
        "bad_at": rows.period_end,
    }
