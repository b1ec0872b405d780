"""Read a person from the online store, and answer: features and score in process, nothing else.

``reading`` is pure: what is known, a view, a permit and a model give an answer, today and when it
is replayed.  ``InProcess`` is what the service asks: it reads what is known now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from benne.app._bundle import Bundle
from benne.app._catalogue import Catalogue, catalogue_of
from benne.app._features import feature_plan
from benne.app.stores.online import disputes, evidence, network
from benne.evidence import Kind, View, as_corrected, counted, seen, thickness_over
from benne.features import Plan
from benne.kernel import DOMAINS, NotFound, Row, Type, Value, iso, month_start
from benne.rights import Jurisdiction, LawfulBasis, Permit, dispute_after, flag_of, jurisdiction
from benne.scores import Answer, Erased, Scorer, Unavailable

if TYPE_CHECKING:
    from benne.app.settings import Workspace
    from benne.app.stores.online import Unit
    from benne.app.stores.online.evidence import Known
    from benne.app.stores.online.network import Around


@dataclass(frozen=True, slots=True)
class FlaggedRecord:
    """A record that was disputed: how it stands, and whether the answer rests on it."""

    kind: str
    source: str
    record: str
    state: str
    used: bool
    rule: str
    statement: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a person, and the answer that came of it.

    The view is (``as_of``, ``known_by``, ``batch``).  ``evidence`` is the hash of all versions
    that the permit covers, ``artefact`` that of the model, ``network`` that of the monthly batch
    of network features (``None``: none was read).  ``rule`` closes what there is no card without,
    where that is why there is no answer.  ``last_known_at`` is when we last learnt of the
    person.  ``seen`` holds, by kind, the rows that were shown; ``features`` computes named
    features of the catalogue (``feature_types``) from them, without those that the permit bars.
    """

    answer: Answer
    as_of: int
    known_by: int
    batch: int
    artefact: str
    evidence: str
    network: str | None = None
    rule: str | None = None
    last_known_at: int | None = None
    flags: tuple[FlaggedRecord, ...] = ()
    seen: Mapping[str, Sequence[Row]] = field(default_factory=dict, repr=False)
    feature_types: Mapping[str, Type] = field(default_factory=dict, repr=False)
    features: Callable[[Iterable[str]], Mapping[str, Value]] = field(
        default=lambda _: {}, repr=False, compare=False
    )


_REMEMBERED = 1_000


class Model:
    """A trained family, ready to answer about one person at a time."""

    def __init__(self, workspace: Workspace, bundle: Bundle) -> None:
        """The plan is of what the artefact reads, ``everything`` of what a policy may speak of."""
        self.bundle, self.kinds = bundle, workspace.kinds
        self.catalogue: Catalogue = catalogue_of(
            workspace, sorted(_kinds_read(bundle)), _any_permit()
        )
        read = {column.name for column in bundle.artefact.columns}
        judges = {"credit_file_oldest_account_days", "credit_file_last_report_days"}
        self.everything = feature_plan(_with_others(self.catalogue, workspace))
        self.plan = self.everything.only(read | judges)
        self._currency = workspace.currency
        self._scorers: dict[tuple[str, ...], Scorer] = {}
        self._plans: dict[frozenset[str], Plan] = {}
        self._withheld: dict[object, tuple[str, ...]] = {}
        self._bars: dict[object, tuple[str, ...]] = {}

    def plan_of(self, names: Iterable[str]) -> Plan:
        """The plan of some features of the catalogue, made once for each set of them."""
        wanted = frozenset(names)
        if wanted not in self._plans:
            self._plans[wanted] = self.everything.only(wanted)
        return self._plans[wanted]

    @cached_property
    def by_name(self) -> dict[str, Kind]:
        """The workspace's kinds by name."""
        return {kind.name: kind for kind in self.kinds}

    def reads_neighbours(self, permit: Permit) -> bool:
        """Whether a month's block of network features is needed under ``permit``."""
        over = self.plan.of_neighbours
        return bool(over) and not set(over) & set(self._barred(permit))

    def withheld(self, permit: Permit, *, network: bool = True) -> tuple[str, ...]:
        """The domains that are not read: those of which ``permit`` bars a feature.

        So is the network where the model reads neighbours and the month's block is not there
        (``network`` false): withheld is not absent.
        """
        terms = permit.kinds, permit.bars, network
        found = self._withheld.get(terms)
        if found is None:
            barred = set(self._barred(permit))
            barred |= set() if network else set(self.plan.of_neighbours)
            columns = self.bundle.artefact.columns
            domains = {column.domain for column in columns if column.name in barred}
            found = tuple(domain for domain in DOMAINS if domain in domains)
            _make_room(self._withheld)
            self._withheld[terms] = found
        return found

    def _barred(self, permit: Permit) -> tuple[str, ...]:
        terms = permit.kinds, permit.bars
        if terms not in self._bars:
            _make_room(self._bars)
            self._bars[terms] = self.plan.withheld(permit)
        return self._bars[terms]

    def closing_rules(self, permit: Permit) -> tuple[str, ...]:
        """The rules that close a feature which the model reads, whatever the consent closes."""
        alone = (replace(permit, kinds=None, bars=(bar,)) for bar in permit.bars)
        closing = zip(permit.bars, alone, strict=True)
        return tuple(dict.fromkeys(bar.rule for bar, by in closing if self.plan.withheld(by)))

    def scorer(self, withheld: tuple[str, ...]) -> Scorer:
        """The scorer with the card that was fitted without these domains.

        Raises:
            NotFound: none was.
        """
        found = self._scorers.get(withheld)
        if found is None:
            self.bundle.artefact.withheld_card(withheld)
            found = self._scorers[withheld] = Scorer(
                artefact=self.bundle.artefact,
                family=self.bundle.family,
                rule=self.bundle.scorable,
                features={feature.name: feature for feature in self.catalogue.features},
                factors=self.bundle.factors,
                currency=self._currency,
                default=self.bundle.default,
                withheld=withheld,
            )
        return found


