"""What a workspace may state of its population and its segments, from benne.toml to the lake."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_workspace import Made, make_workspace

from benne.app import Session, ingest_workspace, make_features, session, train
from benne.app._bundle import read_bundle
from benne.app._catalogue import Catalogue, catalogue_of
from benne.app._score import scorer_of
from benne.app._validation import validation
from benne.kernel import InvalidInput, NotPermitted, iso

CADENCE = 'cadence_months = 4\nfrom_month = "2023-02"\nto_month = "2024-02"\n'
SEGMENTS = """
[[model.segments]]
name = "no accounts"
when = [{ feature = "account_oldest_days", test = "absent" }]

[[model.segments]]
name = "everybody else"
"""


def quiet(step: str, done: int, of: int | None) -> None:
    pass


def opened(made: Made, *, before: str = "", after: str = "", at: str = "") -> Session:
    path = made.folder / "benne.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(at, f"{before}{at}{after}") if at else text + after)
    return session(made.folder, data=made.data)


def test_a_cadence_observes_who_had_entered_by_each_moment(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, people=80, defined=True, kinds=("account", "obligation"))
    here = opened(made, after=CADENCE, at="reporting_lag_days = 10\n")
    ingest_workspace(here, quiet)
    with pytest.raises(InvalidInput, match="must be stated once"):
        make_features(here, quiet)
    (made.folder / "observations.sql").unlink()
    make_features(here, quiet)
    with here.lake(read_only=True) as lake:
        accounts = lake.query("SELECT subject, opened_at FROM evidence_account").to_pylist()
        looks = lake.query("SELECT * FROM observations ORDER BY observation").to_pylist()
        told = lake.query("SELECT DISTINCT outcome FROM outcomes")["outcome"].to_pylist()
    people = {account["subject"] for account in accounts}
    moments = sorted({look["as_of"] for look in looks})
    assert [iso(at)[:10] for at in moments] == [
        "2023-02-01", "2023-06-01", "2023-10-01", "2024-02-01",
    ]  # fmt: skip
    expected = sorted(
        (at, person)
        for at in moments
        for person in people
        if any(a["subject"] == person and a["opened_at"] < at for a in accounts)
    )
    assert [(look["as_of"], look["subject"]) for look in looks] == expected
    assert [look["observation"] for look in looks] == list(range(len(expected)))
    assert set(told) == {"bad", "good"}


def test_nobody_is_good_because_the_evidence_ends(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, people=80, defined=True, kinds=("account", "obligation"))
    (made.folder / "observations.sql").unlink()
    late = CADENCE.replace("2024-02", "2024-10")
    here = opened(made, after=late, at="reporting_lag_days = 10\n")
    ingest_workspace(here, quiet)
    featured = make_features(here, quiet)
    with here.lake(read_only=True) as lake:
        last = lake.query("SELECT max(known_at) AS at FROM evidence_obligation")["at"][0].as_py()
        told = lake.query("SELECT max(known_at) AS at FROM outcomes")["at"][0].as_py()
        looks = lake.query("SELECT max(as_of) AS at FROM observations")["at"][0].as_py()
    assert told <= last < looks + 190 * 86_400_000_000
    assert "of them wait: their window ends after" in featured.waiting
    until = 'observed_until = "2026-01-01"\n'
    here = opened(made, after=until, at="reporting_lag_days = 10\n")
    assert make_features(here, quiet).waiting == ""


def test_a_fraud_that_was_taken_back_excludes_nobody(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, people=80, defined=True, kinds=("account", "obligation"))
    head = '-- ---\n-- source = "register"\n-- historical = true\n-- ---\n'
    (made.folder / "mapping" / "breach.sql").write_text(
        head + "select person as record, person as subject, timestamptz '2024-02-01 00:00Z' + "
        "interval (n) day as known_at, timestamptz '2024-02-01 00:00Z' as happened_at, 'bank' as "
        "industry, 'fraud' as type, 'original' as dispute, if(n = 0, 'event', 'retraction') as "
        "cause from applications, range(2) t(n)"
    )
    here = opened(made, after='fraud_types = ["fraud"]\n', at="reporting_lag_days = 10\n")
    ingest_workspace(here, quiet)
    assert make_features(here, quiet).outcomes.keys() == {"bad", "good"}


def test_nobody_is_looked_at_in_the_future(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, people=60, kinds=("account", "obligation"))
    select = made.folder / "observations.sql"
    text = select.read_text(encoding="utf-8")
    later = "case when person < 'PERSON-0003' then '2999-01-01' else '2024-01-01' end as as_of"
    select.write_text(text.replace("'2024-01-01T00:00:00Z' as as_of", later), encoding="utf-8")
    here = opened(made)
    ingest_workspace(here, quiet)
    observed = make_features(here, quiet).observed
    assert (observed.observations, len(observed.findings)) == (57, 3)
    assert {finding.code for finding in observed.findings} == {"future_time"}


def test_stated_segments_have_a_card_each(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, families=("sesame", "bureau"), kinds=("attribute", "account"))
    here = opened(made, after=SEGMENTS)
    ingest_workspace(here, quiet)
    make_features(here, quiet)
    train(here, quiet)
    path = made.folder / "models" / "sesame.json"
    (deck,) = json.loads(path.read_text())["decks"]
    assert [segment["name"] for segment in deck["segments"]] == ["no accounts", "everybody else"]
    assert [card["name"] for card in deck["cards"]] == ["no accounts", "everybody else"]


def test_a_stated_tolerance_shortens_the_card_and_tells_its_price(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, families=("sesame",), kinds=("attribute", "account"))
    path = made.folder / "benne.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("prices = false", "prices = true\ntolerance = 0.05"))
    here = session(made.folder, data=made.data)
    ingest_workspace(here, quiet)
    make_features(here, quiet)
    train(here, quiet)
    assert read_bundle(here.workspace.models, "sesame").artefact.about["tolerance"] == 0.05
    with here.lake(read_only=True) as lake:
        told = validation(here, lake, "sesame")
    assert "Shortened: no table says more than 0.05 of log-odds" in told["card"]
    low, price, high = (told[f"price_of_brevity{end}"] for end in ("_low", "", "_high"))
    assert low <= price <= high
    assert (low, high) != (0, 0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("account_oldest_days", "nothing_count", "'nothing_count' is none"),
        ('account_oldest_days", test = "absent"', 'income_minor", test = "below", value = 9',
         "presence of evidence only"),
    ],
)  # fmt: skip
def test_a_segment_of_anything_but_presence_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    made = make_workspace(tmp_path, people=100, kinds=("attribute", "account"))
    here = opened(made, after=SEGMENTS.replace(old, new))
    ingest_workspace(here, quiet)
    make_features(here, quiet)
    with pytest.raises(InvalidInput, match=words):
        train(here, quiet)


def test_a_rule_that_closes_what_the_card_reads_leaves_the_card_without_it(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, families=("sesame",), kinds=("attribute", "account"))
    path = made.folder / "benne.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[model]\n", '[model]\nwithheld = [["fulfilment"]]\n'))
    here = session(made.folder, data=made.data)
    ingest_workspace(here, quiet)
    make_features(here, quiet)
    train(here, quiet)
    bundle = read_bundle(made.folder / "models", "sesame")
    with here.lake(read_only=True) as lake:
        whole = catalogue_of(here.workspace, lake.versions(), here.permit("self_view"))
    read = {column.name: column.domain for column in bundle.artefact.columns_read()}

    def without(domain: str, *, by_law: bool) -> Catalogue:
        gone = [name for name, of in read.items() if of == domain][:1]
        assert gone, read
        return replace(
            whole,
            features=tuple(f for f in whole.features if f.name not in gone),
            left_out=tuple((name, "rule 9 closes it") for name in gone),
            closed=frozenset(gone if by_law else ()),
        )

    assert scorer_of(here, bundle, whole).withheld == ()
    closed = without("fulfilment", by_law=True)
    assert scorer_of(here, bundle, closed).withheld == ("fulfilment",)
    with pytest.raises(NotPermitted, match=r"rule 9 closes it \(\w+\), and the sesame card reads"):
        scorer_of(here, bundle, without("history", by_law=True))
    with pytest.raises(InvalidInput, match="put it back, or run benne train again"):
        scorer_of(here, bundle, without("fulfilment", by_law=False))
