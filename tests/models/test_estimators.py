"""The estimators keep scikit-learn's contract."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from benne.models import AdditiveModel, PointsCard

# Bins are cut, and folds made, by rows: a row of weight two is not the same as two rows.
NOT_KEPT = {
    "check_sample_weight_equivalence_on_dense_data": (
        "folds and bins go by rows, so that a weight of two is not quite a row given twice"
    ),
}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [PointsCard(n_inner_folds=2), AdditiveModel(learner="spline", n_inner_folds=2)],
    expected_failed_checks=lambda estimator: NOT_KEPT,
    xfail_strict=False,
)
def test_the_contract_of_scikit_learn_is_kept(estimator, check):
    check(estimator)