def _with_others(catalogue: Catalogue, workspace: Workspace) -> Catalogue:
    """``catalogue`` with all features there are; of one name, that of ``catalogue`` stands first,
    and then what the workspace itself declares."""
    kinds = [kind.name for kind in workspace.kinds]
    every = catalogue_of(workspace, kinds, _any_permit())
    named = {feature.name: feature for feature in (*every.features, *catalogue.features)}
    return replace(every, features=tuple(named.values()))


def _make_room(remembered: dict[object, tuple[str, ...]]) -> None:
    """Forget all where much is remembered: consents may name kinds in any number of ways."""
    if len(remembered) >= _REMEMBERED:
        remembered.clear()


def _kinds_read(bundle: Bundle) -> set[str]:
    """The kinds that the artefact's features read: a workspace need not have had all there are."""
    return {kind for column in bundle.artefact.columns for kind in column.kinds}


def _any_permit() -> Permit:
    """A permit that bars nothing: the artefact says what is read, each permit what is withheld."""
    basis = LawfulBasis("simulated", "only to list what features there are; nothing is read")
    return Permit("self_view", "plain", 0, 1, basis)


def reading(
    model: Model,
    known: Known,
    *,
    subject: str,
    view: View,
    permit: Permit,
    flags: Iterable[FlaggedRecord] = (),
    around: Around | None = None,
) -> Reading:
    """The answer of ``model`` about ``subject``, from what is ``known``, in ``view``.

    ``view.batch`` ``None`` is all that is known.  A flagged record that must not be used is left
    out.  ``around`` is the person's row of the month's block of network features; without it the
    network is withheld.

    Raises:
        NotPermitted: the permit does not cover the person.
    """
    flags = tuple(flags)
    open_kinds = tuple(k for k in model.kinds if permit.covers_kind(k.name, k.domain))
    unused = {(flag.kind, flag.source, flag.record) for flag in flags if not flag.used}
    shown: dict[str, Sequence[Row]] = {}
    history = known.history
    if view.known_by is not None and view.known_by > view.as_of:
        history = {
            kind.name: as_corrected(history.get(kind.name, ()), kind, as_of=view.as_of)
            for kind in open_kinds
        }
    for kind in open_kinds:
        rows = seen(kind, history, permit, view, kinds=model.by_name)
        if unused:
            rows = [r for r in rows if (kind.name, r["source"], r["record"]) not in unused]
        shown[kind.name] = rows
    names = [kind.name for kind in open_kinds]
    if view.batch is None:
        told = known.digest(names)
    else:
        told = evidence.digest_at(known.history, open_kinds, view.batch)
    answer = _answer(model, shown, subject=subject, as_of=view.as_of, permit=permit, around=around)
    closed = model.closing_rules(permit) if isinstance(answer, Unavailable) else ()
    return Reading(
        answer=answer,
        rule=next(iter(closed), None),
        as_of=view.as_of,
        known_by=view.as_of if view.known_by is None else view.known_by,
        batch=known.batch if view.batch is None else view.batch,
        artefact=model.bundle.artefact.hash,
        evidence=told,
        network=None if around is None else around.hash,
        last_known_at=known.known_at or None,
        flags=flags,
        seen=shown,
        feature_types=model.everything.types,
        features=partial(_features, model, shown, permit, view.as_of, around),
    )


