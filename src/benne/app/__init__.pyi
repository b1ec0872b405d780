"""What ``benne.app`` offers. The one list: each name is loaded when it is first used."""

from ._access import (
    MODES as MODES,
    NEEDED as NEEDED,
    SCOPES as SCOPES,
    Caller as Caller,
    Credentials as Credentials,
    add_client as add_client,
    add_organisation as add_organisation,
    authenticate as authenticate,
    close_client as close_client,
    list_clients as list_clients,
    rotate_secret as rotate_secret,
)
from ._again import (
    Standing as Standing,
    answer_standing as answer_standing,
    dispute_named as dispute_named,
    rescore as rescore,
)
from ._appetite import (
    AppetiteMet as AppetiteMet,
    appetite as appetite,
)
from ._asking import (
    Question as Question,
    Replied as Replied,
    ask as ask,
    asked_first as asked_first,
)
from ._build import (
    Built as Built,
    build as build,
)
from ._compare import (
    ComparedScores as ComparedScores,
    compare_scores as compare_scores,
)
from ._consenting import (
    Receipt as Receipt,
    Terms as Terms,
    change_consent as change_consent,
    consent_of as consent_of,
    give_consent as give_consent,
    give_own_consent as give_own_consent,
    hold_consent as hold_consent,
    identified as identified,
    receipt as receipt,
    withdraw_at_merchant as withdraw_at_merchant,
)
from ._consulting import (
    Verdict as Verdict,
)
from ._contributing import (
    FundSeen as FundSeen,
    pay_into_fund as pay_into_fund,
    send_contributions as send_contributions,
    show_fund as show_fund,
)
from ._cover import (
    Reconciled as Reconciled,
    books as books,
    open_fund as open_fund,
    reconcile as reconcile,
)
from ._disputing import (
    Disputed as Disputed,
    answer_dispute as answer_dispute,
    dispute as dispute,
)
from ._erasing import (
    Forgotten as Forgotten,
    erase as erase,
    erase_person as erase_person,
    export as export,
    export_person as export_person,
    retain as retain,
)
from ._explain import (
    explain as explain,
)
from ._features import (
    Featured as Featured,
    make_features as make_features,
)
from ._finding_orders import (
    OfferSeen as OfferSeen,
    find_order as find_order,
    list_claims as list_claims,
    list_offers as list_offers,
    list_orders as list_orders,
    list_referred as list_referred,
    order_history as order_history,
    order_of_number as order_of_number,
)
from ._furnishing import (
    Furnished as Furnished,
    Numbered as Numbered,
    Unreadable as Unreadable,
    furnish as furnish,
)
from ._jobs import (
    add_job as add_job,
    cancel_job as cancel_job,
    job_of as job_of,
    job_page as job_page,
)
from ._journal import (
    Verified as Verified,
    verify_journal as verify_journal,
)
from ._load import (
    Loaded as Loaded,
    load as load,
)
from ._models import (
    keep_models as keep_models,
)
from ._once import (
    KEY_SAYS as KEY_SAYS,
    Fresh as Fresh,
    Kept as Kept,
    once as once,
)
from ._order_work import (
    payment_port as payment_port,
    run_due as run_due,
    send_payments as send_payments,
)
from ._orders import (
    OrderAsked as OrderAsked,
    OrderTold as OrderTold,
    act_on_order as act_on_order,
    create_order as create_order,
    order_asked_first as order_asked_first,
    possible_acts as possible_acts,
    service_of as service_of,
)
from ._own import (
    dispute_own as dispute_own,
    own_consents as own_consents,
    own_score as own_score,
    who_asked as who_asked,
)
from ._own_orders import (
    OwnOrder as OwnOrder,
    act_on_own_order as act_on_own_order,
    own_orders as own_orders,
)
from ._paying import (
    PaymentWaits as PaymentWaits,
    list_payments as list_payments,
    payment_told as payment_told,
)
from ._policies import (
    BackTest as BackTest,
    back_test as back_test,
    policy_check as policy_check,
    policy_propose as policy_propose,
    policy_publish as policy_publish,
    policy_terms as policy_terms,
    policy_withdraw as policy_withdraw,
    term_line as term_line,
)
from ._proposing import (
    Decided as Decided,
    decide_proposal as decide_proposal,
    propose as propose,
    propose_erasure as propose_erasure,
    waiting_proposals as waiting_proposals,
)
from ._quarantine import (
    Aside as Aside,
    quarantine_dismiss as quarantine_dismiss,
    quarantine_list as quarantine_list,
    quarantine_mend as quarantine_mend,
    quarantine_replay as quarantine_replay,
)
from ._reading import (
    FlaggedRecord as FlaggedRecord,
    Reading as Reading,
)
from ._refusals import (
    KeyErased as KeyErased,
    KeyInFlight as KeyInFlight,
    KeyMissing as KeyMissing,
    KeyReused as KeyReused,
    MoreThanNeeded as MoreThanNeeded,
    NeedsSecondPerson as NeedsSecondPerson,
    NoticeMissing as NoticeMissing,
    PurposeNotGranted as PurposeNotGranted,
    ScopeMissing as ScopeMissing,
    TooManyThresholds as TooManyThresholds,
    Unauthenticated as Unauthenticated,
)
from ._replay import (
    KeptModels as KeptModels,
    Replayed as Replayed,
    replay as replay,
)
from ._report import (
    Reported as Reported,
    report as report,
)
from ._sandbox import (
    TestPerson as TestPerson,
    sandbox_people as sandbox_people,
)
from ._score import (
    answer_json as answer_json,
    answer_line as answer_line,
    score as score,
)
from ._service import (
    Service as Service,
    ready as ready,
)
from ._shadow import ShadowRun as ShadowRun, policy_shadow as policy_shadow
from ._signing import (
    Ed25519Signer as Ed25519Signer,
)
from ._society import (
    SocietyWritten as SocietyWritten,
    parse_changes as parse_changes,
    write_society as write_society,
)
from ._steps import (
    Ingested as Ingested,
    ingest_workspace as ingest_workspace,
)
from ._sync import (
    Synced as Synced,
    sync as sync,
)
from ._train import (
    Trained as Trained,
    train as train,
)
from ._usage import (
    Usage as Usage,
    usage as usage,
)
from ._webhooks import (
    EVENTS as EVENTS,
    NewEndpoint as NewEndpoint,
    add_endpoint as add_endpoint,
    close_endpoint as close_endpoint,
    deliver_due as deliver_due,
    is_inner as is_inner,
    may_stay_inside as may_stay_inside,
    rotate_webhook_secret as rotate_webhook_secret,
)
from ._words import (
    ORDER_ACTS as ORDER_ACTS,
    Amounts as Amounts,
    Answer as Answer,
    Breach as Breach,
    Claim as Claim,
    Dispute as Dispute,
    Due as Due,
    Erased as Erased,
    Frequency as Frequency,
    FundLimits as FundLimits,
    Inquiries as Inquiries,
    NoConsent as NoConsent,
    NotEnoughEvidence as NotEnoughEvidence,
    Order as Order,
    OrderAct as OrderAct,
    OrderPayment as OrderPayment,
    OrderService as OrderService,
    PaymentPort as PaymentPort,
    PaymentReceipt as PaymentReceipt,
    Proof as Proof,
    Score as Score,
    SimulatedProvider as SimulatedProvider,
    Unavailable as Unavailable,
    Watchlist as Watchlist,
    WatchRow as WatchRow,
    level_of as level_of,
)
from ._working import (
    Worker as Worker,
)
from .settings import (
    SignInTable as SignInTable,
)
from .stores.online import (
    Ahead as Ahead,
    StoreUnavailable as StoreUnavailable,
    Unit as Unit,
)
from .stores.online.contributions import (
    Contribution as Contribution,
)
from .stores.online.jobs import (
    Job as Job,
)
from .stores.online.orders import (
    StoredAct as StoredAct,
    StoredOrder as StoredOrder,
)
from .stores.online.outbox import (
    Endpoint as Endpoint,
    list_endpoints as list_endpoints,
)
from .stores.online.proposals import (
    Proposal as Proposal,
)
from .wiring import (
    Session as Session,
    service as service,
    session as session,
    share_workspace as share_workspace,
    shared_service as shared_service,
)
