"""Replay: an answer of any age computed again from what was known then, to the point."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from benne.app._consulting import decided_again
from benne.app._models import kept_model
from benne.app._reading import FlaggedRecord, Model, Reading, flags_at, reading
from benne.app.stores.online import answers, deletions, evidence, journal, network, policies
from benne.evidence import View
from benne.kernel import Corrupt, Json, canonical_json, content_hash, iso
from benne.rights import jurisdiction, permit_from
from benne.scores import Erased, to_json

if TYPE_CHECKING:
    from benne.app.settings import Workspace
    from benne.app.stores.online import Online, Unit
    from benne.app.stores.online.answers import Given
    from benne.app.stores.online.deletions import Deletion


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it.

    ``verdict`` is ``same`` (to the point, and in every word that was told), ``differs``
    (``differences`` names the fields) or ``erased`` (what it rested on was lawfully deleted;
    ``answer`` says by which rule and when).
    """

    given: Given
    verdict: Literal["same", "differs", "erased"]
    answer: dict[str, Json]
    differences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Json]:
        """As one JSON object."""
        return {
            "schema": 1,
            "id": self.given.id,
            "verdict": self.verdict,
            "answer": self.answer,
            "differences": list(self.differences),
        }

    def lines(self) -> Iterator[str]:
        """For a person to read."""
        given = self.given
        yield (
            f"answer {given.id}: {given.family} of {iso(given.as_of)}, known by "
            f"{iso(given.known_by)}, up to batch {given.batch}, by model {given.artefact[:12]}"
        )
        match self.verdict:
            case "same":
                score = self.answer.get("score")
                yield f"replayed, and it is the same{'' if score is None else f': {score}'}"
            case "erased":
                yield f"erased, so that it cannot be given again: {self.answer['score_why']}"
            case _:
                yield f"REPLAYED, AND IT DIFFERS in {', '.join(self.differences)}"


@dataclass(frozen=True)
class KeptModels:
    """The models that a store keeps, each read once."""

    workspace: Workspace
    _ready: dict[str, Model] = field(default_factory=dict)

    def __call__(self, unit: Unit, artefact: str) -> Model:
        """The model of an artefact.

        Raises:
            NotFound: it was not kept.
        """
        if artefact not in self._ready:
            self._ready[artefact] = Model(self.workspace, kept_model(unit, artefact))
        return self._ready[artefact]


def replay(models: KeptModels, online: Online, answer: str) -> Replayed:
    """Compute the stored answer ``answer`` again, with its own view, permit and model.

    Raises:
        NotFound: no answer has this id, or its model was not kept.
        Corrupt: what is stored is not what was written: the answer is not the one of its journal
            line, or evidence is gone that no rule deleted.
    """
    with online.reading() as unit:
        given = answers.find(unit, answer)
        if given.body is None or given.permit is None:
            return _erased(given, given.erased_by or "erasure", given.erased_at or given.at)
        _demand_told(unit, given)
        law = jurisdiction(models.workspace.rights.jurisdiction)
        flags = flags_at(unit, given.subject, law, given.at)
        found = read_again(models, unit, given, flags=flags)
        gone = deleted_since(unit, given, found)
        if gone is not None:
            return _erased(given, gone.rule, gone.at)
        decisions = _decisions_that_differ(unit, given, found)
    made, stored = to_json(found.answer), json.loads(given.body)
    plain = _plain(made)
    told = tuple(name for name in sorted(stored) if not _says(plain.get(name), stored[name]))
    differs = told + decisions
    return Replayed(given, "differs" if differs else "same", made, differs)


def read_again(
    models: KeptModels,
    unit: Unit,
    given: Given,
    *,
    known_by: int | None = None,
    flags: tuple[FlaggedRecord, ...] = (),
) -> Reading:
    """What ``given`` is from what is stored now; ``known_by`` later than its own lets in the
    corrections up to then, and every batch."""
    model = models(unit, given.artefact)
    permit = permit_from(json.loads(given.permit or "{}"))
    covered = [kind for kind in model.kinds if permit.covers_kind(kind.name, kind.domain)]
    known = evidence.known(unit, given.subject, covered)
    if known_by is None:
        view = View(given.as_of, given.known_by, given.batch)
    else:
        view = View(given.as_of, known_by, known.batch)
    around = None
    if given.network is not None:
        around = network.around_by_hash(unit, given.subject, given.network)
    return reading(
        model, known, subject=given.subject, view=view, permit=permit, flags=flags, around=around
    )


def deleted_since(unit: Unit, given: Given, found: Reading) -> Deletion | None:
    """The deletion for which ``found``, read again, is not what ``given`` rested on; ``None``: it
    is.

    Raises:
        Corrupt: it is not, and no rule deleted anything.
    """
    if found.evidence == given.evidence:
        return None
    gone = deletions.since(unit, given.subject, batch=given.batch)
    if gone is None:
        raise Corrupt(
            f"the evidence of answer {given.id} is not what it was, and no rule deleted "
            "any; put the backup back, and run benne verify."
        )
    return gone


def _demand_told(unit: Unit, given: Given) -> None:
    """The journal's line must tell the hash of this very answer, where it tells one."""
    line = journal.find(unit, given.line)
    if line is None:
        raise Corrupt(f"answer {given.id} has no journal line {given.line}; run benne verify.")
    told = json.loads(line.body).get("told")
    if told is not None and told != content_hash(json.loads(given.body or "null")):
        raise Corrupt(
            f"answer {given.id} is not the one that its journal line tells of; put the backup back."
        )


def _decisions_that_differ(unit: Unit, given: Given, found: Reading) -> tuple[str, ...]:
    """The decisions under the answer that come out otherwise from the same facts and policy.

    Raises:
        Corrupt: a decision is not the one that the journal line tells of, or its policy is gone.
    """
    line = journal.find(unit, given.line)
    told = {} if line is None else json.loads(line.body).get("decided", {})
    kept = policies.kept(unit, given.id)
    if {role: content_hash(body) for role, body in kept.items()} != told:
        raise Corrupt(
            f"the decisions under answer {given.id} are not those that its journal line tells of; "
            "put the backup back."
        )
    differ = []
    for role, body in kept.items():
        document = json.loads(body)
        if "failed" not in document and not _decided_again(unit, document, found):
            differ.append(f"decision ({role})")
    return tuple(differ)


def _decided_again(unit: Unit, document: dict[str, Any], found: Reading) -> bool:
    """Whether the policy decides the same: answer and features read anew, the rest as stated."""
    again, _ = decided_again(unit, document, found)
    return _says(_plain(again.as_json()), document["decision"])


def _erased(given: Given, rule: str, at: int) -> Replayed:
    answer = Erased(given.family, given.subject, given.as_of, rule, at)
    return Replayed(given, "erased", to_json(answer))


def _says(made: Any, stored: Any) -> bool:
    """Whether ``made`` says all that is ``stored``; a newer Benne may tell more beside it."""
    if isinstance(stored, dict) and isinstance(made, dict):
        return all(name in made and _says(made[name], value) for name, value in stored.items())
    if isinstance(stored, list) and isinstance(made, list):
        return len(made) == len(stored) and all(map(_says, made, stored))
    same: bool = type(made) is type(stored) and made == stored
    return same


def _plain(value: Any) -> Any:
    return json.loads(canonical_json(value))
