"""A lender that refused people: from the observations select to the report, by each method."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_workspace import Made, make_workspace

from benne.app import Session, ingest_workspace, make_features, report, session, train
from benne.doors.reports import render
from benne.kernel import InvalidInput

OBSERVATIONS = """\
with seen as (
    select *, income_minor::int > 230000 or substr(person, 11, 1) = '3' as taken,
        case when income_minor::int > 230000 then 1.0 else 0.1 end as chance
    from applications)
select person as subject, '2024-01-01T00:00:00Z' as as_of, taken as admitted,
    'income' as policy, if(person = 'PERSON-0007', 7.0, chance) as propensity,
    case when taken then outcome end as outcome,
    case when taken then '2025-01-01T00:00:00Z' end as outcome_known_at
from seen
"""


def quiet(step: str, done: int, of: int | None) -> None:
    pass


@pytest.fixture(scope="module")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = make_workspace(
        tmp_path_factory.mktemp("lender"), people=300, kinds=("attribute",), families=("sesame",)
    )
    (made.folder / "observations.sql").write_text(OBSERVATIONS, encoding="utf-8")
    here = session(made.folder, data=made.data)
    ingest_workspace(here, quiet)
    made_features = make_features(here, quiet)
    assert "propensity lies from 0 to 1" in "\n".join(made_features.lines())
    return made


def trained(made: Made, tmp: str) -> Session:
    path = made.folder / "benne.toml"
    text = path.read_text(encoding="utf-8").split("\n# ---\n")[0]
    head, rest = text.split("[model]\n")
    path.write_text(f"{head}[model]\n{tmp}\n{rest}", encoding="utf-8")
    here = session(made.folder, data=made.data)
    train(here, quiet)
    path.write_text(text, encoding="utf-8")
    return here


def facts(here: Session) -> dict[str, Any]:
    report(here, quiet, render=render)
    found: dict[str, Any] = json.loads(
        (here.workspace.reports / "sesame.json").read_text(encoding="utf-8")
    )["refused"]
    return found


@pytest.mark.parametrize("method", ["accepts_only", "inverse_propensity", "augmentation"])
def test_a_card_says_how_it_learnt_and_what_it_claims_of_the_refused(
    lender: Made, method: str
) -> None:
    here = trained(lender, f'refused = "{method}"')
    found = facts(here)
    assert found["method"] == method
    assert found["admitted"] + found["refused"] == 299  # one had an impossible propensity
    assert found["policies"][0]["policy"] == "income"
    assert found["overlap"]["lowest_refused"] == 0.1
    assert sum(band["refused"] for band in found["bands"]) == found["scored_refused"]
    assert (found["odds"] is None) == (method != "augmentation")
    page = (here.workspace.reports / "sesame.html").read_text(encoding="utf-8")
    assert "Who was refused" in page
    assert "no outcome is known of them" in page


def test_a_method_that_needs_refusals_says_so_where_there_are_none(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, people=80, kinds=("attribute",), families=("sesame",))
    here = session(made.folder, data=made.data)
    ingest_workspace(here, quiet)
    make_features(here, quiet)
    with pytest.raises(InvalidInput, match=r"there are none; return admitted"):
        trained(made, 'refused = "augmentation"')
