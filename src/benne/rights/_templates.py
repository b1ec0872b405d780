"""Templates: the most that a consent may ask for, and the reasons for a hold."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from benne.kernel import DOMAINS, MICROS_PER_DAY, InvalidInput, Reader
from benne.rights._consent import MODES, Consent
from benne.rights._purposes import PURPOSES

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Template:
    """Upper bounds of a consent for one purpose (the words of ``templates.toml``)."""

    purpose: str
    expiry_days_max: int
    life_days_max: int
    times_max: int
    days: int
    evidence_days_max: int
    modes: frozenset[str]
    domains: frozenset[str]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class HoldReason:
    """A business reason for a hold: what it may hold, and for how long at most."""

    name: str
    says: str
    purposes: frozenset[str]
    days_max: int


@cache
def templates() -> Mapping[str, Template]:
    """The template of each purpose."""
    return _read()[0]


@cache
def hold_reasons() -> Mapping[str, HoldReason]:
    """The reasons for a hold, by name."""
    return _read()[1]


def _read() -> tuple[dict[str, Template], dict[str, HoldReason]]:
    text = files("benne.rights").joinpath("templates.toml").read_text("utf-8")
    document = tomllib.loads(text)
    where = "templates.toml"
    bounds = {
        name: _template(name, Reader(body, f"{where}, [template.{name}]"))
        for name, body in document["template"].items()
    }
    reasons = {
        name: _reason(name, Reader(body, f"{where}, [hold.{name}]"))
        for name, body in document["hold"].items()
    }
    return bounds, reasons


def _template(purpose: str, body: Reader) -> Template:
    counts = ("expiry_days_max", "life_days_max", "times_max", "days", "evidence_days_max")
    template = Template(
        purpose,
        **{name: body.whole(name) for name in counts},
        modes=body.some_of("modes", MODES),
        domains=body.some_of("domains", DOMAINS),
        alone=body.flag("alone", default=False),
    )
    body.done()
    return template


def _reason(name: str, body: Reader) -> HoldReason:
    reason = HoldReason(
        name, body.text("says"), body.some_of("purposes", PURPOSES), body.whole("days_max")
    )
    body.done()
    return reason


def check_template(consent: Consent, kind_domains: Mapping[str, str]) -> None:
    """Refuse a consent that asks for more than the template of any of its purposes.

    ``kind_domains`` is the domain of every kind that there is, by the kind's name.

    Raises:
        InvalidInput: the first bound that is passed, with what came and what may.
    """
    unknown = sorted(consent.kinds - set(kind_domains))
    if unknown:
        raise InvalidInput(
            f"consent {consent.id}: there is no kind {unknown[0]!r}; there are "
            f"{', '.join(sorted(kind_domains))}."
        )
    for purpose in sorted(consent.purposes):
        template = templates()[purpose]
        for name, got, most in _bounds(consent, template):
            if got > most:
                raise InvalidInput(
                    f"consent {consent.id}: for {purpose}, {name} must be at most {most}; got "
                    f"{got}; ask for less."
                )
        _demand_words(consent, template, kind_domains)


def _bounds(consent: Consent, template: Template) -> list[tuple[str, float, float]]:
    expiry = (consent.expires_at - consent.starts_at) / MICROS_PER_DAY
    bounds: list[tuple[str, float, float]] = [
        ("the days from start to expiry", expiry, template.expiry_days_max),
        ("life_days", consent.life_days, template.life_days_max),
        (
            f"the answers in {template.days} days",
            consent.frequency.times * max(1, -(-template.days // consent.frequency.days)),
            template.times_max,
        ),
    ]
    if template.evidence_days_max:
        reach = float("inf")
        if consent.evidence_from is not None:
            reach = (consent.starts_at - consent.evidence_from) / MICROS_PER_DAY
        bounds.append(("the days of evidence", reach, template.evidence_days_max))
    return bounds


def _demand_words(consent: Consent, template: Template, kind_domains: Mapping[str, str]) -> None:
    purpose = template.purpose
    if consent.mode not in template.modes:
        raise InvalidInput(
            f"consent {consent.id}: for {purpose}, mode must be one of "
            f"{', '.join(sorted(template.modes))}; got {consent.mode}."
        )
    wide = sorted(kind for kind in consent.kinds if kind_domains[kind] not in template.domains)
    if wide:
        raise InvalidInput(
            f"consent {consent.id}: for {purpose}, kinds must be of "
            f"{', '.join(sorted(template.domains))}; {wide[0]} is of {kind_domains[wide[0]]}."
        )
    if template.alone and consent.purposes != {purpose}:
        raise InvalidInput(
            f"consent {consent.id}: {purpose} must be asked for alone; got it with "
            f"{', '.join(sorted(consent.purposes - {purpose}))}."
        )
