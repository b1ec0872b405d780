"""The workspace's ``benne.toml``: what to score, from which files, on which terms.

Every key is known, typed and checked here; an unknown key is an error that names those there
are.  Nothing else in Benne reads the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benne.app._model_tables import ModelTable, PresenceTable, SegmentTable
from benne.app._service_tables import OfferTable, OfferTermsTable, ServiceTable, SignInTable
from benne.app._toml import no_unknown, table
from benne.evidence import Kind, OutcomeDefinition, kinds_of, standard_kinds
from benne.kernel import DOMAINS, Currency, InvalidInput
from benne.rights import FLOOR, SCORING_PURPOSES, Asking, LawfulBasis, jurisdiction

__all__ = [
    "AttributeTable",
    "ModelTable",
    "ObservationsTable",
    "OfferTable",
    "OfferTermsTable",
    "OutcomeTable",
    "PresenceTable",
    "ReportTable",
    "RightsTable",
    "ScoreTable",
    "SegmentTable",
    "ServiceTable",
    "SignInTable",
    "Workspace",
    "WorkspaceTable",
    "read_workspace",
    "workspace_of",
]

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class WorkspaceTable:
    """``[workspace]``: its name and its one currency."""

    name: str
    currency: str
    says: str = ""
    minor_digits: int = 2


@dataclass(frozen=True, slots=True)
class RightsTable:
    """``[rights]``: under which law the workspace stands, and in what role.

    ``jurisdiction`` is ``plain``, ``CN``, ``EU`` or ``US``; ``licences`` are those that the
    scorer holds (``credit_bureau``); ``serves`` are the purposes that its scores are for: a
    model reads only what all of them may.  ``warned`` says that every person was warned of
    adverse consequences, and agreed in writing.
    """

    jurisdiction: str = FLOOR
    licences: tuple[str, ...] = ()
    serves: tuple[str, ...] = SCORING_PURPOSES
    warned: bool = False

    def __post_init__(self) -> None:
        jurisdiction(self.jurisdiction)
        _ = self.asking

    @property
    def asking(self) -> Asking:
        """Who asks the rules for permits."""
        return Asking(frozenset(self.licences), frozenset(self.serves))


@dataclass(frozen=True, slots=True)
class ObservationsTable:
    """``[observations]``: who is looked at, and when.

    ``sql`` names a file with one select of ``subject``, ``as_of`` and, where they apply,
    ``about_kind``, ``about_source``, ``about``, ``outcome`` (bad, good, indeterminate),
    ``outcome_known_at``, ``bad_at`` (when a bad one went bad, for vintage curves), ``weight``,
    ``admitted``, ``policy`` and ``propensity``.
    """

    sql: str = "observations.sql"
    naive_times: str | None = None

    def __post_init__(self) -> None:
        if self.naive_times is None:
            return
        try:
            ZoneInfo(self.naive_times)
        except (KeyError, ValueError, OSError) as error:
            raise InvalidInput(
                f"naive_times must be a zone, as in Africa/Lagos; got {self.naive_times!r}."
            ) from error


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """``[outcome]``: what is called bad, in one sentence, and how it is found."""

    says: str
    definition: OutcomeDefinition | None = None


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """``[score]``: who has enough evidence to be scored.

    ``minimum_records`` and ``minimum_days`` state E and D outright; without them they are
    fixed on the training folds.  ``minimum_sources`` is two, but for a workspace that
    has only one source of evidence.
    """

    minimum_records: int | None = None
    minimum_days: int | None = None
    minimum_sources: int | None = None

    def __post_init__(self) -> None:
        for name in ("minimum_records", "minimum_days", "minimum_sources"):
            least = getattr(self, name)
            if least is not None and least < 0:
                raise InvalidInput(f"{name} must be 0 or more; got {least}.")


@dataclass(frozen=True, slots=True)
class ReportTable:
    """``[report]``: the cutoff at which the swap set is shown, and how age is grouped."""

    cutoff: int | None = None
    age_groups: tuple[int, ...] = (25, 35, 50)

    def __post_init__(self) -> None:
        ages = self.age_groups
        if not ages or any(low >= high for low, high in pairwise(ages)):
            raise InvalidInput(f"age_groups must be ages that rise; got {list(ages)}.")


@dataclass(frozen=True, slots=True)
class AttributeTable:
    """``[attributes.NAME]``: what one variable of a flat table is."""

    domain: str
    says: str = ""
    direction: str = "either"
    resolution: float | None = None
    specials: tuple[float, ...] = ()
    category: bool = False
    group: bool = False
    unit: str = ""
    tags: tuple[str, ...] = ()
    actionable: bool = False
    reason_family: str = ""

    def __post_init__(self) -> None:
        if self.domain not in DOMAINS:
            raise InvalidInput(f"domain must be one of {', '.join(DOMAINS)}; got {self.domain!r}.")
        if self.direction not in ("raises_risk", "lowers_risk", "either"):
            raise InvalidInput(
                f"direction must be raises_risk, lowers_risk or either; got {self.direction!r}."
            )


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace as its ``benne.toml`` states it.  ``folder`` is where that file lies."""

    folder: Path
    workspace: WorkspaceTable
    lawful_basis: LawfulBasis
    files: Mapping[str, str]
    postgres: Mapping[str, str]
    observations: ObservationsTable
    outcome: OutcomeTable
    model: ModelTable = field(default_factory=ModelTable)
    score: ScoreTable = field(default_factory=ScoreTable)
    report: ReportTable = field(default_factory=ReportTable)
    rights: RightsTable = field(default_factory=RightsTable)
    service: ServiceTable = field(default_factory=ServiceTable)
    attributes: Mapping[str, AttributeTable] = field(default_factory=dict)
    declared_kinds: tuple[Kind, ...] = ()

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The standard kinds and those that the workspace declares."""
        return (*standard_kinds(), *self.declared_kinds)

    @property
    def currency(self) -> Currency:
        """The one currency of the workspace."""
        return Currency(self.workspace.currency, self.workspace.minor_digits)

    @property
    def lake(self) -> Path:
        """Where evidence and features lie."""
        return self.folder / "lake.duckdb"

    @property
    def online(self) -> Path:
        """Where the service's own state lies, unless a database is named."""
        return self.folder / "benne.db"

    @property
    def models(self) -> Path:
        """Where artefacts lie."""
        return self.folder / "models"

    @property
    def reports(self) -> Path:
        """Where reports lie."""
        return self.folder / "reports"

    @property
    def mappings(self) -> tuple[Path, ...]:
        """The mapping files, in the order of their names."""
        return tuple(sorted((self.folder / "mapping").glob("*.sql")))


