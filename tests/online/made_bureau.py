"""A society in a lake, with scores over the whole catalogue, without the work of training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benne.app._bundle import Bundle, read_bundle
from benne.app._catalogue import Catalogue, catalogue_of
from benne.app._features import feature_plan, look
from benne.app._reading import Reading
from benne.app._service import Service
from benne.app._society import write_society
from benne.app._steps import ingest_workspace
from benne.app.stores.online import answers, evidence
from benne.app.stores.online.answers import Given
from benne.app.wiring import Session, session
from benne.evidence import Arrival, Rules, arrival, literal
from benne.kernel import DOMAINS, canonical_json, content_hash
from benne.models import Artefact, Axis, Card, Column, Deck, Segment, Table
from benne.rights import Permit
from benne.scores import DefaultTable, EnoughEvidence, Score, family, to_json


def quiet(*_: object) -> None:
    """Tell nobody."""


@dataclass
class Clock:
    """A clock that stands until it is told to go on: a service's, for a test."""

    now: int

    def __call__(self) -> int:
        return self.now

    @classmethod
    def put_in(cls, service: Service) -> Service:
        """``service`` with such a clock, at this moment."""
        return replace(service, clock=cls(service.clock()))


def go_on(service: Service, by: int = 1_000_000) -> int:
    """Let the service's clock go on; the moment it then is."""
    clock = service.clock
    assert isinstance(clock, Clock)
    clock.now += by
    return clock.now


def bring(service: Service, *records: dict[str, object], kind: str, source: str) -> list[object]:
    """Let a source bring records of people known by their pseudonyms, now."""
    of = next(one for one in service.workspace.kinds if one.name == kind)
    rules = Rules(service.workspace.currency.code, "plain", service.clock())
    made = [arrival(record, kind=of, source=source, rules=rules) for record in records]  # type: ignore[arg-type]
    good = [one for one in made if isinstance(one, Arrival)]
    assert len(good) == len(made), made
    with service.online.begin() as unit:
        told = evidence.append(unit, good, at=service.clock(), source=source, told=service.told)
    return list(told)


def answer(
    service: Service, subject: str, permit: Permit, *, family: str = "sesame"
) -> tuple[Given, Reading]:
    """Ask about a person now and keep the answer, as a request does."""
    with service.online.begin() as unit:
        made = service.reader(unit, subject, permit=permit, as_of=service.clock(), family=family)
        body = to_json(made.answer)
        line = service.numbered(unit, "answer", {"told": content_hash(body)})
        given = Given(
            id=service.new_id(),
            subject=subject,
            at=service.clock(),
            family=family,
            as_of=made.as_of,
            known_by=made.known_by,
            batch=made.batch,
            artefact=made.artefact,
            evidence=made.evidence,
            network=made.network,
            permit=canonical_json(permit.as_json()),
            body=canonical_json(body),
            line=line,
        )
        answers.put(unit, given)
    return given, made


def make_town(
    folder: Path, *, people: int, months: int = 36, without: Iterable[str] = (), seed: int = 5
) -> Session:
    """A simulated workspace, ingested; ``without`` names kinds that nobody brings."""
    calendar = {
        "calendar.burn_in_months": 12.0,
        "calendar.training_months": 1.0,
        "calendar.window_months": 4.0,
        "calendar.out_of_time_month": max(months - 4.0, 25.0),
    }
    write_society(folder, people=people, months=months, seed=seed, changes=calendar, tell=quiet)
    for kind in without:
        for path in (folder / "mapping").glob(f"{kind}.*sql"):
            path.unlink()
    town = session(folder)
    ingest_workspace(town, quiet)
    return town


def middle(town: Session) -> int:
    """A moment at which much is known, and much happens later."""
    with town.lake(read_only=True) as lake:
        found = lake.query(
            "SELECT CAST(quantile_cont(known_at, 0.7) AS BIGINT) AS at FROM evidence_obligation"
        )
    return int(found["at"][0].as_py())


