"""The additive model: what a learner says is exactly what its tables say."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from benne.kernel import DOMAINS, InvalidInput
from benne.models import (
    AdditiveModel,
    Bins,
    Column,
    Pairs,
    PointsCard,
    Presence,
    Segment,
    prices,
)
from benne.models._designs import tree_inputs
from benne.models._fitting import Recipe, blend, fit_card, log_loss, own_share
from benne.models._learners import Boost, Steps
from benne.models._points import Points
from benne.models._read import read
from benne.models._shape import calibrated, purified
from benne.models._sheet import Sheet, make_grids, make_sheet
from benne.models._spline import Spline


def people(n: int = 1500, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, list[Column]]:
    """A made-up table with every kind of column, and an outcome that needs them."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n).astype(float)
    late = rng.poisson(0.7, n).astype(float)
    late[rng.random(n) < 0.03] = 98.0
    debt = rng.lognormal(0, 1, n)
    debt[rng.random(n) < 0.1] = np.nan
    job = rng.choice(["clerk", "cook", "guard", "nurse"], n)
    town = rng.integers(0, 60, n).astype(str)
    owed = np.nan_to_num(debt)
    odds = (
        -1.0 - 0.03 * (age - 45) + 0.8 * np.minimum(late, 4) * (late < 90) + 0.3 * owed
        + (job == "cook") * 0.7 + (town.astype(int) % 7 == 0) * 0.8
        + 0.6 * ((late > 1) & (late < 90) & (owed > 1))
    )  # fmt: skip
    bad = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    frame = pd.DataFrame({"age": age, "late": late, "debt": debt, "job": job, "town": town})
    columns = [
        Column("age", "identity", 1, resolution=1.0),
        Column("late", "history", -1, resolution=1.0, specials=(98.0,)),
        Column("debt", "history", -1, resolution=0.01),
        Column("job", "identity", category=True),
        Column("town", "behaviour", category=True),
    ]
    return frame, bad, columns


def sheet_of(frame: pd.DataFrame, bad: np.ndarray, columns: list[Column]) -> Sheet:
    raw, one = read(frame, columns), np.ones(len(bad))
    grids = make_grids(raw, columns, one, Bins())
    return make_sheet(raw, grids, bad.astype(float), one, np.arange(len(bad)))


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return sheet_of(*people())


PAIRS = list(combinations(range(5), 2))


def test_boosted_trees_lower_exactly_into_tables(sheet):
    """LightGBM's own margin is the sum of the tables, with one and with two columns a path."""
    import benne.models._learners as learners

    for pairs in ((), PAIRS):
        kept: list[object] = []
        original = learners._lightgbm

        def spy(*arguments, original=original, kept=kept):
            kept[:] = [original(*arguments)]
            return kept[0]

        learners._lightgbm = spy
        try:
            shape = Boost(rounds=60).path(sheet, (60,), pairs=pairs, seed=0, monotone=True)[0]
        finally:
            learners._lightgbm = original
        made = tree_inputs(sheet, coarse=bool(pairs), monotone=True)
        codes = sheet.coarse_codes if pairs else sheet.codes
        share = sheet.bad.mean()
        margin = kept[0](made.design.inputs(codes)) + np.log(share / (1 - share))
        assert np.abs(shape.margin(sheet) - margin).max() < 1e-9
        assert bool(pairs) == bool(shape.pairs)


def test_bags_of_cyclic_boosting_lower_exactly_into_tables(sheet, monkeypatch):
    from interpret.glassbox import ExplainableBoostingClassifier

    fitted = []
    original = ExplainableBoostingClassifier.fit

    def spy(self, *arguments, **more):
        fitted.append(self)
        return original(self, *arguments, **more)

    monkeypatch.setattr(ExplainableBoostingClassifier, "fit", spy)
    shape = Steps(bags=2).fit(sheet, seed=0, monotone=True)
    design = tree_inputs(sheet, nominal=True, monotone=True).design
    margin = fitted[0].decision_function(design.inputs(sheet.codes))
    assert np.abs(shape.margin(sheet) - margin).max() < 1e-9


def test_purifying_and_centring_change_no_margin(sheet):
    shape = Pairs(rounds=40).fit(
        sheet, Spline().fit(sheet, seed=0, monotone=True), PAIRS, seed=0, monotone=True
    )
    pure = purified(shape, sheet)
    assert np.abs(pure.margin(sheet) - shape.margin(sheet)).max() < 1e-9
    for (a, b), table in pure.pairs.items():
        joint = np.zeros(table.shape)
        np.add.at(joint, (sheet.coarse_codes[a], sheet.coarse_codes[b]), sheet.weight)
        assert np.abs((table * joint).sum(0)).max() < 1e-6
        assert np.abs((table * joint).sum(1)).max() < 1e-6


