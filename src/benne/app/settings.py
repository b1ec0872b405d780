"""The workspace's ``benne.toml``: what to score, from which files, on which terms.

Every key is known, typed and checked here; an unknown key is an error that names those there
are.  Nothing else in Benne reads the file.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from benne.decisions import Limits
from benne.evidence import Kind, OutcomeDefinition, kinds_of, standard_kinds
from benne.kernel import DOMAINS, Currency, InvalidInput, parse_instant
from benne.rights import FLOOR, SCORING_PURPOSES, Asking, LawfulBasis, jurisdiction

SCHEMA = 1
REFUSED = ("accepts_only", "inverse_propensity", "augmentation")
LEARNERS = ("auto", "spline", "steps", "boost")
T = TypeVar("T")


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
class PresenceTable:
    """``when`` of a ``[[model.segments]]``: what must hold of one feature.

    ``test`` is ``present`` or ``absent`` (the feature has a value, or none), or, of a count or
    of days since something, ``at_least`` or ``below`` a ``value``.
    """

    feature: str
    test: str
    value: float | None = None

    def __post_init__(self) -> None:
        if self.test not in ("present", "absent", "at_least", "below"):
            raise InvalidInput(
                f"test must be present, absent, at_least or below; got {self.test!r}."
            )
        if (self.value is None) != (self.test in ("present", "absent")):
            raise InvalidInput("value goes with at_least and below, and with no other test.")


@dataclass(frozen=True, slots=True)
class SegmentTable:
    """``[[model.segments]]``: a group of people with a card of its own, by presence of evidence.

    A person is in the first group of which all of ``when`` hold.  The last states no ``when``:
    it is everybody else.
    """

    name: str
    when: tuple[PresenceTable, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelTable:
    """``[model]``: how the card is fitted.

    ``features_at_most`` offers each fit only so many features, those with the most information
    value on its own training rows.  ``folds`` are the outer folds of the validation: 5, or 3 for
    many rows or features.
    ``tolerance`` shortens every card: none of its tables says more than this, in log-odds, other
    than what was learned (0.01 is about half a point); the report prints what that costs.
    ``segments`` is ``true`` (groups of whom a domain says nothing are tried, and kept where they
    pay), ``false`` (one card) or two to six tables ``[[model.segments]]``.
    ``withheld`` lists sets of domains for which a card is refitted without them; ``prices`` says
    whether the report works out what strictness, additivity and monotone tables cost.
    ``refused`` says how a card learns where observations tell who was admitted, and who was
    refused has no outcome: ``accepts_only``, ``inverse_propensity`` (an admitted row weighs
    1 / propensity, at most ``refused_weight_at_most``) or ``augmentation`` (a refused row enters
    as part bad and part good, its odds of being bad those of a model of the admitted times a
    factor within ``refused_odds``).
    """

    families: tuple[str, ...] = ("sesame",)
    form: str = "strict"
    learner: str = "auto"
    monotone: bool = True
    segments: bool | tuple[SegmentTable, ...] = False
    folds: int | None = None
    seed: int = 0
    out_of_time_from: str | None = None
    features_at_most: int | None = None
    tolerance: float = 0.0
    prices: bool = True
    withheld: tuple[tuple[str, ...], ...] = ()
    refused: str = "accepts_only"
    refused_weight_at_most: float = 20.0
    refused_odds: tuple[float, ...] = (1.0, 3.0)
    drop_tags: tuple[str, ...] = ()
    drop_features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.form not in ("strict", "paired"):
            raise InvalidInput(f"model.form must be strict or paired; got {self.form!r}.")
        if self.folds is not None and self.folds < 2:
            raise InvalidInput(f"model.folds must be 2 or more; got {self.folds}.")
        if not self.families or len(set(self.families)) < len(self.families):
            raise InvalidInput(
                f"families must name at least one score, each once; got {list(self.families)}."
            )
        if self.learner not in LEARNERS:
            raise InvalidInput(
                f"learner must be one of {', '.join(LEARNERS)}; got {self.learner!r}."
            )
        if self.features_at_most is not None and self.features_at_most < 1:
            raise InvalidInput(f"features_at_most must be 1 or more; got {self.features_at_most}.")
        if not 0 <= self.tolerance <= 1:
            raise InvalidInput(
                f"model.tolerance must be 0 to 1, in log-odds, as in 0.01; got {self.tolerance}."
            )
        if self.out_of_time_from is not None:
            parse_instant(self.out_of_time_from)
        if not isinstance(self.segments, bool):
            _check_segments(self.segments)
        _check_refused(self.refused, self.refused_weight_at_most, self.refused_odds)
        unknown = sorted({domain for asked in self.withheld for domain in asked} - set(DOMAINS))
        if unknown:
            raise InvalidInput(
                f"withheld must name domains ({', '.join(DOMAINS)}); got {unknown[0]!r}."
            )


def _check_refused(method: str, weight: float, odds: tuple[float, ...]) -> None:
    if method not in REFUSED:
        raise InvalidInput(f"refused must be one of {', '.join(REFUSED)}; got {method!r}.")
    if not 1 <= weight < math.inf:
        raise InvalidInput(f"refused_weight_at_most must be 1 or more; got {weight:g}.")
    if len(odds) != 2 or not 0 < odds[0] <= odds[1] < math.inf:
        raise InvalidInput(
            "refused_odds must be the least and the greatest factor of the odds, as in [1.0, 3.0]; "
            f"got {list(odds)}."
        )


def _check_segments(segments: tuple[SegmentTable, ...]) -> None:
    if not 2 <= len(segments) <= 6:
        raise InvalidInput(f"segments must be two to six groups; got {len(segments)}.")
    names = [segment.name for segment in segments]
    if len(set(names)) < len(names):
        raise InvalidInput(f"segments must have names of their own; got {names}.")
    if segments[-1].when:
        raise InvalidInput(
            f"the last of segments must state no when, for everybody else; got {names[-1]!r}."
        )
    without = [segment.name for segment in segments[:-1] if not segment.when]
    if without:
        raise InvalidInput(
            f"each of segments but the last must state when; {without[0]!r} states none."
        )


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
class OfferTermsTable:
    """``[service.offers.terms]``: what the ``[[service.offers]]`` above it states of its own.

    It may be kinder than the service, and never harsher: more days to pay, of grace, of notice,
    between deductions and of a pause; no fewer reminders; less of all else.
    """

    pay_within_days: int | None = None
    grace_days: int | None = None
    notice_days: int | None = None
    reminders_days: tuple[int, ...] | None = None
    retry_days: int | None = None
    hardship_days_max: int | None = None
    deposit_max_minor: int | None = None
    charge_max_minor: int | None = None
    term_days_max: int | None = None
    offer_days: int | None = None
    deductions_max: int | None = None
    confirm_above_minor: int | None = None
    extensions_max: int | None = None
    claim_within_days: int | None = None

    @property
    def stated(self) -> dict[str, Any]:
        """What is stated, by name."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class OfferTable:
    """``[[service.offers]]``: a service on credit that ``consult`` answers for.

    ``threshold`` is the score it asks for, ``cap_minor`` the most that it lends, ``purposes``
    what it is for.  An offer of one of the standard services, ``service``, is for orders of that
    service alone, and takes from it what it does not state; ``terms`` are kinder ones of its own.
    """

    name: str
    threshold: int | None = None
    cap_minor: int | None = None
    purposes: tuple[str, ...] = ()
    service: str | None = None
    terms: OfferTermsTable = field(default_factory=OfferTermsTable)

    def __post_init__(self) -> None:
        if self.service is None and (self.threshold is None or self.cap_minor is None):
            raise InvalidInput("an offer must state threshold and cap_minor, or its service.")
        if self.service is not None:
            _demand_service(self.service, self.terms)
        elif self.terms.stated:
            raise InvalidInput("an offer with terms of its own must name its service.")
        if self.purposes:
            _demand_purposes(self.purposes)
        if self.cap_minor is not None and self.cap_minor < 0:
            raise InvalidInput(f"cap_minor must be 0 or more; got {self.cap_minor}.")


