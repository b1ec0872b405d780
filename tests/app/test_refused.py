"""What a card learns of those whom a policy refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from benne.app._refused import admitted_rows, fit, learnt, told_of_refused, words_of_refused
from benne.app._screening import Screened
from benne.app._training import Refused, Rows, Unseen, refused_folds, unseen
from benne.app.settings import ModelTable
from benne.kernel import InvalidInput
from benne.models import AdditiveModel, Column
from benne.scores import DefaultTable, family

COLUMNS = (Column("x", "history"), Column("z", "behaviour"))


def made(n: int = 3_000, seed: int = 2) -> Rows:
    """People whose risk is in x and z; a policy that looks at x refuses, but for one in twenty."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n))
    chance = np.clip(1 / (1 + np.exp(3 * (x - 0.3))), 0.05, 1.0)
    admitted = rng.random(n) < chance
    bad = (rng.random(n) < 1 / (1 + np.exp(2.2 - x - 0.8 * z))).astype(np.int64)
    table = pa.table({"x": x, "z": z})
    ours, others = np.flatnonzero(admitted), np.flatnonzero(~admitted)
    return Rows(
        features=table.take(pa.array(ours)),
        observation=ours,
        subject=np.arange(len(ours)),
        as_of=ours % 700,
        bad=bad[ours],
        weight=np.ones(len(ours)),
        admitted=np.ones(len(ours), dtype=bool),
        propensity=chance[ours],
        refused=Refused(
            features=table.take(pa.array(others)),
            observation=others,
            subject=len(ours) + np.arange(len(others)),
            as_of=others % 700,
            propensity=chance[others],
        ),
    )


def model() -> Screened:
    def make(columns: tuple[Column, ...]) -> AdditiveModel:
        return AdditiveModel(columns, learner="spline", n_inner_folds=2)

    return Screened(COLUMNS, None, make)


def test_by_default_a_card_learns_of_the_admitted_alone() -> None:
    rows = admitted_rows(made(), ModelTable())
    assert rows.refused is None
    assert (rows.weight == 1).all()
    assert learnt(rows, model, ModelTable()).rows is not None
    assert len(learnt(rows, model, ModelTable()).rows) == len(rows)


def test_by_inverse_propensity_the_rare_weigh_more_within_the_bound() -> None:
    settings = ModelTable(refused="inverse_propensity", refused_weight_at_most=4.0)
    before = made()
    rows = admitted_rows(before, settings)
    rare, usual = before.propensity < 0.25, before.propensity > 0.99
    assert np.isclose(rows.weight.mean(), 1)
    assert rows.weight[rare].min() == pytest.approx(4 * rows.weight[usual].min(), rel=0.02)


def test_by_augmentation_each_refused_enters_as_part_bad_and_part_good() -> None:
    settings = ModelTable(refused="augmentation")
    rows = made()
    refused = rows.refused
    assert refused is not None
    told = learnt(admitted_rows(rows, settings), model, settings)
    assert told.factor is not None and told.part_bad is not None
    assert told.factor.at_least <= told.factor.used <= told.factor.at_most
    assert len(told.rows) == len(rows) + 2 * len(refused)
    entered = told.rows.weight[len(rows) :].reshape(2, -1)
    assert np.allclose(entered.sum(axis=0), told.weight)
    assert np.allclose(entered[0], told.weight * told.part_bad)
    assert entered.sum() <= rows.weight.sum() * (1 + 1e-9)
    assert 1.2 * rows.bad.mean() < told.part_bad.mean()


def test_a_fold_is_scored_by_cards_that_saw_neither_its_admitted_nor_its_refused() -> None:
    rows = made(600)
    refused = rows.refused
    assert refused is not None
    fold = np.arange(len(rows)) % 3
    theirs = refused_folds(rows.subject, fold, refused.subject)
    seen = []

    def learn(part: Rows) -> Any:
        assert part.refused is not None
        seen.append((set(part.observation), set(part.refused.observation)))
        return fit(model, part, ModelTable())

    scores, others = unseen(
        learn, rows, fold, family("sesame"), None, lambda *_: None, refused=refused
    )
    assert others is not None and len(others.score) == len(refused)
    assert not np.isnan(scores.log_odds).any() and not np.isnan(others.log_odds).any()
    for number, (admitted, turned) in enumerate(seen):
        assert not admitted & set(rows.observation[fold == number])
        assert not turned & set(refused.observation[theirs == number])


