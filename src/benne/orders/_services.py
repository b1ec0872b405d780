"""Services on credit, as data: what may be lent or owed, on which terms, and when it is kept."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any

from benne.kernel import InvalidInput, Reader

SCHEMA = 1
SERVICES = ("rental", "pay_later", "booking", "library", "membership", "instalment")
"""The services that every workspace has, a file each in ``services/``."""

PAYING = ("on_completion", "schedule", "promise")
"""When a person comes to owe: once the merchant completes the order; by a schedule agreed at the
start; only if a promise is not kept by the end of its period."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The numbers of a service.  Money is in minor units, time in whole days.

    ``threshold`` is the sesame score from which it is offered, unless a workspace says otherwise.
    ``deposit_max_minor`` bounds the deposit, and with it every compensation; ``charge_max_minor``
    all that may be charged beside compensation.  ``offer_days`` is how long an order may wait to
    start.  After ``grace_days`` past a deadline, and ``notice_days`` after the person was told of
    it, a promise counts as broken.  What it cost, and a claim, come within ``claim_within_days``.
    """

    threshold: int
    deposit_max_minor: int
    charge_max_minor: int
    term_days_max: int
    offer_days: int
    pay_within_days: int
    grace_days: int
    notice_days: int
    reminders_days: tuple[int, ...]
    retry_days: int
    deductions_max: int
    confirm_above_minor: int
    extensions_max: int
    hardship_days_max: int
    claim_within_days: int

    def __post_init__(self) -> None:
        if self.retry_days < 1:
            raise InvalidInput(f"retry_days must be 1 or more; got {self.retry_days}.")
        for field in fields(self):
            stated = getattr(self, field.name)
            several = stated if isinstance(stated, tuple) else (stated,)
            most = _DAYS_MOST if "days" in field.name else 2**53 - 1
            for value in several:
                if not 0 <= value <= most:
                    raise InvalidInput(f"{field.name} must be from 0 to {most}; got {value}.")


_DAYS_MOST = 3660
_RISES = frozenset(
    {"pay_within_days", "grace_days", "notice_days", "retry_days", "hardship_days_max"}
)
"""What an offer may give more of than its service.  Of all else but the threshold, it may ask less;
of reminders there may be no fewer."""


@dataclass(frozen=True, slots=True)
class Service:
    """One kind of service on credit (the words of ``services/*.toml``).

    ``sources`` says of each number of the terms where it comes from.  ``goods`` are handed over and
    must come back.
    """

    name: str
    says: str
    purpose: str
    industry: str
    contract: str
    goods: bool
    paying: str
    kept: str
    broken: str
    terms: Terms
    sources: Mapping[str, str]
    own_terms: bool = False

    def with_terms(self, *, source: str, **changes: Any) -> Service:
        """This service on an offer's own kinder numbers, each of them from ``source``.

        Raises:
            InvalidInput: no such number; or one that asks more of the person, or gives them less,
                than the service does.
        """
        known = {field.name for field in fields(Terms)}
        for name, value in changes.items():
            if name not in known:
                raise InvalidInput(
                    f"a service has no term {name!r}; it has {', '.join(sorted(known))}."
                )
            self._demand_kinder(name, value)
        return replace(
            self,
            terms=replace(self.terms, **changes),
            sources={**self.sources, **dict.fromkeys(changes, source)},
            own_terms=True,
        )

    def on(self, terms: Terms | None) -> Service:
        """This service as an order has it: on its own ``terms``, or on the service's (``None``)."""
        return self if terms is None else replace(self, terms=terms, own_terms=True)

    def _demand_kinder(self, name: str, value: Any) -> None:
        own = getattr(self.terms, name)
        if name == "threshold":
            return
        if name == "reminders_days":
            if len(set(value)) < len(own) or min(value, default=0) < 1:
                raise InvalidInput(
                    f"{self.name}: reminders_days must be {len(own)} different days or more before "
                    f"a deadline, as many as the service's own; got {list(value)}."
                )
        elif value < own if name in _RISES else value > own:
            side = "more" if name in _RISES else "less"
            raise InvalidInput(
                f"{self.name}: {name} must be {own} or {side}, the service's own; got {value}."
            )


def read_service(document: Mapping[str, Any], *, name: str, where: str) -> Service:
    """The service ``name`` that a parsed TOML ``document`` states.

    Raises:
        InvalidInput: a key unknown or missing, a value that does not fit, a number without
            where it comes from; the message starts with ``where``.
    """
    body = Reader(document, where)
    body.schema(SCHEMA)
    numbers = body.table("terms")
    if numbers is None:
        raise InvalidInput(f"{where}: [terms] is missing; it must be stated.")
    terms: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for field in fields(Terms):
        stated = numbers.table(field.name)
        if stated is None:
            raise InvalidInput(f"{where}, terms: {field.name} is missing; it must be stated.")
        several = field.name == "reminders_days"
        terms[field.name] = stated.wholes("is") if several else stated.whole("is")
        sources[field.name] = stated.text("from")
        stated.done()
    numbers.done()
    service = Service(
        name=name,
        says=body.text("says"),
        purpose=body.one_of("purpose", ("deposit_free", "pay_later")),
        industry=body.text("industry"),
        contract=body.text("contract"),
        goods=body.flag("goods"),
        paying=body.one_of("paying", PAYING),
        kept=body.text("kept"),
        broken=body.text("broken"),
        terms=Terms(**terms),
        sources=sources,
    )
    body.done()
    return service


@cache
def standard_services() -> Mapping[str, Service]:
    """The services that every workspace has, by name."""
    folder = files("benne.orders").joinpath("services")
    return {
        name: read_service(
            tomllib.loads(folder.joinpath(f"{name}.toml").read_text("utf-8")),
            name=name,
            where=f"services/{name}.toml",
        )
        for name in SERVICES
    }