def _demand_service(name: str, terms: OfferTermsTable) -> None:
    from benne.orders import SERVICES, standard_services

    if name not in SERVICES:
        raise InvalidInput(f"service must be one of {', '.join(SERVICES)}; got {name!r}.")
    if terms.stated:
        standard_services()[name].with_terms(source="terms", **terms.stated)


def _demand_purposes(purposes: tuple[str, ...]) -> None:
    unknown = sorted(set(purposes) - set(SCORING_PURPOSES))
    if unknown or not purposes:
        raise InvalidInput(
            f"purposes must be some of {', '.join(SCORING_PURPOSES)}; got {unknown or 'none'}."
        )


@dataclass(frozen=True, slots=True)
class SignInTable:
    """``[service.sign_in]``: the OpenID Connect provider with which people sign in.

    ``identifier_claim`` names the claim that holds what sources share of the person;
    ``admins`` the values of the claim ``sub`` that administer the service.
    """

    issuer: str
    client_id: str
    identifier_claim: str = "sub"
    admins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.issuer.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise InvalidInput(f"issuer must start with https://; got {self.issuer!r}.")


@dataclass(frozen=True, slots=True)
class ServiceTable:
    """``[service]``: how the workspace answers over HTTP.

    ``family`` is the score it answers with.  ``thresholds_at_most`` is how many different
    thresholds an organisation may try on one person in ``thresholds_days``.  ``signing_keys``
    counts the keys there have been: one more rotates them, and the earlier still verify.
    ``public_url`` is the address by which others reach it.  ``payments`` is who takes money for
    orders: ``none``, or ``simulated``, a provider in memory to try it all out with.
    ``limits`` hold for what orders have at risk.  ``traces`` makes a span of each request, for
    OpenTelemetry (it takes the extra ``benne[traces]``).
    """

    family: str = "sesame"
    public_url: str = "http://127.0.0.1:8000"
    token_minutes: int = 10
    thresholds_at_most: int = 3
    thresholds_days: int = 30
    requests_a_second: int = 300
    body_bytes_at_most: int = 10_000_000
    seconds_at_most: int = 30
    signing_keys: int = 1
    payments: str = "none"
    traces: bool = False
    offers: tuple[OfferTable, ...] = ()
    limits: Limits = field(default_factory=Limits)
    sign_in: SignInTable | None = None

    def __post_init__(self) -> None:
        names = (
            "token_minutes", "thresholds_at_most", "thresholds_days", "requests_a_second",
            "body_bytes_at_most", "seconds_at_most", "signing_keys",
        )  # fmt: skip
        for name in names:
            if getattr(self, name) < 1:
                raise InvalidInput(f"{name} must be 1 or more; got {getattr(self, name)}.")
        if self.payments not in ("none", "simulated"):
            raise InvalidInput(f"payments must be none or simulated; got {self.payments!r}.")
        offered = [offer.name for offer in self.offers]
        if len(set(offered)) < len(offered):
            raise InvalidInput(f"offers must have names of their own; got {offered}.")


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
    _no_unknown(document, known, where)
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


