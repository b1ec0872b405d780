"""Reading an artefact back: every key checked, the hash checked, nothing executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from benne.kernel import BenneError, Corrupt, InvalidInput, content_hash
from benne.models._artefact import SCHEMA, Artefact, Card, Deck, Presence, Segment
from benne.models._columns import Column
from benne.models._tables import Axis, Table

_KEYS = {
    "artefact": {"schema", "form", "columns", "decks", "about", "hash"},
    "column": {
        "name", "domain", "direction", "resolution", "category", "specials", "reason_family",
        "kinds",
    },
    "deck": {"withheld", "segments", "cards"},
    "segment": {"name", "when"},
    "presence": {"column", "test", "value"},
    "card": {"name", "base_micro", "tables"},
    "table": {"axes", "micro", "mean_micro"},
    "axis": {"feature", "edges", "levels"},
}  # fmt: skip
_MAY = {"table": {"slope"}}


def artefact_from(text: str) -> Artefact:
    """The artefact of JSON ``text``; see ``Artefact.from_json``."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Corrupt(f"an artefact must be JSON; it breaks off: {error}.") from error
    if not isinstance(document, dict) or "schema" not in document:
        raise Corrupt("an artefact must be a JSON object with its schema; this is not one.")
    if document["schema"] != SCHEMA:
        raise InvalidInput(
            f"this version reads artefacts of schema {SCHEMA}; got {document['schema']!r}; "
            f"use the version that wrote it, or a later one."
        )
    _demand_keys(document, "artefact")
    _demand_hash(document)
    try:
        return _artefact(document)
    except BenneError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise Corrupt(f"the artefact has the right hash and the wrong shape: {error}.") from error


def _demand_hash(document: dict[str, Any]) -> None:
    content = {key: value for key, value in document.items() if key != "hash"}
    found = content_hash(content)
    if found != document["hash"]:
        raise Corrupt(
            f"the content of an artefact must match its hash {document['hash']}; it has {found}; "
            f"take a fresh copy."
        )


def _demand_keys(part: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(part, dict):
        raise Corrupt(f"a {what} of an artefact must be an object; got {type(part).__name__}.")
    unknown = set(part) - _KEYS[what] - _MAY.get(what, set())
    if unknown:
        raise InvalidInput(
            f"a {what} of an artefact has no key {', '.join(sorted(unknown))}; it has "
            f"{', '.join(sorted(_KEYS[what]))}."
        )
    missing = _KEYS[what] - set(part)
    if missing:
        raise Corrupt(f"a {what} of an artefact must have {', '.join(sorted(missing))}.")
    return part


def _artefact(document: dict[str, Any]) -> Artefact:
    columns = tuple(_column(part) for part in document["columns"])
    by_name = {column.name: column for column in columns}
    return Artefact(
        columns=columns,
        decks=tuple(_deck(part, by_name) for part in document["decks"]),
        form=document["form"],
        about=document["about"],
    )


def _column(part: Any) -> Column:
    fields = dict(_demand_keys(part, "column"))
    fields["specials"], fields["kinds"] = tuple(fields["specials"]), tuple(fields["kinds"])
    return Column(**fields)


def _deck(part: Any, columns: Mapping[str, Column]) -> Deck:
    fields = _demand_keys(part, "deck")
    return Deck(
        withheld=frozenset(fields["withheld"]),
        segments=tuple(_segment(segment) for segment in fields["segments"]),
        cards=tuple(_card(card, columns) for card in fields["cards"]),
    )


def _segment(part: Any) -> Segment:
    fields = _demand_keys(part, "segment")
    tests = tuple(Presence(**_demand_keys(test, "presence")) for test in fields["when"])
    return Segment(fields["name"], tests)


def _card(part: Any, columns: Mapping[str, Column]) -> Card:
    fields = _demand_keys(part, "card")
    tables = tuple(_table(table, columns) for table in fields["tables"])
    return Card(fields["name"], int(fields["base_micro"]), tables)


def _table(part: Any, columns: Mapping[str, Column]) -> Table:
    fields = _demand_keys(part, "table")
    axes = []
    for axis in fields["axes"]:
        inner = _demand_keys(axis, "axis")
        axes.append(Axis(columns[inner["feature"]], tuple(inner["edges"]), tuple(inner["levels"])))
    slope = fields.get("slope")
    return Table(
        axes=tuple(axes),
        micro=np.array(fields["micro"], dtype=np.int64),
        slope=None if slope is None else np.array(slope, dtype=np.float64),
        mean_micro=int(fields["mean_micro"]),
    )