def read_workspace(folder: Path) -> Workspace:
    """The workspace in ``folder``.

    Raises:
        InvalidInput: there is no ``benne.toml``, it is not TOML, or a key is unknown, missing
            or of another type; the message says which and where.
    """
    path = folder / "benne.toml"
    if not path.is_file():
        raise InvalidInput(
            f"a workspace is a folder with a benne.toml; {folder} has none; "
            "start from one of examples/, or name another folder."
        )
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} must be TOML in UTF-8: {error}.") from error
    return workspace_of(document, folder=folder, where=str(path))


def workspace_of(document: Mapping[str, Any], *, folder: Path, where: str) -> Workspace:
    """The workspace that a parsed ``document`` states; see ``read_workspace``."""
    known = {"schema", "workspace", "lawful_basis", "files", "postgres", "observations", "outcome",
             "model", "score", "report", "rights", "service", "attributes", "kind"}  # fmt: skip
    no_unknown(document, known, where)
    if document.get("schema") != SCHEMA:
        raise InvalidInput(
            f"{where}: schema must be {SCHEMA}; got {document.get('schema')!r}; "
            "a newer file needs a newer Benne."
        )
    for key in ("workspace", "lawful_basis", "files", "outcome"):
        if key not in document and not (key == "files" and "postgres" in document):
            raise InvalidInput(f"{where}: [{key}] is missing; a workspace must state it.")
    attributes = {
        name: table(AttributeTable, body, f"{where}, [attributes.{name}]")
        for name, body in document.get("attributes", {}).items()
    }
    result = Workspace(
        folder=folder,
        workspace=table(WorkspaceTable, document["workspace"], f"{where}, [workspace]"),
        lawful_basis=table(LawfulBasis, document["lawful_basis"], f"{where}, [lawful_basis]"),
        files=_texts(document, "files", where),
        postgres=_texts(document, "postgres", where),
        observations=table(
            ObservationsTable, document.get("observations", {}), f"{where}, [observations]"
        ),
        outcome=_outcome(document["outcome"], f"{where}, [outcome]"),
        model=table(ModelTable, document.get("model", {}), f"{where}, [model]"),
        score=table(ScoreTable, document.get("score", {}), f"{where}, [score]"),
        report=table(ReportTable, document.get("report", {}), f"{where}, [report]"),
        rights=table(RightsTable, document.get("rights", {}), f"{where}, [rights]"),
        service=table(ServiceTable, document.get("service", {}), f"{where}, [service]"),
        attributes=attributes,
        declared_kinds=kinds_of(document, where=where),
    )
    both = sorted(set(result.files) & set(result.postgres))
    if both:
        raise InvalidInput(f"{where}: {both[0]!r} must stand under [files] or [postgres] alone.")
    _check_currency(result, where)
    _check_entry(result, where)
    return result


