"""The rows that a card is fitted to, read from the lake: known outcomes, and who was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benne.app._training import Bools, Floats, Refused, Rows
from benne.kernel import InvalidInput, NotFound

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.stores import Lake
    from benne.app.wiring import Session

_LOOKS = (
    "SELECT o.observation, o.subject, o.as_of, o.weight, o.admitted, o.propensity, y.outcome, "
    "y.known_at FROM observations o LEFT JOIN outcomes y USING (observation) "
    "ORDER BY o.observation"
)


def read_rows(session: Session, lake: Lake) -> Rows:
    """The observations whose whole outcome window has passed, good or bad, with features.

    ``refused`` are those of the same time who were not admitted and have no outcome, if any.

    Raises:
        NotFound: features were not computed yet.
        InvalidInput: no outcome is known by now.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    missing = {"features", "outcomes", "counts"} - set(lake.tables())
    if missing:
        raise NotFound(f"the lake has no {min(missing)} yet; benne features makes them.")
    looks = lake.query(_LOOKS)
    past = pc.less_equal(looks["known_at"], session.clock())
    told = pc.is_in(looks["outcome"], value_set=pa.array(["good", "bad"]))
    sure = pc.fill_null(pc.and_(past, told), False)
    known = looks.filter(sure)
    if not known.num_rows:
        raise InvalidInput(
            "no observation has an outcome, good or bad, that is known by now; check the outcome "
            "and its window."
        )
    turned = pc.and_not(pc.invert(looks["admitted"]), sure)
    refused = looks.filter(pc.and_(turned, pc.less_equal(looks["as_of"], pc.max(known["as_of"]))))
    features = lake.query("SELECT * FROM features ORDER BY observation")
    both = pa.concat_tables([known, refused])["subject"].combine_chunks().dictionary_encode()
    people = both.indices.to_numpy().astype(np.int64)  # those with an outcome are numbered first
    weight = floats_of(known, "weight")
    return Rows(
        features=_features(features, known),
        observation=known["observation"].to_numpy(),
        subject=people[: known.num_rows],
        as_of=known["as_of"].to_numpy(),
        bad=_flags(pc.equal(known["outcome"], "bad")).astype(np.int64),
        weight=np.where(np.isnan(weight), 1.0, weight),
        admitted=_flags(pc.fill_null(known["admitted"], True)),
        propensity=floats_of(known, "propensity"),
        refused=Refused(
            features=_features(features, refused),
            observation=refused["observation"].to_numpy(),
            subject=people[known.num_rows :],
            as_of=refused["as_of"].to_numpy(),
            propensity=floats_of(refused, "propensity"),
        )
        if refused.num_rows
        else None,
    )


def _features(features: pa.Table, looks: pa.Table) -> pa.Table:
    """The features of each look, in its order."""
    import pyarrow as pa

    place = np.searchsorted(features["observation"].to_numpy(), looks["observation"].to_numpy())
    return features.drop_columns(["observation"]).take(pa.array(place))


def floats_of(table: pa.Table, name: str) -> Floats:
    """A column as float64, NaN where it is null."""
    found: Floats = table[name].to_numpy(zero_copy_only=False).astype(np.float64)
    return found


def _flags(column: pa.ChunkedArray) -> Bools:
    found: Bools = column.to_numpy(zero_copy_only=False).astype(np.bool_)
    return found
