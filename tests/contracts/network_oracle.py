"""The naive oracle of neighbours: what a network feature is, a person at a time.

It shares with ``benne.features`` the tree of the expression alone; a neighbour's own value comes
from ``feature_oracle``, which is as naive.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from feature_oracle import evaluated, known, value_of

from benne.evidence import Kind, View
from benne.features import Aggregate, Feature, Neighbours, Ring

Version = dict[str, Any]
History = dict[str, list[Version]]


class Oracle:
    """Everybody's histories at one cut; ``allowed`` are those whose permit covers network use."""

    def __init__(
        self, people: dict[str, History], kinds: dict[str, Kind], cut: int, allowed: set[str]
    ) -> None:
        self.people, self.kinds, self.cut, self.allowed = people, kinds, cut, allowed
        tied = {s for s, h in people.items() if h["tie"]}
        tied |= {v["other"] for h in people.values() for v in h["tie"]}
        self.tied = sorted(tied)
        self.known: dict[Any, Any] = {}
        self.label = self.labels()

    def once(self, compute: Any, *key: Any) -> Any:
        """What ``compute`` gives for ``key``, computed once."""
        full = (compute.__name__, *key)
        if full not in self.known:
            self.known[full] = compute(*key)
        return self.known[full]

    # --- ties ----------------------------------------------------------------------------

    def strength(self, one: str, two: str) -> int:
        """What the last records of either say; 0 where there is no tie any more."""
        return max(self.once(self.stated, one, two), self.once(self.stated, two, one))

    def stated(self, one: str, two: str) -> int:
        history = self.people.get(one, {"tie": []})["tie"]
        rows = []
        for key in {(v["source"], v["record"]) for v in history}:
            row = known(history, key, View(self.cut))
            if row is not None and row["other"] == two and row["happened_at"] < self.cut:
                rows.append(row)
        rows.sort(key=lambda r: (r["happened_at"], r["known_at"], r["record"], r["source"]))
        return rows[-1]["strength_permille"] if rows else 0

    def came(self, one: str, two: str) -> int | None:
        """The month in which either first said that the two are tied."""
        rows = [v for v in self.people.get(one, {"tie": []})["tie"] if v["other"] == two]
        rows += [v for v in self.people.get(two, {"tie": []})["tie"] if v["other"] == one]
        return self.first_month(rows, "happened_at")

    def first_month(self, rows: list[Version], instant: str) -> int | None:
        seen = [
            max(row["known_at"] - 1, row[instant])
            for row in rows
            if row["known_at"] <= self.cut and row[instant] < self.cut
        ]
        return min(map(month, seen), default=None)

    # --- values ---------------------------------------------------------------------------

    def first_record(self, leaf: Neighbours, person: str) -> int | None:
        months = [
            self.first_month(self.people[person][kind], self.kinds[kind].window)
            for kind in kinds_of(leaf)
            if person in self.people
        ]
        return min((m for m in months if m is not None), default=None)

    def value_of(self, leaf: Neighbours, other: str, person: str) -> Any:
        return self.once(self.value, of_one(leaf), other, person)

    def value(self, leaf: Neighbours, other: str, person: str) -> Any:
        """The value of ``other`` without what they share with ``person``; None where null."""
        if other not in self.people:
            history: History = {name: [] for name in self.kinds}
        else:
            history = self.without_shared(leaf, other, person)
        feature = Feature("made", leaf.of, "count", 1.0, "either", "", "", "", actionable=False)  # type: ignore[arg-type]
        return value_of(feature, self.kinds, history, View(self.cut))

    def without_shared(self, leaf: Neighbours, other: str, person: str) -> History:
        shared = self.keys(leaf, other) & self.keys(leaf, person)
        kept: History = {}
        for name in self.kinds:
            rows = self.people[other][name]
            gone = {
                (v["source"], v["record"])
                for v in rows
                if self.touched(name, (v["source"], v["record"]), other, shared)
                or any(
                    v["known_at"] <= self.cut and v[c.name] == person
                    for c in self.kinds[name].columns
                    if c.subject
                )
            }
            kept[name] = [v for v in rows if (v["source"], v["record"]) not in gone]
        return kept

    def touched(self, name: str, key: tuple[str, str], other: str, shared: set[Any]) -> bool:
        """Whether a record is shared, names one that is, or descends from one."""
        source, record = key
        if (source, name, record) in shared:
            return True
        row = known(self.people[other][name], key, View(self.cut))
        if row is None:
            return False
        for column in self.kinds[name].columns:
            if column.refers is None or row[column.name] is None:
                continue
            above = (source, row[column.name])
            if (source, column.refers, row[column.name]) in shared:
                return True
            if self.touched(column.refers, above, other, shared):
                return True
        return False

    def keys(self, leaf: Neighbours, person: str) -> set[tuple[str, str, str]]:
        """What a person has or names, of the kinds to which the value's records lead."""
        roots, found = self.roots(leaf), set()
        for name, kind in self.kinds.items():
            for v in self.people.get(person, {}).get(name, []):
                if v["known_at"] > self.cut:
                    continue
                if name in roots:
                    found.add((v["source"], name, v["record"]))
                for column in kind.columns:
                    if column.refers in roots and v[column.name] is not None:
                        found.add((v["source"], column.refers, v[column.name]))
        return found

    def roots(self, leaf: Neighbours) -> set[str]:
        found, waiting = set(), list(kinds_of(leaf))
        while waiting:
            name = waiting.pop()
            found.add(name)
            waiting += [c.refers for c in self.kinds[name].columns if c.refers]
        return found & {c.refers for kind in self.kinds.values() for c in kind.columns}

    # --- rings ----------------------------------------------------------------------------

    def near(self, leaf: Neighbours, person: str) -> dict[str, int]:
        """Who counts near ``person``, with the strength of the tie."""
        arrivals: dict[int, list[str]] = {}
        for other in self.tied:
            tie = self.came(person, other) if other != person else None
            record = self.first_record(leaf, other)
            if tie is not None and record is not None:
                arrivals.setdefault(max(tie, record), []).append(other)
        counted, group = {}, []
        for _, others in sorted(arrivals.items()):
            group += others
            if len(group) < 3:
                continue
            if all(self.there(leaf, person, other) for other in group):
                counted |= {other: self.strength(person, other) for other in group}
            group = []
        return counted

    def there(self, leaf: Neighbours, person: str, other: str) -> bool:
        return (
            self.strength(person, other) > 0
            and other in self.allowed
            and self.value_of(leaf, other, person) is not None
        )

    def far(self, leaf: Neighbours, person: str) -> dict[str, int]:
        """Who is at the end of a path of two ties, with the weight of the paths."""
        found: dict[str, int] = {}
        for middle, first in self.once(self.near, of_one(leaf), person).items():
            for other, second in self.once(self.near, of_one(leaf), middle).items():
                if other != person and self.value_of(leaf, other, person) is not None:
                    found[other] = found.get(other, 0) + first * second
        return found

    def community(self, leaf: Neighbours, person: str) -> dict[str, int]:
        return {
            other: 1
            for other in self.tied
            if other != person
            and self.label[other] == self.label[person]
            and other in self.allowed
            and self.first_record(leaf, other) is not None
            and self.value_of(leaf, other, person) is not None
        }

    def labels(self) -> dict[str, int]:
        order = sorted(
            range(len(self.tied)),
            key=lambda i: (((i + 1) * 0x9E3779B97F4A7C15) % 2**64) >> 7,
        )
        label = {self.tied[i]: place for place, i in enumerate(order)}
        for _ in range(6):
            after = {}
            for person in self.tied:
                votes = {label[person]: 1}
                for other in self.tied:
                    if other != person and self.strength(person, other) > 0:
                        votes[label[other]] = votes.get(label[other], 0) + 1
                most = max(votes.values())
                after[person] = min(name for name, count in votes.items() if count == most)
            label = after
        return label

    # --- the feature ----------------------------------------------------------------------

    def answer(self, leaf: Neighbours, person: str, rings: set[Ring]) -> Any:
        """The value of ``leaf``; ``rings`` are all that are asked of the same value."""
        one = of_one(leaf)
        near, far = self.once(self.near, one, person), self.once(self.far, one, person)
        found = {Ring.NEAR: near, Ring.FAR: far, Ring.COMMUNITY: None}[leaf.ring]
        if found is None:
            found = self.once(self.community, one, person)
        nearer = {Ring.NEAR: [], Ring.FAR: [near]}.get(leaf.ring, [near, far])
        if leaf.ring is Ring.COMMUNITY and Ring.FAR not in rings:
            nearer = [near]
        if len(found) < 3 or any(0 < len(set(found) ^ set(other)) < 3 for other in nearer):
            return None
        values = {other: int(self.value_of(leaf, other, person)) for other in found}
        if leaf.aggregate is Aggregate.COUNT:
            return len(found)
        if leaf.aggregate is Aggregate.SUM:
            return sum(values.values())
        if leaf.aggregate is Aggregate.MAX:
            return max(values.values())
        weights = found if leaf.weighted else dict.fromkeys(found, 1)
        over = sum(weights[other] * value for other, value in values.items())
        return float(over) / float(sum(weights.values()))


def of_one(leaf: Neighbours) -> Neighbours:
    """The leaf that stands for all of the same value."""
    return Neighbours(leaf.of, Aggregate.COUNT)


def kinds_of(leaf: Neighbours) -> set[str]:
    """The kinds of the atoms of a neighbour's value."""
    found: set[str] = set()

    def note(node: Any) -> Any:
        found.add(node.kind)

    evaluated(leaf.of, note, 0)
    return found


def month(instant: int) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
    return moment.year * 12 + moment.month
