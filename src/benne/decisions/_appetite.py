"""A risk appetite in a merchant's own words: what is at risk, what it earns, what can be borne."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from benne.decisions._policy import columns_of
from benne.decisions._syntax import parse
from benne.kernel import (
    Column,
    Expression,
    InvalidInput,
    NotPermitted,
    Reader,
    Type,
    type_of,
    unified,
)
from benne.scores import FAMILIES

SCHEMA = 1
REST = "everyone else"
"""The segment of those for whom no stated segment's condition holds."""


@dataclass(frozen=True, slots=True)
class Cap:
    """A cap that may be granted, and what is expected of it.

    ``exposure_minor`` is what is lost at most, on average, when somebody with this cap turns bad;
    ``take_up`` the share of the admitted who use it; ``margin_minor`` what one who keeps the
    promise earns; ``granted`` whether it was ever granted, so that these are seen and not guessed.
    """

    cap_minor: int
    exposure_minor: int
    take_up: float
    margin_minor: int
    granted: bool


@dataclass(frozen=True, slots=True)
class Bears:
    """What can be borne; ``None`` is no bound.

    ``bad_rate`` of the admitted, ``loss_minor`` expected for each of them, ``budget_minor`` of
    expected loss for all ``applicants``: each is met by its upper 90 % bound.  ``admission`` is
    the least share of applicants to admit.
    """

    bad_rate: float | None = None
    loss_minor: int | None = None
    budget_minor: int | None = None
    admission: float | None = None

    def over(self, others: Bears) -> Bears:
        """These bounds, and those of ``others`` where there is none here."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(others, **{name: bound for name, bound in own.items() if bound is not None})


@dataclass(frozen=True, slots=True)
class Segment:
    """People for whom ``where`` holds, and what can be borne of them.

    What ``bears`` leaves out is as for everybody; of the budget they have their share.
    """

    name: str
    where: Expression
    bears: Bears


@dataclass(frozen=True)
class Appetite:
    """What a merchant or lender states.  Money is in minor units of the workspace's currency.

    ``loss_given_default`` is the share of the exposure that a bad case loses.  Who is not admitted
    is asked for a deposit: ``deposit_conversion`` of them go on, each earning
    ``deposit_margin_minor`` without a risk.  ``threshold`` is the one in use today, if any.
    """

    service: str
    says: str
    family: str
    caps: tuple[Cap, ...]
    loss_given_default: float
    deposit_conversion: float
    deposit_margin_minor: int
    applicants: int
    bears: Bears
    threshold: int | None = None
    segments: tuple[Segment, ...] = ()
    features: tuple[str, ...] = field(default=())


def read_appetite(text: str, *, features: Mapping[str, Type], where: str) -> Appetite:
    """The appetite that the TOML ``text`` states; segments may speak of ``features``.

    Raises:
        InvalidInput: not TOML, an unknown or missing key, or a value that cannot be.
        NotPermitted: it stands on the conduct score.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{where} is not TOML: {error}.") from error
    body = Reader(document, where)
    body.schema(SCHEMA)
    family = body.text("family", "sesame")
    if family == "conduct":
        raise NotPermitted(
            f"{where}: an appetite cannot stand on the conduct score, from which nothing may "
            "follow for anybody."
        )
    if family not in FAMILIES:
        raise InvalidInput(f"{where}: family must be one of {', '.join(FAMILIES)}; got {family!r}.")
    deposit = body.table("with_deposit")
    conversion = 0.0 if deposit is None else deposit.share("conversion")
    margin = 0 if deposit is None else deposit.whole("margin_minor")
    if deposit is not None:
        deposit.done()
    segments = _segments(body, features)
    spoken = sorted(set().union(*(columns_of(segment.where) for segment in segments)))
    appetite = Appetite(
        service=body.text("service"),
        says=body.text("says"),
        family=family,
        caps=_caps(body, where),
        loss_given_default=body.share("loss_given_default"),
        deposit_conversion=conversion,
        deposit_margin_minor=margin,
        applicants=body.whole("applicants", 1000),
        bears=_bears(body.table("bears")),
        threshold=body.whole("threshold", None),
        segments=segments,
        features=tuple(spoken),
    )
    body.done()
    if appetite.applicants < 1:
        raise InvalidInput(f"{where}: applicants must be 1 or more; got {appetite.applicants}.")
    return appetite


def _caps(body: Reader, where: str) -> tuple[Cap, ...]:
    made = []
    for one in body.tables("caps") or ():
        cap = one.whole("cap_minor")
        made.append(
            Cap(
                cap_minor=cap,
                exposure_minor=one.whole("exposure_minor", cap),
                take_up=one.share("take_up", 1.0),
                margin_minor=one.whole("margin_minor"),
                granted=one.flag("granted"),
            )
        )
        one.done()
    amounts = [cap.cap_minor for cap in made]
    if not made or amounts != sorted(set(amounts)):
        raise InvalidInput(f"{where}: [[caps]] must rise, one or more of them; got {amounts}.")
    return tuple(made)


def _bears(body: Reader | None) -> Bears:
    if body is None:
        return Bears()
    bears = Bears(
        bad_rate=body.share("bad_rate", None),
        loss_minor=body.whole("loss_minor", None),
        budget_minor=body.whole("budget_minor", None),
        admission=body.share("admission", None),
    )
    body.done()
    return bears


def _segments(body: Reader, features: Mapping[str, Type]) -> tuple[Segment, ...]:
    table = body.table("segments")
    if table is None:
        return ()
    names: dict[str, Expression] = {name: Column(name) for name in features}
    made: list[Segment] = []
    for name in table.names:
        one = table.table(name)
        if one is None or name == REST:
            raise InvalidInput(f"{table.where}: {name!r} cannot be a segment.")
        where = unified(
            parse(one.text("where"), names, where=f"{one.where}, where"), dict(features)
        )
        if type_of(where, features) != "bool":
            raise InvalidInput(f"{one.where}: where must be a condition, true or false.")
        made.append(Segment(name, where, _bears(one.table("bears"))))
        one.done()
    return tuple(made)
