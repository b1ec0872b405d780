"""A trained family: the artefact, and what a score needs beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benne.app.stores._files import read_whole, write_whole
from benne.kernel import Corrupt, InvalidInput, Json, NotFound
from benne.models import Artefact
from benne.scores import CreditFile, DefaultTable, EnoughEvidence, Family, family

SCHEMA = 1


@dataclass(frozen=True)
class Bundle:
    """What ``models/<family>.json`` and ``models/<family>.scheme.json`` hold.

    ``scorable`` is the line below which there is no score; ``default`` turns an issued score into
    the probability of the workspace's outcome; ``factors`` names the factor of each feature;
    ``trained`` says on what, and how.
    """

    family: Family
    artefact: Artefact
    scorable: EnoughEvidence | CreditFile
    default: DefaultTable
    factors: Mapping[str, str] | None
    trained: Mapping[str, Json]

    def write(self, folder: Path) -> None:
        """Write both files, each whole."""
        write_whole(folder / f"{self.family.name}.json", self.artefact.to_json())
        text = json.dumps(self._scheme(), indent=1, sort_keys=True, allow_nan=False)
        write_whole(folder / f"{self.family.name}.scheme.json", text)

    def to_json(self) -> str:
        """Both files as one JSON object, of which ``bundle_from`` makes the bundle again."""
        return json.dumps(
            {"artefact": self.artefact.to_json(), "scheme": self._scheme()},
            sort_keys=True,
            allow_nan=False,
        )

    def _scheme(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "family": self.family.name,
            "artefact": self.artefact.hash,
            "scorable": _limits(self.scorable),
            "default": json.loads(self.default.to_json()),
            "factors": None if self.factors is None else dict(self.factors),
            "trained": dict(self.trained),
        }


def read_bundle(folder: Path, name: str) -> Bundle:
    """The trained family ``name`` of a workspace whose models lie in ``folder``.

    Raises:
        NotFound: it was not trained yet, or there is no such family.
        Corrupt: a file is not what was written, or the two do not belong together.
    """
    family(name)
    artefact = read_whole(folder / f"{name}.json", made_by="benne train")
    path = folder / f"{name}.scheme.json"
    scheme = read_whole(path, made_by="benne train")
    return _bundle(artefact, scheme, where=str(path))


def bundle_from(text: str, *, where: str) -> Bundle:
    """The bundle that ``Bundle.to_json`` wrote.

    Raises:
        Corrupt: it is not what was written.
    """
    try:
        document = json.loads(text)
        artefact, scheme = document["artefact"], json.dumps(document["scheme"])
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"{where} is not a model that was kept: {error!r}.") from error
    return _bundle(artefact, scheme, where=where)


def _bundle(artefact_text: str, scheme_text: str, *, where: str) -> Bundle:
    try:
        artefact = Artefact.from_json(artefact_text)
    except Corrupt as error:
        card = where.replace(".scheme.json", ".json")
        raise Corrupt(f"{card}: {error} Train again.") from error
    try:
        scheme = json.loads(scheme_text)
        if scheme["schema"] != SCHEMA:
            raise InvalidInput(
                f"{where} must have schema {SCHEMA}; got {scheme['schema']!r}; train again."
            )
        found = Bundle(
            family=family(scheme["family"]),
            artefact=artefact,
            scorable=_scorable(scheme["scorable"]),
            default=DefaultTable.from_json(json.dumps(scheme["default"])),
            factors=scheme["factors"],
            trained=scheme["trained"],
        )
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise Corrupt(f"{where} is not what benne train wrote: {error!r}; train again.") from error
    if scheme["artefact"] != artefact.hash:
        raise Corrupt(
            f"{where} belongs to artefact {scheme['artefact'][:12]}, and the one beside it is "
            f"{artefact.hash[:12]}; train again."
        )
    return found


def read_bundles(folder: Path, names: Iterable[str]) -> list[Bundle]:
    """The trained families of a workspace, of those that it names.

    Raises:
        NotFound: none of them was trained yet.
        Corrupt: as ``read_bundle``.
    """
    trained = [name for name in names if (folder / f"{name}.json").exists()]
    if not trained:
        raise NotFound(f"{folder} holds no trained score yet; benne build makes it.")
    return [read_bundle(folder, name) for name in trained]


def _limits(rule: EnoughEvidence | CreditFile) -> dict[str, Json]:
    names = (
        ("records", "sources", "span_days")
        if isinstance(rule, EnoughEvidence)
        else ("oldest_account_days", "last_report_days")
    )
    return {name: getattr(rule, name) for name in names}


def _scorable(limits: dict[str, int]) -> EnoughEvidence | CreditFile:
    return EnoughEvidence(**limits) if "records" in limits else CreditFile(**limits)
