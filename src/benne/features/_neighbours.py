"""``neighbours``: a feature of the people to whom a person is tied, as a leaf of the algebra.

Everything is as it stood at the *cut*, the start of the UTC month of ``as_of``: the ties, the
neighbours' values (each a feature of theirs with the cut for ``as_of``), and their permits.  Two
people are tied while the last record of either that names the other has a strength above 0;
where both say it, the stronger counts.

``Ring`` says whose values are aggregated.  A path to the far ring has two ties that both count,
and never returns to the person.  A neighbour has a value once a record of the kinds that
it reads is known of them, and while it is not null.  Records that a neighbour shares with the
person are left out of the neighbour's value: one that names the person, one of an account that
both are on, and all that descends from either.

*The floor.*  Fewer than three people give no value.  So that it cannot be got round by looking
again a month later, neighbours arrive in groups: in the order of the months in which they came
(tied, with a first record), a group closes when it holds three or more, and counts from
then on; a month's arrivals stay together.  When one of a group is gone (no tie, no value or no
permit any more), the group does not count.  So what counts near a person differs between any
two months by nobody or by three or more.  And two rings at one cut differ by nobody or by three
or more; else the farther one has no value.
"""

from __future__ import annotations

from benne.features._algebra import Aggregate, Feature, Neighbours, Ring
from benne.kernel import Expression, InvalidInput

FLOOR = 3
"""The fewest people whose values may be aggregated, and by which two sets may differ."""

AGGREGATES = (Aggregate.COUNT, Aggregate.SUM, Aggregate.MEAN, Aggregate.MAX, Aggregate.SHARE)
_WEIGHTED = (Aggregate.MEAN, Aggregate.SHARE)


def neighbours(
    of: Feature | Expression,
    aggregate: Aggregate,
    *,
    ring: Ring = Ring.NEAR,
    weighted: bool = False,
) -> Neighbours:
    """``aggregate`` of a value ``of`` the people around a person: exact, as all numbers are.

    ``of`` is a feature, or an expression over atoms, whose value is a whole number (for ``SHARE``
    a condition).  ``COUNT`` is how many people count, ``SUM`` and ``MAX`` are whole numbers,
    ``MEAN`` and ``SHARE`` one division of two exact integers.  ``weighted`` weighs by the strength
    of the tie in permille; far, by the sum over the paths of the product of their two strengths.

    Raises:
        InvalidInput: an aggregate that is none of these; weights for one that takes none, or in a
            community, where no tie gives one.
    """
    if aggregate not in AGGREGATES:
        raise InvalidInput(
            f"neighbours take {', '.join(AGGREGATES)}; got {aggregate}; aggregate over "
            "records inside the feature of a neighbour."
        )
    if ring is Ring.COMMUNITY and aggregate is Aggregate.MAX:
        raise InvalidInput("a community has no MAX; ask for the share of those beyond a bound.")
    if weighted and (aggregate not in _WEIGHTED or ring is Ring.COMMUNITY):
        raise InvalidInput(
            f"only {' and '.join(_WEIGHTED)} near or far may be weighted; got {aggregate} "
            f"in ring {ring}; leave weighted out."
        )
    return Neighbours(of.value if isinstance(of, Feature) else of, aggregate, ring, weighted)
