"""One score, three engines: numpy, in process and SQL agree to the unit."""

from __future__ import annotations

import json
import math
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from benne.kernel import DOMAINS, Corrupt, InvalidInput, NotFound, content_hash
from benne.models import (
    Artefact,
    Axis,
    Card,
    Column,
    Deck,
    Presence,
    Segment,
    Table,
    entries,
    exposures,
    lines,
    shortened,
)

ROWS = 100_000
GOLDEN = Path(__file__).parent / "golden"


def random_artefact(seed: int = 0) -> Artefact:
    """Every kind of table and bin, two cards, a deck with the network withheld."""
    rng = np.random.default_rng(seed)
    columns = (
        Column("months", "history", 1, resolution=1.0, specials=(-1.0, 96.0)),
        Column("ratio", "fulfilment", -1, resolution=0.01),
        Column("exact", "behaviour"),
        Column("job", "identity", category=True),
        Column("ties", "network", 1, resolution=5.0, specials=(98.0,)),
        Column("money", "fulfilment", 1, resolution=1000.0),
        Column('it\'s "odd"', "history", resolution=0.1),
    )
    months, ratio, exact, job, ties, money, odd = (
        Axis(columns[0], (0.0, 3.0, 12.0, 24.0, 60.0)),
        Axis(columns[1], tuple(round(0.05 * i, 2) for i in range(1, 60))),
        Axis(columns[2], (-1.5, -0.1, 0.0, 0.1 + 0.2, 7.25)),
        Axis(columns[3], levels=("clerk", "o'neil", "3", "true", "")),
        Axis(columns[4], (5.0, 10.0, 50.0)),
        Axis(columns[5], (1000.0, 2000.0, 50000.0, 1e6)),
        Axis(columns[6], (0.3, 0.7, 1.1)),
    )

    def step(*axes: Axis, even: bool = False) -> Table:
        micro = rng.integers(-2_000_000, 2_000_000, tuple(map(len, axes)))
        return Table(axes, micro * 2 if even else micro, mean_micro=int(micro.mean()))

    def sloped(axis: Axis) -> Table:
        slope = rng.normal(0, 1e5, axis.ranges)
        slope[[0, -1]] = 0
        return Table((axis,), rng.integers(-(10**6), 10**6, len(axis)), slope)

    tables = (
        sloped(months), step(ratio), sloped(exact), step(job), step(ties), sloped(money),
        sloped(odd), step(months, odd), step(ratio, money), step(job, ties, even=True),
    )  # fmt: skip
    few = tuple(t for t in tables if "network" not in t.domains)
    segments = (
        Segment("no history", (Presence("months", "absent"),)),
        Segment("thin", (Presence("ties", "below", 20.0), Presence("job", "present"))),
        Segment("rest"),
    )
    return Artefact(
        columns,
        (
            Deck(frozenset(), segments, (Card("none", 123, tables[3:]), Card("thin", -5, tables),
                                         Card("rest", 3_400_000, tables[:8]))),
            Deck(frozenset({"network"}), (Segment("all"),), (Card("all", 7, few),)),
        ),
        form="paired",
        about={"made": "for a test"},
    )  # fmt: skip


