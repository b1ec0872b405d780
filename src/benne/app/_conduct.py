"""Conduct scores of simulated people, for the comparison and for nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benne.app.stores._folders import read_parquet
from benne.kernel import NotFound, NotPermitted, subject_id
from benne.scores import ConductAnswer, conduct

if TYPE_CHECKING:
    from benne.app.stores import Lake
    from benne.app.wiring import Session

_EVENTS = """
SELECT o.observation, e.rule, e.happened_at
FROM observations AS o JOIN evidence_rule_event AS e ON e.subject = o.subject
WHERE e.known_at <= o.as_of AND e.superseded_at > o.as_of AND e.happened_at < o.as_of
AND e.cause <> 'retraction'
ORDER BY o.observation, e.happened_at, e.record
"""


def rule_events(session: Session, lake: Lake) -> dict[int, list[tuple[str, int]]]:
    """The rule events known at each observation, as (rule, instant); of those who have any.

    Raises:
        NotPermitted: a rule closes the evidence.
    """
    permit = session.permit("fairness_audit")
    permit.demand(at=session.clock())
    if not permit.covers_kind("rule_event", "conduct"):
        raise NotPermitted("no permit covers rule events here; the conduct score is left out.")
    events: dict[int, list[tuple[str, int]]] = {}
    if lake.versions().get("rule_event"):
        for row in lake.query(_EVENTS).to_pylist():
            events.setdefault(row["observation"], []).append((row["rule"], row["happened_at"]))
    return events


def conduct_answers(
    session: Session,
    lake: Lake,
    observations: Sequence[int],
    events: Mapping[int, Sequence[tuple[str, int]]],
) -> list[ConductAnswer]:
    """The conduct answer of each observation, from the rule events known at its moment.

    Raises:
        NotPermitted: somebody here is not of a society that ``benne society`` made.
    """
    made_up = _made_up(session)
    looks = lake.query("SELECT observation, subject, as_of FROM observations").to_pylist()
    known = {row["observation"]: row for row in looks}
    strangers = sum(known[number]["subject"] not in made_up for number in observations)
    if strangers:
        raise NotPermitted(
            "conduct scores are for people whom benne society made up, and for nobody else: "
            f"{strangers:,} of {len(observations):,} people here are not in truth/people.parquet."
        )
    return [
        conduct(known[number]["subject"], events.get(number, ()), known[number]["as_of"])
        for number in observations
    ]


def _made_up(session: Session) -> set[str]:
    """The pseudonyms of all whom ``benne society`` made up for this workspace.

    A society's ``truth`` names them: no real workspace has such a file, and whoever is not in
    it gets no score, whatever the stated basis is.
    """
    basis = session.workspace.lawful_basis.basis
    if basis != "simulated":
        raise NotPermitted(
            "conduct scores are for simulated people only: [lawful_basis] basis must be "
            f'"simulated"; it is {basis!r}.'
        )
    try:
        people = read_parquet(session.data / "truth" / "people.parquet", columns=["subject"])
    except NotFound as error:
        raise NotPermitted(
            "conduct scores are for people whom benne society made up, and for nobody else: this "
            "workspace has no truth/people.parquet, which every society has."
        ) from error
    return {subject_id(name, key=session.key) for name in people["subject"].to_pylist()}
