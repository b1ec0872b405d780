"""What goes over the wire: questions, typed answers, problems.

The HTTP door encodes these values and the client decodes them, so that the two cannot drift.
Every answer is one of a closed union, told apart by ``answer``; only a value that says so holds
a number.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

Purpose: TypeAlias = Literal[
    "self_view",
    "deposit_free",
    "pay_later",
    "lending",
    "model_building",
    "fairness_audit",
    "marketing",
]
Asked: TypeAlias = Literal["score", "brief", "level", "consult", "watchlist", "inquiries"]
Level: TypeAlias = Literal["A", "B", "C", "D", "E"]
Mode: TypeAlias = Literal["test", "production"]

PersonId: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Za-z_.:-]{1,64}$",
        description="The person as this organisation knows them: `known_as` of their consent.",
    ),
]
Points: TypeAlias = Annotated[int, Meta(ge=350, le=950)]
Minor: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1, description="Money, minor units.")]
Field: TypeAlias = bool | int | Annotated[str, Meta(max_length=200)] | None
OrganisationId: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}$")]
Name: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


# --- questions ------------------------------------------------------------------------------


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom an answer is about, and why it is asked."""

    person: PersonId
    purpose: Purpose


class BriefQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Does the person reach ``threshold``?  Few distinct thresholds may be asked of one."""

    threshold: Points


class ConsultQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """May the person use ``service`` for ``amount_minor``?

    ``fields`` are the merchant's own facts, where the policy of the service asks for some.
    """

    service: Name
    amount_minor: Minor
    fields: dict[Name, Field] = {}


# --- answers --------------------------------------------------------------------------------


class Freshness(Struct, frozen=True, kw_only=True):
    """How new what was known is.  Null where nothing was read."""

    last_known_at: datetime | None
    days: int | None


class Flag(Struct, frozen=True, kw_only=True):
    """A record that was disputed, and whether the answer rests on it."""

    kind: str
    record: str
    state: str
    used: bool
    statement: str | None = None


class Given(Struct, frozen=True, kw_only=True, tag_field="answer"):
    """What every answer says.

    ``as_of`` is the moment from which the evidence was looked at; ``model`` and ``evidence`` are
    content hashes (null where nothing was read), and so is ``network``, that of the month's block
    of network features (null where none was read); ``keep_until`` is when the answer must be
    forgotten; ``withheld`` names domains that a rule or the consent closed; ``rules`` those asked.
    """

    id: str
    asked: Asked
    person: str
    purpose: Purpose
    mode: Mode
    as_of: datetime
    family: str
    model: str | None
    evidence: str | None
    network: str | None = None
    freshness: Freshness
    keep_until: datetime | None = None
    consent: str | None = None
    disputed: list[Flag] = []
    withheld: list[str] = []
    rules: list[str] = []


class Reason(Struct, frozen=True, kw_only=True):
    """What lowers a score against the average."""

    family: str
    dimension: str
    points: int
    says: str


class ScoreGiven(Given, frozen=True, kw_only=True, tag="score"):
    """The number.  Reasons come with it where its purpose needs them."""

    score: int
    band: str
    level: Level
    reasons: list[Reason] = []


class BriefGiven(Given, frozen=True, kw_only=True, tag="brief"):
    """Yes or no; the number stays hidden."""

    admitted: bool
    threshold: int


class LevelGiven(Given, frozen=True, kw_only=True, tag="level"):
    """A, the best, to E."""

    level: Level
    band: str


class ConsultGiven(Given, frozen=True, kw_only=True, tag="consult"):
    """Permit, or not and why: a refusal is an answer, not an error."""

    service: str
    permit: bool
    outcome: Literal["admit", "refuse", "refer"]
    refusal_code: str | None
    refusal_says: str | None
    cap_minor: int | None
    policy: str | None = None


class WatchRow(Struct, frozen=True, kw_only=True):
    """A broken promise: where, of what type, whether it was settled, how it is disputed."""

    industry: str
    type: str
    code: str | None
    happened_at: datetime
    settled: bool
    settled_at: datetime | None
    status: str
    statement: str | None
    refreshed_at: datetime


class WatchlistGiven(Given, frozen=True, kw_only=True, tag="watchlist"):
    """Broken promises.  ``worst``: 0 none open; 1, 2, 3 open for up to a week, a month, longer."""

    matched: bool
    worst: Annotated[int, Meta(ge=0, le=3)]
    rows: list[WatchRow]


class InquiriesGiven(Given, frozen=True, kw_only=True, tag="inquiries"):
    """How often lenders asked, in the days before ``as_of``."""

    days_3: int
    days_7: int
    days_30: int
    days_90: int
    lenders_90: int


class NotEnoughEvidence(Given, frozen=True, kw_only=True, tag="not_enough_evidence"):
    """Too little is known.  This is not a low score."""

    rule: str
    missing: list[str]


class NoConsent(Given, frozen=True, kw_only=True, tag="no_consent"):
    """No permission of the person covers the question.  This is not a low score.

    ``again_at`` is when the consent's frequency allows the next answer, if that is why.
    """

    status: str
    why: str
    again_at: datetime | None = None


class Unavailable(Given, frozen=True, kw_only=True, tag="unavailable"):
    """It cannot be answered: a rule closes it (``rule``), or something is missing now."""

    why: str
    rule: str | None = None


class Erased(Given, frozen=True, kw_only=True, tag="erased"):
    """What would answer was lawfully erased."""

    rule: str
    erased_at: datetime


NoAnswer: TypeAlias = NotEnoughEvidence | NoConsent | Unavailable | Erased
"""Why there is no number, no yes and no no."""

ScoreAnswer: TypeAlias = ScoreGiven | NotEnoughEvidence | NoConsent | Unavailable | Erased
BriefAnswer: TypeAlias = BriefGiven | NotEnoughEvidence | NoConsent | Unavailable | Erased
LevelAnswer: TypeAlias = LevelGiven | NotEnoughEvidence | NoConsent | Unavailable | Erased
ConsultAnswer: TypeAlias = ConsultGiven | NoConsent | Unavailable | Erased
WatchlistAnswer: TypeAlias = WatchlistGiven | NoConsent | Unavailable | Erased
InquiriesAnswer: TypeAlias = InquiriesGiven | NoConsent | Unavailable | Erased
AnyAnswer: TypeAlias = (
    ScoreGiven
    | BriefGiven
    | LevelGiven
    | ConsultGiven
    | WatchlistGiven
    | InquiriesGiven
    | NotEnoughEvidence
    | NoConsent
    | Unavailable
    | Erased
)


class Refused(Struct, frozen=True, kw_only=True, tag_field="answer", tag="refused"):
    """Of a job: nothing was asked about this person, and why.  This is no answer about them."""

    person: str
    why: str


JobAnswer: TypeAlias = AnyAnswer | Refused


class JobAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked, and about whom: `known_as` of each person's consent.

    `threshold` goes with `brief`; `service` and `amount_minor` go with `consult`.
    """

    asked: Asked
    purpose: Purpose
    people: Annotated[list[PersonId], Meta(min_length=1, max_length=10_000)]
    threshold: Points | None = None
    service: Name | None = None
    amount_minor: Minor | None = None


