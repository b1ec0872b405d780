"""Score people: from what is known of each, to a typed answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benne.app._bundle import Bundle, read_bundle
from benne.app._catalogue import Catalogue, catalogue_of
from benne.app._features import count, feature_plan, look
from benne.app._network import at, surroundings
from benne.app.stores._histories import histories
from benne.app.stores._lake_ingest import silent
from benne.evidence import (
    COUNTS,
    About,
    History,
    Kind,
    View,
    counted,
    literal,
    thickness_of,
    versions_table,
)
from benne.features import Plan
from benne.kernel import (
    DOMAINS,
    InvalidInput,
    Json,
    NotFound,
    NotPermitted,
    Value,
    iso,
    parse_instant,
    subject_id,
)
from benne.rights import Permit
from benne.scores import Answer, NotEnoughEvidence, Offer, Score, Scorer, offers, to_json

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.stores import Lake, Progress
    from benne.app.wiring import Session

_LOOKS = ("observation", "subject", "as_of", "about_kind", "about_source", "about")
_PEOPLE_AT_A_TIME = 2_000
_ONE_BY_ONE = 20
"""Up to so many looks are computed in process: to compile one query takes longer than they do."""


def score(
    session: Session,
    tell: Progress,
    *,
    family: str = "sesame",
    as_of: str | None = None,
    subject: str | None = None,
    with_levers: bool = True,
) -> Iterator[Answer]:
    """An answer for each person: as last observed, or as everyone stood at ``as_of``.

    ``as_of`` is ISO 8601; ``subject`` (the source's identifier, or the pseudonym) asks for one
    person.  Answers come in the order of the observations, or of the pseudonyms.

    Raises:
        InvalidInput: ``as_of`` is no instant, or lies in the future.
        NotFound: the family was not trained, nothing was observed, or nobody has that name.
    """
    bundle = read_bundle(session.workspace.models, family)
    moment = None if as_of is None else _past(as_of, session.clock())
    permit = session.permit("self_view")
    permit.demand(at=session.clock())
    with session.lake(read_only=True) as lake:
        catalogue = catalogue_of(session.workspace, lake.versions(), permit)
        looks = _looks(session, lake, catalogue, moment, subject)
        lake.lend("asked", looks)
        scorer = scorer_of(session, bundle, catalogue)
        again = _again(lake, scorer, catalogue, _asked(bundle, catalogue), permit, tell)
        tell("features", 0, None)
        one_by_one = looks.num_rows <= _ONE_BY_ONE
        features = again.table(lake, looks) if one_by_one else _in_batch(lake, again, catalogue)
        for start in range(0, looks.num_rows, _PEOPLE_AT_A_TIME):
            tell("scores", start, looks.num_rows)
            part = looks.slice(start, _PEOPLE_AT_A_TIME)
            yield from scorer.answers(
                features.slice(start, _PEOPLE_AT_A_TIME),
                subjects=part["subject"].to_pylist(),
                as_of=part["as_of"].to_pylist(),
                levers=_levers(session, lake, again, catalogue, part) if with_levers else None,
            )
        tell("scores", looks.num_rows, looks.num_rows)


def rescorers_of(
    session: Session, lake: Lake, family: str, looks: pa.Table
) -> tuple[Catalogue, list[tuple[History, int, Callable[[History, int], int | None]]]]:
    """The history, the moment and a scorer of edited histories of each look, and the catalogue.

    ``looks`` is in order of observation.
    """
    bundle = read_bundle(session.workspace.models, family)
    permit = session.permit("self_view")
    catalogue = catalogue_of(session.workspace, lake.versions(), permit)
    lake.lend("asked", looks)
    scorer = scorer_of(session, bundle, catalogue)
    again = _again(lake, scorer, catalogue, _asked(bundle, catalogue), permit)

    def rescorer(one: _Look) -> Callable[[History, int], int | None]:
        return lambda edited, moment: again(one.edited(edited, moment))

    people = again.of(lake, looks)
    return catalogue, [(one.history, one.view.as_of, rescorer(one)) for one in people]


def _in_batch(lake: Lake, again: _Again, catalogue: Catalogue) -> pa.Table:
    """Features and counts of all who are ``asked`` for, in one query each."""
    features = look(lake, again.plan, again.permit, "asked", again.around)
    counts = count(lake, catalogue, again.permit, "asked")
    for name in counts.column_names[1:]:
        features = features.append_column(name, counts[name])
    return features


def _asked(bundle: Bundle, catalogue: Catalogue) -> Plan:
    """The plan of what the artefact reads, and of what tells who has a credit file."""
    withheld = _withheld(bundle, catalogue)
    read = {column.name for column in bundle.artefact.columns_read(withheld)}
    judges = {"credit_file_oldest_account_days", "credit_file_last_report_days"}
    return feature_plan(catalogue).only(read | judges)


def _past(as_of: str, now: int) -> int:
    """The instant that ``as_of`` states: what is known later, nobody knows yet."""
    moment = parse_instant(as_of)
    if moment > now:
        raise InvalidInput(
            f"as_of must not lie in the future; got {as_of}, and now is {iso(now)}; "
            "leave it out to score each person as last observed."
        )
    return moment


def scorer_of(session: Session, bundle: Bundle, catalogue: Catalogue) -> Scorer:
    """The scorer of a trained family, with the workspace's words and money.

    Where law closes what the card reads, the card that was fitted without those domains answers.

    Raises:
        NotPermitted: law closes what the card reads, and no card was fitted without it.
        InvalidInput: the card reads what the workspace no longer has.
    """
    return Scorer(
        artefact=bundle.artefact,
        family=bundle.family,
        rule=bundle.scorable,
        features={feature.name: feature for feature in catalogue.features},
        factors=bundle.factors,
        currency=session.workspace.currency,
        default=bundle.default,
        withheld=_withheld(bundle, catalogue),
    )


def _withheld(bundle: Bundle, catalogue: Catalogue) -> tuple[str, ...]:
    """The domains of which a rule closes something that the whole card reads."""
    there = {feature.name for feature in catalogue.features}
    gone = [column for column in bundle.artefact.columns_read() if column.name not in there]
    whys = dict(catalogue.left_out)
    for column in gone:
        if column.name not in catalogue.closed:
            why = whys.get(column.name, "benne.toml declares no such attribute")
            raise InvalidInput(
                f"the {bundle.family.name} card reads {column.name}, and {why}; "
                "put it back, or run benne train again."
            )
    domains = {column.domain for column in gone}
    withheld = tuple(domain for domain in DOMAINS if domain in domains)
    try:
        bundle.artefact.withheld_card(withheld)
    except NotFound as error:
        name = gone[0].name
        raise NotPermitted(
            f"{whys[name]} ({name}), and the {bundle.family.name} card reads it; train again under "
            f"today's law, or state [model] withheld = [{list(withheld)}] and train."
        ) from error
    return withheld


def answer_json(answer: Answer) -> dict[str, Json]:
    """The answer as one JSON object."""
    return to_json(answer)


def answer_line(answer: Answer) -> str:
    """The answer as a line for a person to read."""
    if isinstance(answer, Score):
        parts = ", ".join(f"{name} {points:+d}" for name, points in answer.domain_points.items())
        return (
            f"{answer.subject}  {answer.score}  {answer.band.replace('_', ' ')}  "
            f"(base {answer.base_points}, {parts}, limit {answer.limit_points:+d})"
        )
    if isinstance(answer, NotEnoughEvidence):
        return f"{answer.subject}  no score: missing {'; '.join(answer.missing)}"
    return f"{answer.subject}  no score: {type(answer).__name__}"


# --- who is looked at --------------------------------------------------------------------


def _looks(
    session: Session, lake: Lake, catalogue: Catalogue, moment: int | None, subject: str | None
) -> pa.Table:
    """The observations to score, numbered from 0 in order."""
    import pyarrow as pa

    names = () if subject is None else (subject, subject_id(subject, key=session.key))
    found = (
        _last_looks(lake, names) if moment is None else _everyone(lake, catalogue, moment, names)
    )
    if not found.num_rows:
        who = "nobody" if subject is None else f"nobody named {subject!r}"
        when = "was observed" if moment is None else "is known at that moment"
        raise NotFound(f"{who} {when}; check the name, the date, and that evidence was ingested.")
    numbers = pa.array(np.arange(found.num_rows, dtype=np.int64))
    return found.set_column(0, "observation", numbers).select(list(_LOOKS))


def _last_looks(lake: Lake, names: tuple[str, ...]) -> pa.Table:
    if "observations" not in lake.tables():
        raise NotFound("nobody was observed yet; benne features reads the observations.")
    who = f"WHERE subject IN ({', '.join(map(literal, names))}) " if names else ""
    return lake.query(
        "SELECT observation, subject, as_of, about_kind, about_source, about FROM observations "  # noqa: S608
        f"{who}QUALIFY row_number() OVER "
        "(PARTITION BY subject ORDER BY as_of DESC, observation DESC) = 1 "
        "ORDER BY observation"
    )


def _everyone(lake: Lake, catalogue: Catalogue, moment: int, names: tuple[str, ...]) -> pa.Table:
    import ibis
    import pyarrow as pa

    there = lake.versions()
    parts = []
    for kind in catalogue.kinds:
        if kind.name in there:
            rows = versions_table(kind)
            rows = rows.filter(rows.known_at <= moment)
            rows = rows.filter(rows.subject.isin(names)) if names else rows
            parts.append(rows.select("subject").distinct())
    if not parts:
        raise NotFound("the lake holds no evidence yet; benne ingest brings it.")
    people = parts[0] if len(parts) == 1 else ibis.union(*parts, distinct=True)
    subjects = lake.execute(people).sort_by("subject")["subject"].combine_chunks()
    size = len(subjects)
    none = pa.nulls(size, pa.string())
    return pa.table(
        {
            "observation": np.zeros(size, dtype=np.int64),
            "subject": subjects,
            "as_of": np.full(size, moment, dtype=np.int64),
            "about_kind": none,
            "about_source": none,
            "about": none,
        }
    )


# --- in process --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Look:
    """One person's history, the view with which to look, and how it is around them."""

    history: History
    view: View
    network: Mapping[str, Value]

    def edited(self, history: History, as_of: int) -> _Look:
        """The look at another history of the same person, later; around them all stands."""
        return _Look(history, replace(self.view, as_of=as_of), self.network)


@dataclass(frozen=True)
class _Again:
    """Looks at a person's history in process: features, counts, then the artefact.

    ``there`` are the kinds of which there is evidence, ``counts`` those that thickness counts;
    ``around`` is a row for each look that is asked for, of the features over neighbours.
    """

    scorer: Scorer
    plan: Plan
    there: tuple[Kind, ...]
    counts: tuple[Kind, ...]
    permit: Permit
    around: pa.Table | None

    def row(self, one: _Look) -> dict[str, Value]:
        """The features and counts of one person."""
        history, view = one.history, one.view
        row = self.plan.compute(history, self.permit, view, one.network)
        counts = thickness_of(self.counts, history, self.permit, view, kinds=self.plan.kinds)
        return {**row, **counts}

    def __call__(self, one: _Look) -> int | None:
        return self.scorer.rescore(self.row(one))

    def of(self, lake: Lake, looks: pa.Table) -> list[_Look]:
        """Each look; ``looks`` is a slice of the lake's table."""
        rows = looks.to_pylist()
        first, last = rows[0]["observation"], rows[-1]["observation"]
        known = histories(lake, self.there, first=first, last=last)
        names = [kind.name for kind in self.there]
        around: list[dict[str, Value]] = [{} for _ in rows]
        if self.around is not None:
            around = at(self.around, looks["observation"]).to_pylist()
        return [
            _Look(
                {**dict.fromkeys(names, ()), **known.get(row["subject"], {})},
                View(as_of=row["as_of"], about=_about(row)),
                network,
            )
            for row, network in zip(rows, around, strict=True)
        ]

    def table(self, lake: Lake, looks: pa.Table) -> pa.Table:
        """What ``row`` gives for each look, as a batch query would return it."""
        import pyarrow as pa

        rows = [self.row(one) for one in self.of(lake, looks)]
        types = {"int": pa.int64(), "float": pa.float64(), "text": pa.string()}
        named = {**self.plan.permitted(self.permit).types, **dict.fromkeys(COUNTS, "int")}
        schema = pa.schema([(name, types[of]) for name, of in named.items()])
        return pa.Table.from_pylist(rows, schema=schema)


def _again(
    lake: Lake,
    scorer: Scorer,
    catalogue: Catalogue,
    asked: Plan,
    permit: Permit,
    tell: Progress = silent,
) -> _Again:
    versions = lake.versions()
    there = tuple(kind for kind in catalogue.kinds if kind.name in versions)
    open_kinds = (kind for kind in there if permit.covers_kind(kind.name, kind.domain))
    around = surroundings(lake, asked, permit, "asked", tell=tell)
    return _Again(scorer, asked, there, counted(open_kinds), permit, around)


def _about(row: dict[str, Any]) -> About | None:
    if row["about"] is None:
        return None
    return About(row["about_kind"], row["about"], row["about_source"])


def _levers(
    session: Session, lake: Lake, again: _Again, catalogue: Catalogue, looks: pa.Table
) -> Callable[[int], tuple[Offer, ...]]:
    """A function from a position in ``looks`` to the levers of that person."""
    people = again.of(lake, looks)

    def of(position: int) -> tuple[Offer, ...]:
        one = people[position]
        return offers(
            one.history,
            one.view.as_of,
            lambda edited, moment: again(one.edited(edited, moment)),
            kinds=catalogue.kinds,
            currency=session.workspace.currency,
        )

    return of
