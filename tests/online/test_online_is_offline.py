"""Online equals offline, exactly: 10,000 people scored both ways, and every field agrees."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_bureau import make_town, middle, people_of, quiet, train_by_hand

from benne.app._load import load
from benne.app._models import kept_model
from benne.app._reading import InProcess, reading
from benne.app._score import score
from benne.app._service import Service
from benne.app.stores.online import evidence, network
from benne.app.wiring import Session, service
from benne.evidence import View
from benne.kernel import iso, month_start
from benne.scores import Answer, Score

PEOPLE = 10_000
HEAVY = ("transaction", "activity", "statement", "payment")
"""Kinds of which everybody has hundreds; a smaller town has them too."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Session:
    made = make_town(tmp_path_factory.mktemp("town") / "w", people=PEOPLE, months=30, without=HEAVY)
    train_by_hand(made, at=middle(made))
    return made


def offline(town: Session, family: str, at: int) -> dict[str, Answer]:
    told = score(town, quiet, family=family, as_of=iso(at), with_levers=False)
    return {answer.subject: answer for answer in told}


def online_answers(
    town: Session, served: Service, family: str, at: int, people: list[str]
) -> dict[str, Answer]:
    reader = served.reader
    assert isinstance(reader, InProcess)
    model, permit = reader.model(family), town.permit("self_view")
    found: dict[str, Answer] = {}
    with served.online.reading() as unit:
        for subject in people:
            known = evidence.known(unit, subject, model.kinds)
            around = None
            if model.reads_neighbours(permit):
                artefact, month = model.bundle.artefact.hash, month_start(at)
                around = network.around(unit, subject, artefact=artefact, month=month)
                assert around is not None
            made = reading(
                model, known, subject=subject, view=View(at), permit=permit, around=around
            )
            found[subject] = made.answer
    return found


def test_ten_thousand_people_get_every_field_alike(town: Session, tmp_path: Path) -> None:
    served = service(town, database=f"sqlite:///{tmp_path / 'town.db'}")
    at = middle(town)
    load(town, served, quiet, month_of=at)
    batch = offline(town, "sesame", at)
    assert len(batch) > 0.8 * PEOPLE
    assert online_answers(town, served, "sesame", at, list(batch)) == batch
    scores = [answer for answer in batch.values() if isinstance(answer, Score)]
    assert len(batch) > len(scores) > 0.5 * len(batch)
    assert len({answer.score for answer in scores}) > 100
    served.online.close()


@pytest.fixture(scope="module")
def batch_of(hamlet: Session) -> dict[str, dict[str, Answer]]:
    """What the lake answers about everybody in the hamlet, by family."""
    at = middle(hamlet)
    return {family: offline(hamlet, family, at) for family in ("sesame", "bureau")}


def test_with_all_kinds_too_on_both_stores(
    hamlet: Session, batch_of: dict[str, dict[str, Answer]], store_url: str
) -> None:
    served = service(hamlet, database=store_url)
    at, permit = middle(hamlet), hamlet.permit("self_view")
    assert load(hamlet, served, quiet, month_of=at).new > 1_000
    for family, batch in batch_of.items():
        assert online_answers(hamlet, served, family, at, list(batch)) == batch
        assert any(isinstance(answer, Score) for answer in batch.values())
    with served.online.reading() as unit:
        for subject, answer in list(batch_of["sesame"].items())[:40]:
            made = served.reader(unit, subject, permit=permit, as_of=at, family="sesame")
            assert made.as_of == made.known_by == max(at, made.last_known_at or 0)
            assert made.as_of >= at
            assert made.answer.subject == answer.subject
        kept = [kept_model(unit, hash_) for hash_ in _kept(served)]
    assert {bundle.family.name for bundle in kept} == {"sesame", "bureau"}
    assert load(hamlet, served, quiet, month_of=at).brought == {}
    served.online.close()


def _kept(served: Service) -> list[str]:
    reader = served.reader
    assert isinstance(reader, InProcess)
    return [model.bundle.artefact.hash for model in reader.models.values()]


def test_without_the_month_s_block_the_network_is_withheld_and_not_called_absent(
    loaded: tuple[Session, Service],
) -> None:
    town, served = loaded
    permit = town.permit("self_view")
    next_month = month_start(served.clock()) + 40 * 86_400_000_000
    with served.online.reading() as unit:
        for subject in people_of(town)[:20]:
            now, later = (
                served.reader(unit, subject, permit=permit, as_of=at, family="sesame")
                for at in (served.clock(), next_month)
            )
            assert now.network is not None
            assert later.network is None
            if isinstance(later.answer, Score):
                assert later.answer.withheld == ("network",)
                assert later.answer.domain_points["network"] == 0
