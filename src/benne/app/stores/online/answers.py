"""Answers as they were given, with all that a replay needs; and the models that gave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Index, Row, String, Table, Text, bindparam, insert, select, update

from benne.app.stores.online._prepared import Prepared
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.kernel import NotFound

answers = Table(
    "answers",
    METADATA,
    Column("id", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("at", Number, nullable=False),
    Column("family", String, nullable=False),
    Column("as_of", Number, nullable=False),
    Column("known_by", Number, nullable=False),
    Column("batch", Number, nullable=False),
    Column("artefact", String, nullable=False),
    Column("evidence", String, nullable=False),  # hash of what was seen
    Column("network", String),  # hash of the monthly batch, where one was read
    Column("permit", Text),  # null once erased
    Column("body", Text),  # null once erased
    Column("line", Number, nullable=False),
    Column("rescored_from", String),  # the answer that this one gives again, after a correction
    Column("erased_at", Number),
    Column("erased_by", String),
    Column("question", Text),  # what a consult was about; null once erased
    Index(None, "subject"),
)
models = Table(
    "models",
    METADATA,
    Column("artefact", String, primary_key=True),
    Column("kept_at", Number, nullable=False),
    Column("body", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given.  ``permit`` and ``body`` are JSON; null once it was erased."""

    id: str
    subject: str
    at: int
    family: str
    as_of: int
    known_by: int
    batch: int
    artefact: str
    evidence: str
    network: str | None
    permit: str | None
    body: str | None
    line: int
    rescored_from: str | None = None
    erased_at: int | None = None
    erased_by: str | None = None
    question: str | None = None


_COLUMNS = [answers.c[name] for name in Given.__dataclass_fields__]
_PUT = Prepared(insert(answers), *Given.__dataclass_fields__)


def put(unit: Unit, given: Given) -> None:
    """Keep an answer, in the transaction that gave it and wrote its journal line."""
    unit.put(_PUT, {name: getattr(given, name) for name in Given.__dataclass_fields__})


def find(unit: Unit, answer: str) -> Given:
    """The answer with this id.

    Raises:
        NotFound: there is none.
    """
    found = seek(unit, answer)
    if found is None:
        raise NotFound(f"no answer has the id {answer!r}; check it against the journal.")
    return found


def seek(unit: Unit, answer: str) -> Given | None:
    """The answer with this id; ``None``: there is none."""
    row = unit.row(select(*_COLUMNS).where(answers.c.id == bindparam("answer")), {"answer": answer})
    return None if row is None else _given(row)


def last_again(unit: Unit, subject: str, answer: str) -> Given | None:
    """The newest answer that was given in the place of ``answer``, about the same person."""
    c = answers.c
    again = select(*_COLUMNS).where(c.subject == subject, c.rescored_from == answer)
    row = unit.row(again.order_by(c.at.desc(), c.id.desc()).limit(1))
    return None if row is None else _given(row)


def of_person(unit: Unit, subject: str, *, since_batch: int = 0) -> Sequence[Given]:
    """A person's answers that saw ``since_batch`` or a later one, in the order given."""
    found = select(*_COLUMNS).where(answers.c.subject == subject, answers.c.batch >= since_batch)
    return [_given(row) for row in unit.rows(found.order_by(answers.c.at, answers.c.id))]


def erase(unit: Unit, subject: str, *, at: int, rule: str) -> int:
    """Take from a person's answers all but their hashes; how many there were."""
    emptied = update(answers).where(answers.c.subject == subject, answers.c.body.is_not(None))
    return unit.run(
        emptied.values(permit=None, body=None, question=None, erased_at=at, erased_by=rule)
    )


def keep_model(unit: Unit, artefact: str, body: str, *, at: int) -> None:
    """Keep a model for as long as the store lives, so that what it answered can be replayed."""
    new = unit.insert(models).on_conflict_do_nothing()
    unit.run(new, {"artefact": artefact, "kept_at": at, "body": body})


def model(unit: Unit, artefact: str) -> str:
    """The body of a model that was kept.

    Raises:
        NotFound: none has this hash.
    """
    found = unit.value(select(models.c.body).where(models.c.artefact == artefact))
    if found is None:
        raise NotFound(f"no model with the hash {artefact} was kept here.")
    return str(found)


def _given(row: Row[*tuple[Any, ...]]) -> Given:
    return Given(**row._mapping)