def test_a_spline_is_its_logistic_regression_and_bends_no_direction(sheet):
    shape = Spline().fit(sheet, seed=0, monotone=True)
    age = np.arange(18.0, 80.0)
    frame = pd.DataFrame({"age": age, "late": 1.0, "debt": 1.0, "job": "cook", "town": "3"})
    line = make_sheet(read(frame, [g.column for g in sheet.grids]), sheet.grids,
                      np.zeros(62), np.ones(62), np.arange(62)).take(np.arange(62))  # fmt: skip
    margin = shape.margin(line)
    assert (np.diff(margin) <= 1e-12).all()
    assert np.abs(np.diff(margin)).max() < 0.5  # no jump where the knots are


def test_points_cards_use_few_monotone_bins(sheet):
    shape = Points().fit(sheet, seed=0, monotone=True)
    ranges = sheet.grids[0].axis.ranges
    assert (np.diff(shape.left[0][:ranges]) <= 1e-12).all()


def test_calibration_is_affine(sheet):
    shape = Points().fit(sheet, seed=0, monotone=True)
    moved = calibrated(shape, 0.3, 1.2)
    assert np.allclose(moved.margin(sheet), 0.3 + 1.2 * shape.margin(sheet))


@pytest.fixture(scope="module")
def fitted() -> AdditiveModel:
    frame, bad, columns = people()
    return AdditiveModel(columns, n_inner_folds=2, withheld=[{"behaviour"}]).fit(frame, bad)


def test_a_model_is_its_artefact_and_its_parts_add_up(fitted):
    frame, _, _ = people(seed=3)
    parts = fitted.contributions(frame)
    assert np.allclose(fitted.decision_function(frame), -parts.total_micro / 1e6)
    assert (parts.term_micro.sum(1) == parts.domain_micro.sum(1)).all()
    assert not parts.domain_micro[:, [DOMAINS.index("fulfilment"), DOMAINS.index("network")]].any()


def test_means_are_those_of_the_people_it_was_made_from(fitted):
    frame, _, _ = people()
    card = fitted.artefact_.cards[0]
    told = fitted.artefact_.about["decks"][0][0]
    assert told["rows"] == len(frame)
    assert len(card.tables) >= 4
    means = fitted.contributions(frame).term_micro.mean(0)
    assert np.abs(means - fitted.artefact_.mean_micro()[0]).max() <= 1


def test_a_withheld_domain_is_refitted_and_gives_nothing(fitted):
    frame, bad, columns = people()
    part = fitted.contributions(frame, {"behaviour"})
    assert not part.domain_micro[:, DOMAINS.index("behaviour")].any()
    rest = [c for c in columns if c.domain != "behaviour"]
    alone = AdditiveModel(rest, n_inner_folds=2).fit(frame.drop(columns="town"), bad)
    assert (alone.contributions(frame).total_micro == part.total_micro).all()


def test_more_of_what_should_help_never_hurts(fitted):
    frame, _, _ = people(300, seed=5)
    before = fitted.contributions(frame).total_micro
    older = frame.assign(age=frame["age"] + 7)
    assert (fitted.contributions(older).total_micro >= before - 2).all()
    owing = frame.assign(debt=frame["debt"] * 2)
    assert (fitted.contributions(owing).total_micro <= before + 2).all()


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "dict"])
def test_any_data_frame_gives_the_same_artefact(kind):
    frame, bad, columns = people(400)
    known = PointsCard(columns).fit(frame, bad)
    if kind == "dict":
        other = {name: frame[name].to_numpy() for name in frame}
    else:
        module = pytest.importorskip(kind)
        other = module.from_pandas(frame) if kind == "polars" else module.Table.from_pandas(frame)
    again = PointsCard(columns).fit(other, bad)
    assert again.artefact_.hash == known.artefact_.hash
    assert (again.decision_function(other) == known.decision_function(frame)).all()


def test_the_number_of_threads_changes_nothing():
    frame, bad, columns = people(500)
    one, two = (
        AdditiveModel(columns, n_inner_folds=2, n_threads=n, random_state=4).fit(frame, bad)
        for n in (1, 2)
    )
    assert one.artefact_.hash == two.artefact_.hash
    assert (one.out_of_fold_ == two.out_of_fold_).all()


def test_no_fold_parts_a_person():
    from benne.models._folds import fold_of

    frame, bad, columns = people(600)
    sheet = sheet_of(frame, bad, columns)
    people_of = np.repeat(np.arange(200), 3)
    grouped = Sheet(sheet.grids, sheet.codes, sheet.values, sheet.bad, sheet.weight, people_of)
    folds = fold_of(grouped, 5, seed=0)
    assert all(len(set(folds[people_of == p])) == 1 for p in range(200))


def test_segments_choose_the_card_by_presence_of_evidence():
    frame, bad, columns = people()
    segments = (Segment("no debt known", (Presence("debt", "absent"),)), Segment("rest"))
    model = PointsCard(columns, segments=segments).fit(frame, bad)
    chosen = model.contributions(frame).card
    assert ((chosen == 0) == frame["debt"].isna().to_numpy()).all()
    assert [card.name for card in model.artefact_.cards] == ["no debt known", "rest"]
    mean_chance = model.predict_proba(frame)[:, 1]
    for card in (0, 1):
        assert mean_chance[chosen == card].mean() == pytest.approx(
            bad[chosen == card].mean(), abs=0.05
        )
    with pytest.raises(InvalidInput, match="column of the model"):
        PointsCard(columns, segments=[Segment("x", (Presence("y", "absent"),)), Segment("r")]).fit(
            frame, bad
        )


