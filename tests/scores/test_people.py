"""From a table of features to typed answers."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from handmade import FACTORS_OF, artefact, bureau_artefact, people

from benne.kernel import DOMAINS
from benne.scores import (
    DefaultTable,
    EnoughEvidence,
    NotEnoughEvidence,
    Offer,
    Score,
    Scorer,
    family,
    micro_sql,
    points,
    points_select,
    to_json,
)

SESAME, BUREAU = family("sesame"), family("bureau")


def counted(n: int):
    rng = np.random.default_rng(5)
    return people(n).assign(
        records=rng.integers(0, 9, n),
        sources=rng.integers(0, 4, n),
        span_days=rng.integers(0, 99, n),
    )


def test_each_person_gets_a_score_or_what_is_missing():
    frame = counted(300)
    table = DefaultTable("sesame", "bad", (350, 600), (0.4, 0.1))
    scorer = Scorer(artefact(), SESAME, rule=EnoughEvidence(3, 2, 30), default=table)
    offer = Offer("wait", "Wait", 9, 700, 3)
    answers = list(
        scorer.answers(frame, subjects=[f"s{i}" for i in range(300)], as_of=[7] * 300,
                       levers=lambda row: (offer,))
    )  # fmt: skip
    issued = points(artefact().contributions(frame), SESAME)
    kinds = {Score: 0, NotEnoughEvidence: 0}
    rows = frame.to_dict("records")
    for i, answer in enumerate(answers):
        kinds[type(answer)] += 1
        enough = rows[i]["records"] >= 3 and rows[i]["sources"] >= 2 and rows[i]["span_days"] >= 30
        assert enough == isinstance(answer, Score)
        assert answer.subject == f"s{i}"
        row = {k: None if v != v else v for k, v in rows[i].items()}
        if not isinstance(answer, Score):
            assert scorer.rescore(row) is None
            assert "score" not in to_json(answer)["missing"]
            continue
        assert answer.score == issued.score[i] == scorer.rescore(row)
        assert answer.levers == (offer,)
        assert answer.pd == table.probability_of_default(answer.score)
        document = to_json(answer)
        assert list(document["domain_points"]) == list(DOMAINS)
        total = document["base_points"] + sum(document["domain_points"].values())
        assert total + document["limit_points"] == document["score"]
    assert min(kinds.values()) > 50


@pytest.mark.parametrize("case", ["sesame", "withheld", "bureau"])
def test_one_person_in_process_gets_the_answer_of_the_table(case):
    frame = counted(400).assign(
        records=lambda f: f.records + 1, sources=9, span_days=99,
        credit_file_oldest_account_days=np.arange(400) + 100.0,
        credit_file_last_report_days=20.0,
    )  # fmt: skip
    scorer = {
        "sesame": Scorer(artefact(), SESAME),
        "withheld": Scorer(artefact(), SESAME, withheld=("network",)),
        "bureau": Scorer(bureau_artefact(), BUREAU, factors=FACTORS_OF),
    }[case]
    whole = list(scorer.answers(frame, subjects=[str(i) for i in range(400)], as_of=[7] * 400))
    assert sum(isinstance(answer, Score) and len(answer.reasons) > 1 for answer in whole) > 100
    for i, row in enumerate(frame.to_dict("records")):
        row = {k: None if v != v else v for k, v in row.items()}
        assert scorer.answer(row, subject=str(i), as_of=7) == whole[i]


def test_a_withheld_domain_is_listed_with_no_points():
    frame = counted(5).assign(records=9, sources=9, span_days=999).drop(columns="ties_count")
    scorer = Scorer(artefact(), SESAME, withheld=("network",))
    for answer in scorer.answers(frame, subjects="abcde", as_of=[0] * 5):
        assert isinstance(answer, Score)
        assert answer.domain_points["network"] == 0
        assert to_json(answer)["withheld"] == ["network"]
        assert all(reason.dimension != "network" for reason in answer.reasons)


def test_a_bureau_score_needs_its_file():
    frame = people(3).assign(
        credit_file_oldest_account_days=[400, 100, None],
        credit_file_last_report_days=[20.0, 20.0, None],
    )
    scorer = Scorer(bureau_artefact(), BUREAU, factors=FACTORS_OF)
    made = list(scorer.answers(frame, subjects="abc", as_of=[0] * 3))
    assert [type(answer) for answer in made] == [Score, NotEnoughEvidence, NotEnoughEvidence]
    assert list(made[0].domain_points) == list(BUREAU.dimension_names)
    assert made[1].missing == ("83 more days of the oldest account",)


def test_a_bureau_score_in_sql_agrees_to_the_point():
    frame, card = people(3_000), bureau_artefact()
    ours = points(card.contributions(frame), BUREAU, FACTORS_OF).table()
    con = duckdb.connect()
    con.register("people", frame.assign(id=np.arange(len(frame))))
    micro = micro_sql(card, BUREAU, "people", ["id"], factors=FACTORS_OF)
    sql = points_select(BUREAU, f"({micro}) AS micro", ["id"])
    theirs = con.sql(f"SELECT * FROM ({sql}) ORDER BY id").to_arrow_table().drop("id")
    for name in ours.column_names:
        assert theirs[name].to_pylist() == ours[name].to_pylist(), name


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket")  # pyspark leaves it open
def test_spark_scores_to_the_point(spark):
    frame = people(500)
    made = artefact().contributions(frame)
    names = ["id", "base_micro", *(f"{domain}_micro" for domain in DOMAINS)]
    rows = np.column_stack([np.arange(500), made.base_micro, made.domain_micro]).tolist()
    spark.createDataFrame(rows, ", ".join(f"{n} long" for n in names)).createOrReplaceTempView("m")
    theirs = spark.sql(points_select(SESAME, "m", ["id"], "spark")).collect()
    ours = points(made, SESAME).table().to_pylist()
    for row in theirs:
        found = row.asDict()
        assert ours[found.pop("id")] == found