class JobState(Struct, frozen=True, kw_only=True):
    """How far a job is."""

    id: str
    state: Literal["waiting", "done", "failed", "cancelled"]
    total: int
    done: int
    created_at: datetime
    finished_at: datetime | None


class JobPage(Struct, frozen=True, kw_only=True):
    """Answers in the order of the people; `next` is the cursor of what follows, null at the end.

    While the job waits there is a `next`, though nothing may stand there yet: look again later.
    """

    answers: list[JobAnswer]
    next: str | None


class AnswerStanding(Struct, frozen=True, kw_only=True):
    """How an answer that your organisation got stands now.

    ``outcome`` is the type that was told.  After a correction ``superseded_by`` is the newest
    answer in its place, and ``again_of`` the one in whose place it was given itself.  ``answer``
    is what the newest says, while the consent is in force; what was told once is not told again
    (null).  ``rule`` is that by which it was erased.
    """

    id: str
    asked: Asked
    purpose: Purpose
    outcome: str
    given_at: datetime
    status: Literal["stands", "superseded", "erased"]
    superseded_by: str | None = None
    superseded_at: datetime | None = None
    again_of: str | None = None
    rule: str | None = None
    answer: AnyAnswer | None = None


# --- consents -------------------------------------------------------------------------------


class Often(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most ``times`` answers in any ``days`` days."""

    times: Annotated[int, Meta(ge=1, le=100_000)]
    days: Annotated[int, Meta(ge=1, le=3653)]


class ConsentTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person is asked to allow.

    ``kinds`` empty means all that the purposes' templates allow.  ``text_hash`` is the SHA-256,
    in hex, of the text that was shown.  It holds from ``starts_in_days`` from now on, for
    ``expires_in_days``, over evidence of the last ``evidence_days`` before it starts.
    """

    purposes: Annotated[list[Purpose], Meta(min_length=1, max_length=7)]
    text_version: Annotated[str, Meta(min_length=1, max_length=64)]
    text_hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    ticked_beforehand: bool
    kinds: Annotated[list[Name], Meta(max_length=64)] = []
    mode: Literal["view", "store", "query", "stream"] = "query"
    frequency: Often = Often(times=10, days=30)
    life_days: Annotated[int, Meta(ge=0, le=3653)] = 30
    starts_in_days: Annotated[int, Meta(ge=0, le=365)] = 0
    expires_in_days: Annotated[int, Meta(ge=1, le=3653)] = 365
    evidence_days: Annotated[int, Meta(ge=1, le=36525)] = 1826
    warned: bool = False


class ConsentGiven(ConsentTerms, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A consent that a person gave on the organisation's own page.

    ``identifier`` is what sources share of the person, such as a number of a certificate; it is
    turned into a pseudonym at once and not kept.
    """

    identifier: Annotated[str, Meta(min_length=1, max_length=200)]


class ConsentReceipt(Struct, frozen=True, kw_only=True):
    """A consent as its organisation may have it, and how it stands."""

    id: str
    known_as: str
    status: str
    purposes: list[str]
    kinds: list[str]
    mode: str
    frequency: Often
    life_days: int
    given_at: datetime
    starts_at: datetime
    expires_at: datetime
    evidence_from: datetime | None = None
    text_version: str
    text_hash: str
    key_id: str
    signature: str


class ConsentAct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the person did."""

    act: Literal["pause", "resume", "revoke"]


class HoldAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A running business for which a consent is held, though it be revoked."""

    reason: Name
    purpose: Purpose
    business: Annotated[str, Meta(min_length=1, max_length=200)]
    days: Annotated[int, Meta(ge=1, le=3653)]


class HoldPlaced(Struct, frozen=True, kw_only=True):
    """A hold: for its one purpose, the consent stands until ``ends_at`` though it be revoked."""

    consent: str
    reason: str
    purpose: str
    ends_at: datetime


# --- evidence -------------------------------------------------------------------------------


class Finding(Struct, frozen=True, kw_only=True):
    """What is wrong with a record that came: which, which column, what must hold, what came."""

    row: int
    column: str | None
    code: str
    must: str
    came: str


class Accepted(Struct, frozen=True, kw_only=True):
    """What became of a batch of evidence.  Good rows are kept though others have findings."""

    batch: int | None
    mode: Mode
    rows: int
    new: int
    known: int
    findings: list[Finding]


# --- the rest -------------------------------------------------------------------------------


class Problem(Struct, frozen=True, kw_only=True):
    """An error, as RFC 9457 writes it.  ``code`` is stable; ``type`` is a page about it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] | UnsetType = UNSET


class Token(Struct, frozen=True, kw_only=True):
    """An access token (RFC 6749, 5.1)."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class UsageRow(Struct, frozen=True, kw_only=True):
    """How many answers of one sort there were; ``charged`` of them.  Why there is none is free."""

    asked: Asked
    purpose: Purpose
    answer: str
    count: int
    charged: int


class Usage(Struct, frozen=True, kw_only=True):
    """What an organisation asked in one UTC month, and how much of it was charged."""

    month: str
    mode: Mode
    charged: int
    answers: list[UsageRow]
