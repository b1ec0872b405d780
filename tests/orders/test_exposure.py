"""What a person has at risk, read from the evidence of their orders, is what the orders say."""

from __future__ import annotations

import ibis
import pyarrow as pa
from made_orders import DAY, START, Case

from benne.orders import EvidenceRow, SimulatedProvider, evidence_of, exposure_seen

ORDER = {
    "closed_at": pa.int64(), "state": pa.string(), "value_minor": pa.int64(),
    "merchant": pa.string(),
}  # fmt: skip


class Watched(Case):
    """An order whose evidence is kept as a store keeps it: the latest version of each record."""

    def __init__(self, service: str = "rental", **opening: object) -> None:
        super().__init__(service, **opening)  # type: ignore[arg-type]
        self.known: dict[tuple[str, str], EvidenceRow] = {}
        self.read = 0

    def look(self) -> list[EvidenceRow]:
        """What is known now, after all that was done since the last look."""
        for _, _, step in self.life.steps[self.read :]:
            for row in evidence_of(step.order, self.service, step.evidence):
                self.known[row.kind, row.record] = row
        self.read = len(self.life.steps)
        return [row for row in self.known.values() if row.cause != "retraction"]


def seen_at_risk(looks: list[list[EvidenceRow]], merchant: str) -> list[tuple[int, int]]:
    """What each look has at risk, everywhere and at ``merchant``."""

    def table(kind: str, columns: dict[str, pa.DataType]) -> ibis.Table:
        rows = [
            {"observation": n, "source": "m", "record": row.record, **row.values}
            for n, look in enumerate(looks)
            for row in look
            if row.kind == kind
        ]
        head = {"observation": pa.int64(), "source": pa.string(), "record": pa.string()}
        return ibis.memtable(pa.Table.from_pylist(rows, schema=pa.schema({**head, **columns})))

    orders, bills = table("order", ORDER), table("obligation", {"paid_minor": pa.int64()})
    asked = exposure_seen(orders, bills, merchant=merchant)
    found = ibis.duckdb.connect().to_pyarrow(asked).to_pylist()
    rows = {one["observation"]: one for one in found}
    nothing = {"exposure_minor": 0, "exposure_here_minor": 0}
    each = [rows.get(n, nothing) for n in range(len(looks))]
    return [(one["exposure_minor"], one["exposure_here_minor"]) for one in each]


def test_at_each_step_of_many_lives_the_evidence_says_what_is_at_risk() -> None:
    looks: list[list[EvidenceRow]] = []
    wanted: list[int] = []
    at_once: list[Watched] = []

    def look() -> None:
        looks.append([row for case in at_once for row in case.look()])
        wanted.append(sum(case.order.exposure_minor for case in at_once if case.order.started_at))

    def live(case: Watched, *acts: tuple[str, dict[str, object]]) -> None:
        provider = SimulatedProvider(["partial"])
        at_once.append(case)
        for name, values in acts:
            case.wait(0.1)
            case.do(name, **values)
            look()
            case.ask(provider)
            look()

    said: dict[str, object] = {"text": "why"}
    live(Watched(order="o1", value_minor=9_000, deposit_minor=0), ("admit", {}), ("start", {}),
         ("complete", {"amount_minor": 4_000}), ("pay", {}), ("dispute", said), ("uphold", said),
         ("pay", {}))  # fmt: skip
    assert [case.order.state for case in at_once] == ["completed"]
    live(Watched(order="o2"), ("admit", {}), ("start", {}), ("modify", {"value_minor": 15_000}),
         ("extend", {"until": START + 20 * DAY}), ("return", {}),
         ("complete", {"amount_minor": 3_000, "compensation_minor": 2_000}),
         ("pay", {}))  # fmt: skip
    live(Watched("instalment", order="o3", days=60), ("admit", {}), ("start", {}), ("pay", {}),
         ("cancel", {}))  # fmt: skip
    broken = Watched(order="o4", days=1)
    live(broken, ("admit", {}), ("start", {}))
    broken.wait(20)
    look()
    assert broken.order.state == "overdue"
    live(broken, ("complete", {"compensation_minor": 5_000}), ("write_off", {}))
    at_once.pop()
    assert len({*wanted}) > 8
    assert seen_at_risk(looks, "m") == [(amount, amount) for amount in wanted]
    assert seen_at_risk(looks, "other") == [(amount, 0) for amount in wanted]