def table(cls: type[T], body: Any, where: str) -> T:
    """``body``, a TOML table, as the frozen dataclass ``cls``; each key is checked.

    Raises:
        InvalidInput: as ``read_workspace`` says; the message starts with ``where``.
    """
    if not isinstance(body, Mapping):
        raise InvalidInput(f"{where} must be a table; got {body!r}.")
    specs = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    _no_unknown(body, specs, where)
    types = get_type_hints(cls)
    values = {}
    for name, spec in specs.items():
        if name in body:
            values[name] = _value(body[name], types[name], f"{where}: {name}")
        elif spec.default is MISSING and spec.default_factory is MISSING:
            raise InvalidInput(f"{where}: {name} is missing; it must be stated.")
    try:
        return cls(**values)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error}") from error


def _no_unknown(body: Mapping[str, Any], known: Any, where: str) -> None:
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise InvalidInput(
            f"{where}: unknown key {unknown[0]!r}; the keys are {', '.join(sorted(known))}."
        )


_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _value(value: Any, expected: Any, where: str) -> Any:
    options = [expected]
    if get_origin(expected) in (Union, UnionType):
        options = [option for option in get_args(expected) if option is not type(None)]
    for option in options:
        if get_origin(option) is tuple and isinstance(value, list):
            item = get_args(option)[0]
            return tuple(_value(part, item, f"{where}[{n}]") for n, part in enumerate(value))
        if is_dataclass(option) and isinstance(value, Mapping):
            return table(option, value, where)  # type: ignore[arg-type]  # it is a class
        if option is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if type(value) is option:
            return value
    words = " or ".join(_word(option) for option in options)
    raise InvalidInput(f"{where} must be {words}; got {value!r}.")


def _word(option: Any) -> str:
    if get_origin(option) is tuple:
        return "a list"
    return "a table" if is_dataclass(option) else _WORDS.get(option, str(option))


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
