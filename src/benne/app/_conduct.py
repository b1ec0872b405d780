"""Conduct scores of simulated people, for the comparison and for nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benne.kernel import NotPermitted
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


def conduct_answers(
    session: Session, lake: Lake, observations: Sequence[int]
) -> list[ConductAnswer]:
    """The conduct answer of each observation, from the rule events known at its moment.

    Raises:
        NotPermitted: the people are not simulated, or a rule closes the evidence.
    """
    basis = session.workspace.lawful_basis.basis
    if basis != "simulated":
        raise NotPermitted(
            "conduct scores are for simulated people only: [lawful_basis] basis must be "
            f'"simulated"; it is {basis!r}.'
        )
    permit = session.permit("fairness_audit")
    permit.demand(at=session.clock())
    if not permit.covers_kind("rule_event", "conduct"):
        raise NotPermitted("no permit covers rule events here; the conduct score is left out.")
    events: dict[int, list[tuple[str, int]]] = {}
    if lake.versions().get("rule_event"):
        for row in lake.query(_EVENTS).to_pylist():
            events.setdefault(row["observation"], []).append((row["rule"], row["happened_at"]))
    looks = lake.query("SELECT observation, subject, as_of FROM observations").to_pylist()
    known = {row["observation"]: row for row in looks}
    return [
        conduct(known[number]["subject"], events.get(number, ()), known[number]["as_of"])
        for number in observations
    ]