def random_rows(n: int, seed: int = 1) -> pd.DataFrame:
    """Missing, special, unseen and extreme values, and values on every edge."""
    rng = np.random.default_rng(seed)
    extreme = np.array([1e300, -1e300, 0.0, -0.0, 2.0**53 + 2, -(2.0**63), 5e-324, np.inf, -np.inf])

    def numbers(scale: float, *codes: float) -> np.ndarray:
        x = np.round(rng.normal(scale / 2, scale, n), rng.integers(0, 4))
        pool = np.concatenate([extreme, [np.nan] * 6, np.repeat(codes, 3)])
        return np.where(rng.random(n) < 0.3, rng.choice(pool, n), x)

    jobs = np.array(["clerk", "o'neil", "3", "3.0", "true", "", "never seen", None], dtype=object)
    return pd.DataFrame(
        {
            "months": numbers(40, -1.0, 96.0, 3.0, 2.5),
            "ratio": rng.permutation(np.concatenate([numbers(2)[: n // 2],
                                                     rng.integers(0, 400, n - n // 2) / 200])),
            "exact": numbers(3, -1.5, 0.1 + 0.2, 0.3),
            "job": rng.choice(jobs, n),
            "ties": numbers(40, 98.0, 7.5, 2.5),
            "money": numbers(3e5, 1500.0, 499.999),
            "it's \"odd\"": numbers(1, 0.25, 0.35),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def artefact() -> Artefact:
    return random_artefact()


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return random_rows(ROWS)


@pytest.mark.parametrize("withheld", [(), ("network",)])
def test_numpy_and_sql_and_in_process_agree_to_the_unit(artefact, rows, withheld):
    ours = artefact.contributions(rows, withheld)
    con = duckdb.connect()
    con.register("people", rows.assign(id=np.arange(ROWS)))
    sql = artefact.micro_sql("people", withheld, keys=["id"])
    theirs = con.execute(f"select * from ({sql}) order by id").df()
    assert (theirs["card"].to_numpy() == ours.card).all()
    assert (theirs["base_micro"].to_numpy() == ours.base_micro).all()
    for position, domain in enumerate(DOMAINS):
        assert (theirs[f"{domain}_micro"].to_numpy() == ours.domain_micro[:, position]).all()
    some = range(ROWS) if not withheld else range(0, ROWS, 10)
    names = list(rows.columns)
    columns = [rows[name].tolist() for name in names]
    for i in some:
        alone = artefact.score_one({n: c[i] for n, c in zip(names, columns, strict=True)}, withheld)
        assert (alone.card, alone.base_micro) == (ours.card[i], ours.base_micro[i])
        assert list(alone.domain_micro.values()) == ours.domain_micro[i].tolist()


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket")  # pyspark leaves it open
@pytest.mark.parametrize("withheld", [(), ("network",)])
def test_spark_agrees_to_the_unit(artefact, rows, withheld, spark, tmp_path):
    some = rows.head(3_000).assign(id=np.arange(3_000))
    some.to_parquet(tmp_path / "people.parquet")
    spark.read.parquet(str(tmp_path / "people.parquet")).createOrReplaceTempView("people")
    sql = artefact.micro_sql("people", withheld, keys=["id"], dialect="spark")
    theirs = sorted(spark.sql(sql).collect(), key=lambda row: row["id"])
    ours = artefact.contributions(some, withheld)
    assert [row["card"] for row in theirs] == ours.card.tolist()
    assert [row["base_micro"] for row in theirs] == ours.base_micro.tolist()
    for position, domain in enumerate(DOMAINS):
        found = [row[f"{domain}_micro"] for row in theirs]
        assert found == ours.domain_micro[:, position].tolist()


def test_an_unknown_dialect_is_refused(artefact):
    with pytest.raises(InvalidInput, match="duckdb, spark; got 'oracle'"):
        artefact.micro_sql("people", dialect="oracle")


def test_parts_add_up_and_a_withheld_domain_gives_nothing(artefact, rows):
    whole = artefact.contributions(rows)
    assert (whole.term_micro.sum(1) == whole.domain_micro.sum(1)).all()
    part = artefact.contributions(rows, {"network"})
    assert not part.domain_micro[:, DOMAINS.index("network")].any()
    with pytest.raises(NotFound, match="identity"):
        artefact.withheld_card({"identity"})


def test_huge_integers_decimals_and_booleans_are_cast_once(artefact):
    from decimal import Decimal

    row = {"months": 10**400, "money": Decimal("1500"), "job": True, "ratio": 10**30}
    frame = pd.DataFrame({c.name: [row.get(c.name)] for c in artefact.columns}, dtype=object)
    assert artefact.score_one(row).total_micro == artefact.contributions(frame).total_micro[0]


def test_text_among_numbers_is_refused_with_its_row(artefact, rows):
    bad = rows.head(3).astype({"money": object})
    bad.loc[1, "money"] = "much"
    with pytest.raises(InvalidInput, match="row 1 is 'much'"):
        artefact.contributions(bad)
    with pytest.raises(InvalidInput, match="must have the columns ties"):
        artefact.contributions(rows.drop(columns="ties"))


def test_an_artefact_reads_back_as_it_was_written(artefact, rows):
    again = Artefact.from_json(artefact.to_json())
    assert again.hash == artefact.hash
    head = rows.head(2000)
    assert (again.contributions(head).term_micro == artefact.contributions(head).term_micro).all()


def test_a_changed_artefact_is_corrupt(artefact):
    document = json.loads(artefact.to_json())
    document["decks"][0]["cards"][0]["base_micro"] += 1
    with pytest.raises(Corrupt, match="hash"):
        Artefact.from_json(json.dumps(document))
    with pytest.raises(Corrupt):
        Artefact.from_json(artefact.to_json()[:-5])


def test_newer_schemas_and_unknown_keys_are_refused(artefact):
    document = json.loads(artefact.to_json())
    with pytest.raises(InvalidInput, match="schema 1; got 2"):
        Artefact.from_json(json.dumps({**document, "schema": 2}))
    document["columns"][0]["colour"] = "red"
    del document["hash"]
    document["hash"] = content_hash(document)
    with pytest.raises(InvalidInput, match="colour"):
        Artefact.from_json(json.dumps(document))


def test_tables_refuse_nonsense():
    age = Axis(Column("age", "identity"), (20.0, 30.0))
    with pytest.raises(InvalidInput, match="shape"):
        Table((age,), np.zeros(2, dtype=np.int64))
    with pytest.raises(InvalidInput, match="slopes"):
        Table((age,), np.zeros(4, dtype=np.int64), np.array([1.0, 0.0, 0.0]))
    with pytest.raises(InvalidInput, match="increasing"):
        Axis(Column("age", "identity"), (30.0, 20.0))
    other = Axis(Column("debt", "fulfilment"))
    with pytest.raises(InvalidInput, match="even"):
        Table((age, other), np.ones((4, 2), dtype=np.int64))
    with pytest.raises(InvalidInput, match="finite"):
        Axis(Column("age", "identity"), (math.inf,))


def test_a_strict_artefact_has_no_table_over_two_domains(artefact):
    with pytest.raises(InvalidInput, match="strict"):
        Artefact(artefact.columns, artefact.decks, form="strict")


def test_every_later_version_gives_the_golden_artefact_the_same_scores():
    """Written once by the first version; never written again."""
    artefact = Artefact.from_json((GOLDEN / "artefact-1.json").read_text())
    scored = json.loads((GOLDEN / "scored-1.json").read_text())
    texts = {"job"}
    rows = [
        {k: v if v is None or k in texts else float(v) for k, v in line["row"].items()}
        for line in scored
    ]
    whole = artefact.contributions(pd.DataFrame(rows))
    part = artefact.contributions(pd.DataFrame(rows), {"network"})
    for i, line in enumerate(scored):
        assert whole.card[i] == line["card"]
        assert whole.base_micro[i] == line["base"]
        assert whole.domain_micro[i].tolist() == line["domains"]
        assert part.total_micro[i] == line["without_network"]
        assert artefact.score_one(rows[i]).total_micro == whole.total_micro[i]


def test_every_entry_of_a_card_is_listed(artefact, rows):
    listed = entries(artefact)
    assert len(listed) == sum(t.micro.size for c in artefact.cards for t in c.tables)
    card = artefact.cards[2]
    table = card.tables[0]
    own = [e for e in listed if (e.card, e.term) == (card.name, table.name)]
    assert [e.micro for e in own] == table.micro.ravel().tolist()
    assert ("code 96",) in [e.bins for e in own]


def test_exposures_count_everybody_once_a_table(artefact, rows):
    head = rows.head(3000)
    bad = np.arange(3000) % 5 == 0
    found = exposures(artefact, head, bad)
    for number, card in enumerate(artefact.cards):
        mine = artefact.contributions(head).card == number
        for table in card.tables:
            own = [e for e in found if (e.card, e.term) == (card.name, table.name)]
            assert sum(e.rows for e in own) == mine.sum()
            assert sum(e.bad for e in own) == bad[mine].sum()


@pytest.mark.parametrize("tolerance", [0.0, 0.05, 0.5])
def test_a_shorter_card_moves_no_table_by_more_than_the_tolerance(artefact, rows, tolerance):
    short = shortened(artefact, rows, tolerance)
    assert lines(short) < lines(artefact) if tolerance else lines(short) <= lines(artefact)
    for withheld in ((), ("network",)):
        before, after = (one.contributions(rows, withheld) for one in (artefact, short))
        for place, term in enumerate(before.terms):
            said = 0
            if term in after.terms:
                said = after.term_micro[:, after.terms.index(term)]
            # a slope is rounded to the unit at each end
            assert np.abs(before.term_micro[:, place] - said).max() <= tolerance * 1e6 + 3
    assert Artefact.from_json(short.to_json()).hash == short.hash


def test_a_shorter_card_still_rises_where_it_rose(rows):
    axis = Axis(Column("ratio", "history", 1), tuple(np.arange(1.0, 40.0)))
    rng = np.random.default_rng(5)
    rises = np.sort(rng.normal(0, 3e5, len(axis) - 1)).astype(np.int64)
    slope = np.zeros(axis.ranges)
    slope[1:-1] = np.diff(rises)[1:] * rng.random(axis.ranges - 2)
    table = Table((axis,), np.append(rises, 0), slope)
    artefact = Artefact((axis.column,), (Deck(frozenset(), (Segment("all"),),
                                              (Card("all", 0, (table,)),)),))  # fmt: skip
    frame = pd.DataFrame({"ratio": np.linspace(0, 41, 5000)})
    short = shortened(artefact, frame, 0.05)
    assert lines(short) < lines(artefact) / 2
    found = short.contributions(frame)
    assert (np.diff(found.total_micro) >= -1).all()
    assert short.mean_micro()[0, 0] == pytest.approx(found.term_micro.mean(), abs=1)


def test_a_tolerance_below_nothing_is_refused(artefact, rows):
    for ill in (-0.1, math.nan, math.inf):
        with pytest.raises(InvalidInput, match="tolerance"):
            shortened(artefact, rows, ill)
