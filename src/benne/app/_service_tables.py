"""What ``[service]`` of a workspace's ``benne.toml`` states: how it answers over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from benne.decisions import Limits
from benne.kernel import InvalidInput
from benne.rights import SCORING_PURPOSES


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