def train_by_hand(town: Session, *, at: int, withheld: Iterable[tuple[str, ...]] = ()) -> None:
    """Write models over every feature of the catalogue, their edges at quantiles of 300 people."""
    permit = town.permit("self_view")
    with town.lake(read_only=True) as lake:
        catalogue = catalogue_of(town.workspace, lake.versions(), permit)
        some = lake.query(
            "SELECT row_number() OVER (ORDER BY subject) - 1 AS observation, subject, "
            f"CAST({at} AS BIGINT) AS as_of, NULL::VARCHAR AS about_kind, "
            "NULL::VARCHAR AS about_source, NULL::VARCHAR AS about "
            "FROM (SELECT DISTINCT subject FROM evidence_obligation) ORDER BY subject LIMIT 300"
        )
        lake.lend("asked", some)
        table = look(lake, feature_plan(catalogue), permit, "asked")
    columns = catalogue.columns(town.workspace.attributes, "sesame")
    values = {column.name: table[column.name].drop_null().to_pylist() for column in columns}
    tables = [_table(column, values[column.name], i) for i, column in enumerate(columns)]
    decks = [_deck(tables, barred) for barred in ((), *withheld)]
    _bundle(catalogue, "sesame", columns, decks).write(town.workspace.models)
    factors = catalogue.factors()
    mine = [column for column in columns if column.name in factors]
    own = [table for table in tables if table.axes[0].feature in factors]
    _bundle(catalogue, "bureau", mine, [_deck(own, ())]).write(town.workspace.models)


def train_anew(town: Session) -> None:
    """Put models of other numbers in the place of those that there are."""
    for name in ("sesame", "bureau"):
        old = read_bundle(town.workspace.models, name)
        decks = [
            replace(d, cards=tuple(replace(c, base_micro=c.base_micro + 55_555) for c in d.cards))
            for d in old.artefact.decks
        ]
        made = replace(old, artefact=replace(old.artefact, decks=tuple(decks)))
        made.write(town.workspace.models)


def scored(town: Session, service: Service) -> list[str]:
    """People who have a score now."""
    permit, found = town.permit("self_view"), []
    with service.online.reading() as unit:
        for subject in people_of(town):
            made = service.reader(
                unit, subject, permit=permit, as_of=service.clock(), family="sesame"
            )
            found += [subject] if isinstance(made.answer, Score) else []
    return found


def _table(column: Column, values: list[object], number: int) -> Table:
    spread = 40_000 + 9_001 * (number % 7)
    if column.category:
        levels = tuple(sorted({str(value) for value in values}))[:3]
        entries = [(-1) ** i * spread for i in range(len(levels))] + [777, -888]
        return Table(
            (Axis(column, levels=levels),), np.array(entries, dtype=np.int64), mean_micro=1_234
        )
    cuts = np.unique(np.quantile(np.array(values, float), [0.2, 0.5, 0.8])) if values else [0.0]
    sign = column.direction or (-1) ** number
    entries = [sign * spread * (i - 1) for i in range(len(cuts) + 1)] + [-3_333]
    return Table(
        (Axis(column, tuple(map(float, cuts))),),
        np.array(entries, dtype=np.int64),
        mean_micro=4_321,
    )


def _deck(tables: list[Table], withheld: tuple[str, ...]) -> Deck:
    kept = tuple(t for t in tables if t.axes[0].column.domain not in withheld)
    return Deck(frozenset(withheld), (Segment("all"),), (Card("all", 3_100_000, kept),))


def _bundle(
    catalogue: Catalogue, name: str, columns: Iterable[Column], decks: list[Deck]
) -> Bundle:
    assert len(DOMAINS) == 5
    scheme = family(name)
    rule = EnoughEvidence(5, 2, 60) if name == "sesame" else scheme.scorable
    return Bundle(
        family=scheme,
        artefact=Artefact(tuple(columns), tuple(decks)),
        scorable=rule,
        default=DefaultTable(name, "made", (350, 600, 700), (0.2, 0.05, 0.01)),
        factors=catalogue.factors() if name == "bureau" else None,
        trained={},
    )


def people_of(town: Session) -> list[str]:
    """Everybody of whom there is evidence, in order."""
    with town.lake(read_only=True) as lake:
        parts = [f"SELECT subject FROM evidence_{kind}" for kind in lake.versions()]
        found = lake.query(f"SELECT DISTINCT subject FROM ({' UNION ALL '.join(parts)}) ORDER BY 1")
    return [str(name) for name in found["subject"].to_pylist()]


def quoted_list(names: Iterable[str]) -> str:
    """Names as an SQL list."""
    return ", ".join(map(literal, names))
