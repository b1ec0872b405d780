"""Policies as Ibis: the decision of every row of a table, by the same expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benne.decisions._decide import CAP_UNKNOWN, NO_RULE
from benne.decisions._policy import OUTCOMES, Policy, Rule
from benne.features import Lowering
from benne.kernel import Constant, InvalidInput

if TYPE_CHECKING:
    import ibis.expr.types as ir


def decided(policy: Policy, cases: ir.Table) -> ir.Table:
    """``cases`` with the decision of each: ``outcome``, ``cap_minor``, ``codes``, ``held``.

    ``cases`` has a column for every fact that the rules speak of.  ``codes`` are joined by
    commas in the order of the rules; ``held`` has a letter a rule: T, F or - where it is unknown.

    Raises:
        InvalidInput: a column is missing.
    """
    import ibis

    missing = sorted(policy.names - set(cases.columns))
    if missing:
        raise InvalidInput(
            f"the cases of policy {policy.name} need a column {missing[0]!r}; there are "
            f"{', '.join(cases.columns)}."
        )
    lower = Lowering({name: cases[name] for name in policy.names}, policy.types, ibis.literal(0))
    held = [lower(rule.when) for rule in policy.rules]
    strength = [_strength(rule, value) for rule, value in zip(policy.rules, held, strict=True)]
    strongest = ibis.greatest(*strength)
    cap = _cap(policy, held, lower)
    unknown = (strongest == 1) & (cap.isnull() | (cap < 0))
    outcome = ibis.cases(
        (unknown, "refer"),
        *((strongest == rank, name) for rank, name in enumerate(OUTCOMES, 1)),
        else_="refer",
    )
    codes = ibis.cases(
        (unknown, CAP_UNKNOWN), (strongest == 0, NO_RULE), (strongest == 1, ""),
        else_=_codes(policy, strength, strongest),
    )  # fmt: skip
    letters = [ibis.cases((value.isnull(), "-"), (value, "T"), else_="F") for value in held]
    return cases.mutate(
        outcome=outcome,
        cap_minor=((strongest == 1) & ~unknown).ifelse(cap, ibis.null("int64")),
        codes=codes,
        held=_joined(letters),
    )


def _strength(rule: Rule, held: ir.Value) -> ir.Value:
    """0 where the rule asks for nothing, else the rank of what it asks for."""
    import ibis

    asks = OUTCOMES.index(rule.then) + 1
    unknown = 0 if rule.unknown == "pass" else OUTCOMES.index(rule.unknown) + 1
    return ibis.cases((held.isnull(), unknown), (held, asks), else_=0)


def _cap(policy: Policy, held: list[ir.Value], lower: Lowering) -> ir.Value:
    """The cap of the first rule that admits."""
    import ibis

    admits = [
        (value, lower(Constant(None) if rule.cap is None else rule.cap).cast("int64"))
        for rule, value in zip(policy.rules, held, strict=True)
        if rule.then == "admit"
    ]
    return ibis.cases(*admits, else_=ibis.null("int64")) if admits else ibis.null("int64")


def _codes(policy: Policy, strength: list[ir.Value], strongest: ir.Value) -> ir.Value:
    """The codes of the rules that decide, a comma before each, the first one cut off."""
    parts = [
        ((value == strongest) & (value > 1)).ifelse(f",{rule.code or ''}", "")
        for rule, value in zip(policy.rules, strength, strict=True)
    ]
    return _joined(parts).substr(1)


def _joined(parts: list[ir.Value]) -> ir.Value:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole
