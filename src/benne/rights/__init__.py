"""Who may read what, why and until when.

Consent      ``read_consent``, ``check_template``, ``sign_consent`` / ``open_consent``,
             ``with_event``, ``consent_status``, ``next_answer_at``, ``forget_at``, ``place_hold``
Permit       ``permit_on_consent``, ``permit_on_basis``; refused with ``ConsentMissing`` (an answer
             is then ``NoConsent``) or ``ClosedByRule`` (``Unavailable``, with the rule's id);
             ``Permit.barred_domains`` says which card may answer
Law          ``jurisdiction`` and its ``clock``, ``limit``, ``in_force``; ``refused_columns``;
             ``notice_rule`` before an adverse record is furnished
Dispute      ``dispute_after`` events, ``flag_of`` a record in an answer, ``must_delete``
Erasure      ``obsolete`` by retention, ``erasure`` on request, ``erasure_proof`` for the journal
"""

from benne.rights._consent import (
    MODES,
    Consent,
    Frequency,
    SignedConsent,
    Signer,
    Verifier,
    open_consent,
    read_consent,
    sign_consent,
)
from benne.rights._consent_life import (
    CONSENT_MOVES,
    STATUSES,
    ConsentEvent,
    Hold,
    consent_status,
    forget_at,
    hold_at,
    next_answer_at,
    place_hold,
    with_event,
)
from benne.rights._disputes import (
    DISPUTE_MOVES,
    DISPUTE_STATES,
    Dispute,
    DisputeEvent,
    Flag,
    dispute_after,
    flag_of,
    must_delete,
)
from benne.rights._erasure import Entry, Fate, Keep, erasure, erasure_proof, obsolete
from benne.rights._issue import (
    ANYONE,
    Asking,
    ClosedByRule,
    ConsentMissing,
    never_collect,
    permit_on_basis,
    permit_on_consent,
    refused_columns,
)
from benne.rights._jurisdictions import (
    CLOCKS,
    DUTIES,
    FLOOR,
    JURISDICTIONS,
    LIMITS,
    Clock,
    Jurisdiction,
    Rule,
    jurisdiction,
    read_jurisdiction,
    rules_hash,
)
from benne.rights._notice import notice_rule
from benne.rights._permit import LAWFUL_BASES, Bar, LawfulBasis, Permit, permit_from
from benne.rights._purposes import PURPOSES, SCORING_PURPOSES
from benne.rights._retention import Horizon
from benne.rights._templates import HoldReason, Template, check_template, hold_reasons, templates

__all__ = [
    "ANYONE",
    "CLOCKS",
    "CONSENT_MOVES",
    "DISPUTE_MOVES",
    "DISPUTE_STATES",
    "DUTIES",
    "FLOOR",
    "JURISDICTIONS",
    "LAWFUL_BASES",
    "LIMITS",
    "MODES",
    "PURPOSES",
    "SCORING_PURPOSES",
    "STATUSES",
    "Asking",
    "Bar",
    "Clock",
    "ClosedByRule",
    "Consent",
    "ConsentEvent",
    "ConsentMissing",
    "Dispute",
    "DisputeEvent",
    "Entry",
    "Fate",
    "Flag",
    "Frequency",
    "Hold",
    "HoldReason",
    "Horizon",
    "Jurisdiction",
    "Keep",
    "LawfulBasis",
    "Permit",
    "Rule",
    "SignedConsent",
    "Signer",
    "Template",
    "Verifier",
    "check_template",
    "consent_status",
    "dispute_after",
    "erasure",
    "erasure_proof",
    "flag_of",
    "forget_at",
    "hold_at",
    "hold_reasons",
    "jurisdiction",
    "must_delete",
    "never_collect",
    "next_answer_at",
    "notice_rule",
    "obsolete",
    "open_consent",
    "permit_from",
    "permit_on_basis",
    "permit_on_consent",
    "place_hold",
    "read_consent",
    "read_jurisdiction",
    "refused_columns",
    "rules_hash",
    "sign_consent",
    "templates",
    "with_event",
]
