"""What the catalogue adds to the flat columns of a built workspace, on the same people and folds.

    python benchmarks/lift.py examples/superlender attribute profile

The workspace must have been built.  The flat card reads only features of the named kinds,
less those that ``--without`` names; the whole card is the one that ``benne train`` validated.
Both are out of fold, with the folds of the training; the interval is of the paired difference,
by subject.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benne.app import wiring
from benne.app._catalogue import catalogue_of
from benne.app._refused import fit
from benne.app._screening import Screened
from benne.app._train import read_rows
from benne.app._training import unseen_margin
from benne.models import AdditiveModel
from benne.monitoring import auc, auc_difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("kinds", nargs="+")
    parser.add_argument("--without", nargs="*", default=[])
    asked = parser.parse_args()
    session = wiring.session(asked.workspace)
    with session.lake() as lake:
        rows = read_rows(session, lake)
        whole = lake.query("SELECT * FROM unseen_sesame ORDER BY observation")
        catalogue = catalogue_of(
            session.workspace, lake.versions(), session.permit("model_building")
        )
    columns = tuple(
        column
        for column in catalogue.columns(session.workspace.attributes, "sesame")
        if set(column.kinds) <= set(asked.kinds)
        and column.name not in asked.without
        and len(rows.features[column.name].unique()) > 1
    )

    def make() -> Screened:
        return Screened(
            columns, None, lambda chosen: AdditiveModel(chosen, n_threads=session.threads)
        )

    flat = unseen_margin(
        lambda part: fit(make, part, session.workspace.model), rows, whole["fold"].to_numpy()
    )
    full = whole["log_odds"].to_numpy()
    for name, margin, count in (("flat columns", flat, len(columns)), ("catalogue", full, 0)):
        found = auc(rows.bad, margin, subject=rows.subject)
        features = f"{count} features" if count else "all features"
        print(
            f"{name} ({features}): AUC {found['auc']:.4f} "
            f"({found['auc_low']:.4f} to {found['auc_high']:.4f})"
        )
    gain = auc_difference(rows.bad, flat, full, subject=rows.subject)
    print("difference:", {key: _rounded(value) for key, value in gain.items()})


def _rounded(value: object) -> object:
    return round(float(value), 4) if isinstance(value, float | np.floating) else value


if __name__ == "__main__":
    main()