def _features(
    model: Model,
    shown: Mapping[str, Sequence[Row]],
    permit: Permit,
    as_of: int,
    around: Around | None,
    names: Iterable[str],
) -> Mapping[str, Value]:
    """The named features, as a batch would compute them; those that are barred are not there.

    Of network features there are those that the model reads: the month's block has no others.
    """
    network = {} if around is None else around.values
    return model.plan_of(names).over(shown, permit, as_of, network=network)


def _answer(
    model: Model,
    shown: Mapping[str, Sequence[Row]],
    *,
    subject: str,
    as_of: int,
    permit: Permit,
    around: Around | None,
) -> Answer:
    try:
        scorer = model.scorer(model.withheld(permit, network=around is not None))
    except NotFound as error:
        rules = ", ".join(model.closing_rules(permit))
        closed = f"what rule {rules} and" if rules else "what"
        why = f"{closed} the consent leave open has no card of its own: {error}"
        if around is None and model.reads_neighbours(permit):
            why = (
                f"the network features of {iso(month_start(as_of))[:7]} are not loaded here, and "
                "there is no card without the network; benne load brings them."
            )
        return Unavailable(model.bundle.family.name, subject, as_of, why)
    row = model.plan.over(shown, permit, as_of, network={} if around is None else around.values)
    row |= thickness_over(
        (kind for kind in counted(model.kinds) if kind.name in shown), shown, as_of
    )
    return scorer.answer(row, subject=subject, as_of=as_of)


def flags_at(unit: Unit, subject: str, law: Jurisdiction, at: int) -> tuple[FlaggedRecord, ...]:
    """What an answer given at ``at`` says of each record that the person disputed by then."""
    found = []
    for (kind, source, record), events in disputes.of_person(unit, subject).items():
        stands = dispute_after([event for event in events if event.at <= at], law)
        flag = flag_of(stands, law, at)
        if flag is not None:
            found.append(
                FlaggedRecord(
                    kind, source, record, flag.state, flag.used, flag.rule, flag.statement
                )
            )
    return tuple(found)


@dataclass(frozen=True)
class InProcess:
    """Answers about one person at a time from the online store, by the families it was given.

    ``law`` says what a disputed record is worth meanwhile.
    """

    models: Mapping[str, Model]
    law: Jurisdiction

    @classmethod
    def of(cls, workspace: Workspace, bundles: Iterable[Bundle]) -> InProcess:
        """The reader of a workspace with these trained families."""
        law = jurisdiction(workspace.rights.jurisdiction)
        return cls({one.family.name: Model(workspace, one) for one in bundles}, law)

    def model(self, family: str) -> Model:
        """The model of ``family``.

        Raises:
            NotFound: it was not trained.
        """
        if family not in self.models:
            there = ", ".join(self.models) or "none"
            raise NotFound(f"{family!r} was not trained here; there is {there}; run benne train.")
        return self.models[family]

    def __call__(
        self, unit: Unit, subject: str, *, permit: Permit, as_of: int, family: str
    ) -> Reading:
        """The answer of ``family`` about ``subject`` at ``as_of``, which is now.

        It looks at the moment at which we last learnt of the person, if that is later: a clock
        that goes back hides nothing that was accepted.

        Raises:
            NotFound: the family was not trained.
            NotPermitted: the permit does not cover the person.
        """
        model = self.model(family)
        covered = [kind for kind in model.kinds if permit.covers_kind(kind.name, kind.domain)]
        known = evidence.known(unit, subject, covered)
        view = View(max(as_of, known.known_at))
        flags = flags_at(unit, subject, self.law, as_of) if known.disputed else ()
        around = None
        if model.reads_neighbours(permit):
            artefact, month = model.bundle.artefact.hash, month_start(view.as_of)
            around = network.around(unit, subject, artefact=artefact, month=month)
        found = reading(
            model, known, subject=subject, view=view, permit=permit, flags=flags, around=around
        )
        if known.erased_at is not None and not any(known.history.values()):
            return _erased(found, known, family, subject)
        return found


def _erased(found: Reading, known: Known, family: str, subject: str) -> Reading:
    assert known.erased_at is not None
    rule = known.erased_by or "erasure"
    answer = Erased(family, subject, found.as_of, rule, known.erased_at)
    return Reading(
        answer=answer,
        as_of=found.as_of,
        known_by=found.known_by,
        batch=found.batch,
        artefact=found.artefact,
        evidence=found.evidence,
        last_known_at=None,
    )