def test_a_person_refused_once_and_admitted_later_stays_in_one_fold() -> None:
    fold = np.array([2, 0, 1])
    assert refused_folds(np.array([0, 1, 2]), fold, np.array([2, 0, 7])).tolist() == [1, 2, 1]


def test_what_is_learnt_before_an_instant_holds_no_later_refusal() -> None:
    early = made(400).before(300)
    assert early.refused is not None
    assert early.as_of.max() < 300 and early.refused.as_of.max() < 300


def scored(*scores: int) -> Unseen:
    some = np.array(scores)
    return Unseen(np.zeros(len(some)), some, some, np.zeros((len(some), 5), dtype=np.int64))


def test_training_flags_a_bad_rate_claimed_below_the_lowest_admitted_score() -> None:
    rows = made(60)
    table = DefaultTable("sesame", "bad", (400, 500, 600), (0.4, 0.2, 0.1))
    settings, size = ModelTable(), len(rows.refused or ())
    theirs = scored(*([450] * 2 + [700] * (size - 2)))
    told = told_of_refused(
        settings,
        rows=rows,
        apart=scored(*([500] * len(rows))),
        refused=rows.refused,
        theirs=theirs,
        told=learnt(admitted_rows(rows, settings), model, settings),
        default=table,
    )
    assert (told["lowest_admitted_score"], told["refused_below"]) == (500, 2)
    assert told["claimed_below"] == pytest.approx(0.4)
    words = list(words_of_refused("sesame", told))
    assert words[0].startswith(f"sesame: {size} more were refused, and have no outcome")
    assert "2 of them score below 500, the lowest admitted: the bad rate of 40.0 %" in words[1]
    assert list(words_of_refused("sesame", {**told, "refused": 0})) == []


@pytest.mark.parametrize(
    ("change", "method", "match"),
    [
        (lambda rows: replace(rows, refused=None), "augmentation", "there are none"),
        (lambda rows: replace(rows, refused=None), "inverse_propensity", "there are none"),
        (
            lambda rows: replace(rows, propensity=np.where(rows.bad == 1, np.nan, 0.5)),
            "inverse_propensity",
            r"have none, the first is observation \d+; return propensity",
        ),
        (
            lambda rows: replace(rows, admitted=rows.bad == 1),
            "inverse_propensity",
            r"only who was admitted may have one; observation \d+ was not",
        ),
    ],
)
def test_what_the_observations_do_not_tell_is_asked_for(
    change: Callable[[Rows], Rows], method: str, match: str
) -> None:
    with pytest.raises(InvalidInput, match=match):
        admitted_rows(change(made(400)), ModelTable(refused=method))


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"refused": "parcelling"}, "accepts_only, inverse_propensity, augmentation"),
        ({"refused_weight_at_most": 0.5}, "1 or more"),
        ({"refused_weight_at_most": float("nan")}, "1 or more"),
        ({"refused_odds": (2.0, 1.0)}, "least and the greatest"),
        ({"refused_odds": (1.0,)}, "least and the greatest"),
    ],
)
def test_impossible_settings_say_what_must_hold(changed: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidInput, match=match):
        ModelTable(**changed)


def test_augmentation_without_propensities_takes_the_middle_of_its_bounds() -> None:
    settings = ModelTable(refused="augmentation", refused_odds=(1.0, 4.0))
    rows = made(800)
    silent = replace(rows, propensity=np.full(len(rows), np.nan))
    told = learnt(silent, partial(model), settings)
    assert told.factor is not None
    assert (told.factor.used, told.factor.why) == (2.0, "no propensity is recorded")