def _check_currency(workspace: Workspace, where: str) -> None:
    try:
        _ = workspace.currency
    except InvalidInput as error:
        raise InvalidInput(f"{where}, [workspace]: {error}") from error
    names = [kind.name for kind in workspace.kinds]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"{where}: kind {twice[0]!r} is a standard kind; choose another name.")
    for kind in workspace.declared_kinds:
        for column in kind.columns:
            if column.refers is not None and column.refers not in names:
                raise InvalidInput(
                    f"{where}, [kind.{kind.name}]: {column.name}.refers must name a kind "
                    f"({', '.join(sorted(names))}); got {column.refers!r}."
                )


def _check_entry(workspace: Workspace, where: str) -> None:
    definition = workspace.outcome.definition
    names = sorted(kind.name for kind in workspace.kinds)
    if definition is not None and definition.entry_kind not in names:
        raise InvalidInput(
            f"{where}, [outcome.definition]: entry_kind must be a kind of evidence "
            f"({', '.join(names)}); got {definition.entry_kind!r}."
        )


def _outcome(body: Mapping[str, Any], where: str) -> OutcomeTable:
    body = dict(body)
    definition = body.pop("definition", None)
    outcome = table(OutcomeTable, body, where)
    if definition is None:
        return outcome
    place = f"{where[:-1]}.definition]"
    defined = table(OutcomeDefinition, definition, place)
    return OutcomeTable(outcome.says, defined)


def _texts(document: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    """``[files]`` or ``[postgres]``: a text for each name that a select may use."""
    if key not in document:
        return {}
    body, place = document[key], f"{where}, [{key}]"
    what = "a file, as in loans = 'loans.parquet'" if key == "files" else (
        "a table, as in loans = 'core.loans'"
    )  # fmt: skip
    if not isinstance(body, Mapping) or not body:
        raise InvalidInput(f"{place} must name at least {what}.")
    for name, value in body.items():
        if not isinstance(value, str) or not value.strip():
            raise InvalidInput(f"{place}: {name} must name {what}; got {value!r}.")
        if not (name.isidentifier() and name.isascii()):
            raise InvalidInput(f"{place}: {name!r} must be a plain name that SQL can use.")
    return dict(body)
