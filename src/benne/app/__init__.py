"""Use cases: a function each, where rooms, stores and clock meet.

The names are loaded when they are first used, so that a door opens at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benne.app._access import (
        MODES,
        NEEDED,
        SCOPES,
        Caller,
        Credentials,
        add_client,
        add_organisation,
        authenticate,
        close_client,
        list_clients,
        rotate_secret,
    )
    from benne.app._appetite import (
        AppetiteMet,
        appetite,
    )
    from benne.app._asking import (
        Question,
        Replied,
        ask,
    )
    from benne.app._build import (
        Built,
        build,
    )
    from benne.app._compare import (
        ComparedScores,
        compare_scores,
    )
    from benne.app._consenting import (
        Receipt,
        Terms,
        change_consent,
        consent_of,
        give_consent,
        give_own_consent,
        hold_consent,
        identified,
        receipt,
        withdraw_at_merchant,
    )
    from benne.app._consulting import (
        Verdict,
    )
    from benne.app._cover import (
        Reconciled,
        books,
        open_fund,
        pay_into_fund,
        reconcile,
        show_fund,
    )
    from benne.app._disputing import Disputed, dispute, dispute_named, rescore
    from benne.app._erasing import Forgotten, erase, erase_person, export, export_person, retain
    from benne.app._explain import (
        explain,
    )
    from benne.app._features import (
        Featured,
        make_features,
    )
    from benne.app._furnishing import (
        Furnished,
        furnish,
    )
    from benne.app._jobs import (
        add_job,
        cancel_job,
        job_of,
        job_page,
    )
    from benne.app._journal import Verified, verify_journal
    from benne.app._load import Loaded, load
    from benne.app._models import keep_models
    from benne.app._once import (
        KEY_SAYS,
        Fresh,
        Kept,
        once,
    )
    from benne.app._order_work import (
        payment_port,
        payment_told,
        run_due,
        send_payments,
    )
    from benne.app._orders import (
        OrderAsked,
        OrderTold,
        act_on_order,
        create_order,
        find_order,
        list_orders,
        order_history,
        order_of_number,
    )
    from benne.app._own import dispute_own, own_consents, own_score, who_asked
    from benne.app._policies import (
        BackTest,
        back_test,
        policy_check,
        policy_propose,
        policy_publish,
        policy_terms,
        policy_withdraw,
        term_line,
    )
    from benne.app._proposing import decide_proposal, propose, waiting_proposals
    from benne.app._quarantine import (
        Aside,
        quarantine_dismiss,
        quarantine_list,
        quarantine_mend,
        quarantine_replay,
    )
    from benne.app._reading import (
        FlaggedRecord,
        Reading,
    )
    from benne.app._refusals import (
        KeyInFlight,
        KeyMissing,
        KeyReused,
        MoreThanNeeded,
        NeedsSecondPerson,
        NoticeMissing,
        PurposeNotGranted,
        ScopeMissing,
        TooManyThresholds,
        Unauthenticated,
    )
    from benne.app._replay import KeptModels, Replayed, replay
    from benne.app._report import (
        Reported,
        report,
    )
    from benne.app._sandbox import (
        TestPerson,
        sandbox_people,
    )
    from benne.app._score import (
        answer_json,
        answer_line,
        score,
    )
    from benne.app._service import (
        Service,
        ready,
    )
    from benne.app._signing import (
        Ed25519Signer,
    )
    from benne.app._society import (
        SocietyWritten,
        parse_changes,
        write_society,
    )
    from benne.app._steps import (
        Ingested,
        ingest_workspace,
    )
    from benne.app._sync import Synced, sync
    from benne.app._train import (
        Trained,
        train,
    )
    from benne.app._webhooks import (
        EVENTS,
        NewEndpoint,
        add_endpoint,
        close_endpoint,
        deliver_due,
        rotate_webhook_secret,
    )
    from benne.app._working import (
        Worker,
    )
    from benne.app.settings import SignInTable
    from benne.app.stores.online import (
        Unit,
    )
    from benne.app.stores.online.jobs import (
        Job,
    )
    from benne.app.stores.online.orders import (
        StoredAct,
        StoredOrder,
    )
    from benne.app.stores.online.outbox import (
        Endpoint,
        list_endpoints,
    )
    from benne.app.stores.online.proposals import Proposal
    from benne.app.wiring import (
        Session,
        service,
        session,
        share_workspace,
        shared_service,
    )
    from benne.orders import (
        ACTS as ORDER_ACTS,
    )
    from benne.orders import (
        Act as OrderAct,
    )
    from benne.orders import (
        Breach,
        Claim,
        Due,
        Fund,
        FundLimits,
        PaymentPort,
        Proof,
        SimulatedProvider,
        acts_of,
    )
    from benne.orders import (
        Payment as OrderPayment,
    )
    from benne.orders import (
        Receipt as PaymentReceipt,
    )
    from benne.rights import (
        Frequency,
    )
    from benne.scores import (
        Answer,
        Erased,
        Inquiries,
        NoConsent,
        NotEnoughEvidence,
        Score,
        Unavailable,
        Watchlist,
        WatchRow,
        level_of,
    )


_HOMES = {
    "benne.app.stores.online.proposals": ("Proposal",),
    "benne.app._proposing": (
        "waiting_proposals",
        "decide_proposal",
        "propose",
    ),
    "benne.app.settings": ("SignInTable",),
    "benne.app._own": (
        "dispute_own",
        "who_asked",
        "own_consents",
        "own_score",
    ),
    "benne.app._models": ("keep_models",),
    "benne.app._orders": (
        "OrderAsked",
        "OrderTold",
        "act_on_order",
        "create_order",
        "find_order",
        "list_orders",
        "order_history",
        "order_of_number",
    ),
    "benne.app._order_work": (
        "payment_port",
        "payment_port",
        "payment_told",
        "run_due",
        "send_payments",
    ),
    "benne.app._cover": (
        "Reconciled",
        "books",
        "open_fund",
        "pay_into_fund",
        "reconcile",
        "show_fund",
    ),
    "benne.app.stores.online.orders": (
        "StoredAct",
        "StoredOrder",
    ),
    "benne.orders": (
        "Breach",
        "Claim",
        "Due",
        "Fund",
        "FundLimits",
        "Proof",
        "acts_of",
        "OrderAct",
        "OrderPayment",
        "PaymentReceipt",
        "ORDER_ACTS",
        "PaymentPort",
        "SimulatedProvider",
    ),
    "benne.app._access": (
        "Caller",
        "Credentials",
        "MODES",
        "NEEDED",
        "SCOPES",
        "add_client",
        "add_organisation",
        "authenticate",
        "close_client",
        "list_clients",
        "rotate_secret",
    ),
    "benne.app._appetite": (
        "AppetiteMet",
        "appetite",
    ),
    "benne.app._asking": (
        "Question",
        "Replied",
        "ask",
        "level_of",
    ),
    "benne.app._build": (
        "Built",
        "build",
    ),
    "benne.app._compare": (
        "ComparedScores",
        "compare_scores",
    ),
    "benne.app._consenting": (
        "give_own_consent",
        "Receipt",
        "Terms",
        "change_consent",
        "consent_of",
        "give_consent",
        "hold_consent",
        "identified",
        "receipt",
        "withdraw_at_merchant",
    ),
    "benne.app._consulting": ("Verdict",),
    "benne.app._explain": ("explain",),
    "benne.app._features": (
        "Featured",
        "make_features",
    ),
    "benne.app._furnishing": (
        "Furnished",
        "furnish",
    ),
    "benne.app._jobs": (
        "add_job",
        "cancel_job",
        "job_of",
        "job_page",
    ),
    "benne.app._once": (
        "KEY_SAYS",
        "Fresh",
        "Kept",
        "once",
    ),
    "benne.app._policies": (
        "BackTest",
        "back_test",
        "policy_check",
        "policy_propose",
        "policy_publish",
        "policy_terms",
        "policy_withdraw",
        "term_line",
    ),
    "benne.app._quarantine": (
        "Aside",
        "quarantine_dismiss",
        "quarantine_list",
        "quarantine_mend",
        "quarantine_replay",
    ),
    "benne.app._reading": (
        "FlaggedRecord",
        "Reading",
    ),
    "benne.app._refusals": (
        "KeyInFlight",
        "KeyMissing",
        "KeyReused",
        "MoreThanNeeded",
        "NeedsSecondPerson",
        "NoticeMissing",
        "PurposeNotGranted",
        "ScopeMissing",
        "TooManyThresholds",
        "Unauthenticated",
    ),
    "benne.app._report": (
        "Reported",
        "report",
    ),
    "benne.app._sandbox": (
        "TestPerson",
        "sandbox_people",
    ),
    "benne.app._score": (
        "answer_json",
        "answer_line",
        "score",
    ),
    "benne.app._service": (
        "Service",
        "ready",
    ),
    "benne.app._signing": ("Ed25519Signer",),
    "benne.app._society": (
        "SocietyWritten",
        "parse_changes",
        "write_society",
    ),
    "benne.app._steps": (
        "Ingested",
        "ingest_workspace",
    ),
    "benne.app._train": (
        "Trained",
        "train",
    ),
    "benne.app._webhooks": (
        "EVENTS",
        "NewEndpoint",
        "add_endpoint",
        "close_endpoint",
        "deliver_due",
        "rotate_webhook_secret",
    ),
    "benne.app._working": ("Worker",),
    "benne.app.stores.online": ("Unit",),
    "benne.app.stores.online.jobs": ("Job",),
    "benne.app.stores.online.outbox": (
        "Endpoint",
        "list_endpoints",
    ),
    "benne.app._load": (
        "Loaded",
        "load",
    ),
    "benne.app._journal": (
        "Verified",
        "verify_journal",
    ),
    "benne.app._replay": (
        "KeptModels",
        "Replayed",
        "replay",
    ),
    "benne.app._sync": (
        "Synced",
        "sync",
    ),
    "benne.app._erasing": (
        "Forgotten",
        "erase",
        "erase_person",
        "export",
        "export_person",
        "retain",
    ),
    "benne.app._disputing": (
        "Disputed",
        "dispute",
        "dispute_named",
        "rescore",
    ),
    "benne.app.wiring": (
        "Session",
        "service",
        "session",
        "share_workspace",
        "shared_service",
    ),
    "benne.rights": ("Frequency",),
    "benne.scores": (
        "Answer",
        "Erased",
        "Inquiries",
        "NoConsent",
        "NotEnoughEvidence",
        "Score",
        "Unavailable",
        "WatchRow",
        "Watchlist",
        "level_of",
    ),
}
_THERE = {
    "ORDER_ACTS": "ACTS",
    "OrderAct": "Act",
    "OrderPayment": "Payment",
    "PaymentReceipt": "Receipt",
}
"""What a name is in its room, where it says too little outside of it."""
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "EVENTS",
    "KEY_SAYS",
    "MODES",
    "NEEDED",
    "ORDER_ACTS",
    "SCOPES",
    "Answer",
    "AppetiteMet",
    "Aside",
    "BackTest",
    "Breach",
    "Built",
    "Caller",
    "Claim",
    "ComparedScores",
    "Credentials",
    "Disputed",
    "Due",
    "Ed25519Signer",
    "Endpoint",
    "Erased",
    "Featured",
    "FlaggedRecord",
    "Forgotten",
    "Frequency",
    "Fresh",
    "Fund",
    "FundLimits",
    "Furnished",
    "Ingested",
    "Inquiries",
    "Job",
    "Kept",
    "KeptModels",
    "KeyInFlight",
    "KeyMissing",
    "KeyReused",
    "Loaded",
    "MoreThanNeeded",
    "NeedsSecondPerson",
    "NewEndpoint",
    "NoConsent",
    "NotEnoughEvidence",
    "NoticeMissing",
    "OrderAct",
    "OrderAsked",
    "OrderPayment",
    "OrderTold",
    "PaymentPort",
    "PaymentReceipt",
    "Proof",
    "Proposal",
    "PurposeNotGranted",
    "Question",
    "Reading",
    "Receipt",
    "Reconciled",
    "Replayed",
    "Replied",
    "Reported",
    "ScopeMissing",
    "Score",
    "Service",
    "Session",
    "SignInTable",
    "SimulatedProvider",
    "SocietyWritten",
    "StoredAct",
    "StoredOrder",
    "Synced",
    "Terms",
    "TestPerson",
    "TooManyThresholds",
    "Trained",
    "Unauthenticated",
    "Unavailable",
    "Unit",
    "Verdict",
    "Verified",
    "WatchRow",
    "Watchlist",
    "Worker",
    "act_on_order",
    "acts_of",
    "add_client",
    "add_endpoint",
    "add_job",
    "add_organisation",
    "answer_json",
    "answer_line",
    "appetite",
    "ask",
    "authenticate",
    "back_test",
    "books",
    "build",
    "cancel_job",
    "change_consent",
    "close_client",
    "close_endpoint",
    "compare_scores",
    "consent_of",
    "create_order",
    "decide_proposal",
    "deliver_due",
    "dispute",
    "dispute_named",
    "dispute_own",
    "erase",
    "erase_person",
    "explain",
    "export",
    "export_person",
    "find_order",
    "furnish",
    "give_consent",
    "give_own_consent",
    "hold_consent",
    "identified",
    "ingest_workspace",
    "job_of",
    "job_page",
    "keep_models",
    "level_of",
    "list_clients",
    "list_endpoints",
    "list_orders",
    "load",
    "make_features",
    "once",
    "open_fund",
    "order_history",
    "order_of_number",
    "own_consents",
    "own_score",
    "parse_changes",
    "pay_into_fund",
    "payment_port",
    "payment_told",
    "policy_check",
    "policy_propose",
    "policy_publish",
    "policy_terms",
    "policy_withdraw",
    "propose",
    "quarantine_dismiss",
    "quarantine_list",
    "quarantine_mend",
    "quarantine_replay",
    "ready",
    "receipt",
    "reconcile",
    "replay",
    "report",
    "rescore",
    "retain",
    "rotate_secret",
    "rotate_webhook_secret",
    "run_due",
    "sandbox_people",
    "score",
    "send_payments",
    "service",
    "session",
    "share_workspace",
    "shared_service",
    "show_fund",
    "sync",
    "term_line",
    "train",
    "verify_journal",
    "waiting_proposals",
    "who_asked",
    "withdraw_at_merchant",
    "write_society",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"benne.app has no {name!r}")
    found = globals()[name] = getattr(import_module(_HOME_OF[name]), _THERE.get(name, name))
    return found