def test_segments_are_found_where_a_domain_says_nothing():
    frame, bad, columns = people(2000)
    rng = np.random.default_rng(1)
    thin = rng.random(2000) < 0.4
    frame.loc[thin, ["late", "debt"]] = np.nan
    bad = np.where(thin, (frame["age"] > 49).to_numpy() ^ (rng.random(2000) < 0.1), bad).astype(int)
    model = PointsCard(columns, segments="auto").fit(frame, bad)
    assert [s.name for s in model.artefact_.segments] == ["no history", "everybody else"]
    assert len(PointsCard(columns, segments="auto").fit(*people(400)[:2]).artefact_.cards) == 1


def marked(n: int = 4000) -> tuple[pd.DataFrame, np.ndarray, list[Column]]:
    """Debt tells one way of those with nothing against them, and the other way of the rest."""
    rng = np.random.default_rng(3)
    late = rng.poisson(0.5, n).astype(float)
    debt = rng.normal(0, 1, n)
    odds = -1.0 + np.where(late == 0, 1.5 * debt, 0.8 - 1.0 * debt)
    bad = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    columns = [Column("late", "history", -1, resolution=1.0), Column("debt", "fulfilment")]
    return pd.DataFrame({"late": late, "debt": debt}), bad, columns


def test_segments_are_found_where_history_says_nothing_against():
    frame, bad, columns = marked()
    model = AdditiveModel(columns, segments="auto", learner="spline").fit(frame, bad)
    assert [s.name for s in model.artefact_.segments] == ["clean", "everybody else"]
    assert ((model.contributions(frame).card == 0) == (frame["late"] == 0).to_numpy()).all()
    single = AdditiveModel(columns, learner="spline").fit(frame, bad)
    new, new_bad, _ = marked(6000)
    found, one = (roc_auc_score(new_bad, m.decision_function(new)) for m in (model, single))
    assert found > one + 0.05


def test_segments_are_found_where_a_telling_column_is_absent():
    frame, bad, columns = marked()
    hidden = frame.assign(debt=frame["debt"].where(frame["late"] == 0), other=frame["debt"])
    columns = [Column("debt", "behaviour"), Column("other", "behaviour")]
    model = AdditiveModel(columns, segments="auto", learner="spline").fit(hidden, bad)
    assert [s.name for s in model.artefact_.segments] == ["no debt", "everybody else"]


def test_a_segments_card_is_the_mean_of_its_own_fit_and_everybodys():
    frame, bad, columns = marked(1500)
    sheet = sheet_of(frame, bad, columns)
    recipe = Recipe(learners=("spline",), smooth=((6, 10.0),), pair_rounds=(0,))
    rows = np.flatnonzero(frame["late"].to_numpy() == 0)
    part = sheet.take(rows)
    own, pooled = fit_card(part, recipe, "clean"), fit_card(sheet, recipe, "everybody")
    mixed = blend(part, own, pooled, rows)
    assert own.out_of_fold is not None and pooled.out_of_fold is not None
    assert mixed.out_of_fold is not None
    share = own_share(part, own.out_of_fold, pooled.out_of_fold[rows])
    assert mixed.chosen["own_share"] == share
    mean = share * own.shape.margin(part) + (1 - share) * pooled.shape.margin(part)
    offset, factor = mixed.chosen["calibration"]
    assert mixed.shape.margin(part) == pytest.approx(offset + factor * mean, abs=1e-9)
    losses = [
        log_loss(part, w * own.out_of_fold + (1 - w) * pooled.out_of_fold[rows])
        for w in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert losses[int(share * 4)] == min(losses)


def test_the_prices_are_differences_on_the_same_folds():
    frame, bad, columns = people(500)
    found = prices(frame, bad, columns, model=AdditiveModel(learner="boost", n_inner_folds=2),
                   n_folds=2)  # fmt: skip
    assert found.strictness == pytest.approx(found.paired_auc - found.strict_auc)
    assert found.additivity == pytest.approx(found.free_auc - found.strict_auc)
    assert 0.5 < found.strict_auc < 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"form": "loose"}, "form must be"),
        ({"learner": "magic"}, "learner must be"),
        ({"n_inner_folds": 1}, "n_inner_folds"),
        ({"withheld": [{"astrology"}]}, "withheld"),
        ({"segments": "some"}, "segments"),
        ({"columns": []}, "at least one"),
    ],
)
def test_parameters_out_of_range_are_refused(changed, words):
    frame, bad, columns = people(200)
    with pytest.raises(InvalidInput, match=words):
        AdditiveModel(columns).set_params(**changed).fit(frame, bad)


def test_infinity_in_training_is_refused_with_its_row():
    frame, bad, columns = people(200)
    frame.loc[17, "debt"] = np.inf
    with pytest.raises(InvalidInput, match="row 17"):
        PointsCard(columns).fit(frame, bad)
