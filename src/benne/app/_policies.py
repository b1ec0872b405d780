"""Policies: check, propose, publish with four eyes, tell what was live when, and back-test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benne.app._bundle import read_bundle
from benne.app._catalogue import catalogue_of
from benne.app._compare import held_out
from benne.app._features import feature_plan
from benne.app._validation import scorable_rows, with_people
from benne.app.stores._files import read_whole
from benne.app.stores.online import policies
from benne.decisions import (
    OUTCOMES,
    Policy,
    PolicyFindings,
    check_policy,
    decide_on,
    decided,
    read_policy,
)
from benne.evidence import observations_table, visible
from benne.kernel import Corrupt, InvalidInput, Json, Value, iso, parse_instant
from benne.monitoring import jeffreys_interval
from benne.orders import exposure_seen
from benne.scores import level_at

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app._service import Service
    from benne.app.stores import Lake, Progress
    from benne.app.stores.online.policies import Role, Term
    from benne.app.wiring import Session

_PART = 10_000
"""So many cases of a back-test at a time are decided one by one, too; both ways must agree."""


def policy_of(session: Session, path: Path) -> Policy:
    """The policy in a file, over the features of the workspace's catalogue.

    Raises:
        InvalidInput, NotPermitted: as ``read_policy``.
    """
    names = [kind.name for kind in session.workspace.kinds]
    catalogue = catalogue_of(session.workspace, names, session.permit("self_view"))
    types = feature_plan(catalogue).types
    text = read_whole(path, made_by="whoever writes the policy")
    return read_policy(text, features=types, where=str(path))


def policy_check(session: Session, path: Path) -> tuple[Policy, PolicyFindings]:
    """A policy and what is wrong with it.

    Raises:
        InvalidInput: it does not read.
    """
    policy = policy_of(session, path)
    return policy, check_policy(policy)


def policy_propose(service: Service, session: Session, path: Path, *, by: str) -> Policy:
    """Keep a checked version; somebody else may then publish it.

    Raises:
        InvalidInput: it does not read, has errors, or ``benne.toml`` offers no such service.
        Conflict: its number is taken by another version.
    """
    policy = policy_of(session, path)
    check_policy(policy).demand(str(path))
    offers = [offer.name for offer in service.workspace.service.offers]
    if policy.service not in offers:
        raise InvalidInput(
            f"{path}: service must be one of [[service.offers]] in benne.toml "
            f"({', '.join(offers) or 'there are none'}); got {policy.service!r}."
        )
    if policy.family != service.workspace.service.family:
        raise InvalidInput(
            f"{path}: the service answers with the {service.workspace.service.family} score; the "
            f"policy stands on {policy.family}."
        )
    at = service.clock()
    stored = policies.StoredPolicy(
        policy.hash, policy.name, policy.version, policy.service, policy.to_json(), by, at
    )
    with service.online.begin() as unit:
        policies.propose(unit, stored)
        _note(service, unit, "policy.proposed", policy.name, policy.version, by)
    return policy


def policy_publish(service: Service, name: str, version: int, *, by: str, role: Role) -> Term:
    """Put a version in force from now on; ``by`` must not be who proposed it.

    Raises:
        NotFound, NotPermitted, Conflict: as ``policies.publish``.
    """
    with service.online.begin() as unit:
        term = policies.publish(unit, name, version, by=by, role=role, at=service.clock())
        _note(service, unit, f"policy.{role}", name, version, by)
    return term


def policy_withdraw(service: Service, offer: str, *, by: str, role: Role) -> None:
    """From now on no policy of the service is in this role.

    Raises:
        NotFound: none is.
    """
    with service.online.begin() as unit:
        policies.withdraw(unit, offer, role=role, at=service.clock())
        _note(service, unit, "policy.withdrawn", offer, None, by)


def policy_terms(service: Service, *, at: str | None = None) -> list[Term]:
    """Every term of every policy; with ``at`` (ISO 8601), those in force at that instant."""
    with service.online.reading() as unit:
        found = policies.terms(unit)
    if at is None:
        return found
    moment = parse_instant(at)
    return [
        term
        for term in found
        if term.live_from <= moment and (term.live_until is None or moment < term.live_until)
    ]


def _note(service: Service, unit: Any, act: str, name: str, version: int | None, by: str) -> None:
    service.note(unit, act, {"policy": name, "version": version, "by": service.hashed(by)})


# --- back-test ---------------------------------------------------------------------------


@dataclass(frozen=True)
class BackTest:
    """What a policy would have done to people whom no card had seen, and what became of them."""

    policy: Policy
    says: str
    rows: pa.Table
    facts: Mapping[str, Json]

    def lines(self) -> Iterator[str]:
        """The back-test in words."""
        facts: Any = self.facts
        name = f"{self.policy.name}, version {self.policy.version}"
        yield f"{name}: {facts['cases']:,} people, {self.says}."
        if facts["exposed"] is not None:
            yield (
                f"{facts['exposed']:,} of them had something at risk then, by what was known of "
                "their orders."
            )
        for one in facts["outcomes"]:
            rate = one["bad_rate"]
            bad = "no known outcome" if rate is None else (
                f"bad rate {rate:.2%} ({one['bad_rate_low']:.2%} to {one['bad_rate_high']:.2%})"
            )  # fmt: skip
            yield f"{one['outcome']:7} {one['share']:7.1%} ({one['people']:,} people), {bad}"
        for code, number in facts["codes"].items():
            yield f"  {code:24} {number:,}"


def back_test(
    session: Session,
    tell: Progress,
    path: Path,
    *,
    amount_minor: int = 0,
    merchant: str | None = None,
    fields: Mapping[str, Value] | None = None,
) -> BackTest:
    """What the policy in a file would have decided, on evidence as it was known at the time.

    Each person is scored by a card that had not seen them, and has at risk what was known of their
    orders then.  ``amount_minor`` and ``fields`` are asked of everybody, by ``merchant``.  Every
    case is decided in the database and alone, and both ways must agree.

    Raises:
        InvalidInput: the policy or a field does not fit; or it speaks of what is at risk here, and
            there are orders, and it is not said at which merchant.
        NotFound: the family was not trained.
        Corrupt: a case is decided otherwise alone than in the table, which is a bug.
    """
    policy = policy_of(session, path)
    asked = {"amount_minor": amount_minor, **(fields or {})}
    with session.lake() as lake:
        tell("cases", 0, None)
        cases, seen, says = _cases(session, lake, policy, asked, merchant)
        lake.lend("policy_cases", cases)
        tell("decisions", 0, None)
        rows = lake.execute(_query(policy, cases)).sort_by("observation")
    _demand_agreement(policy, rows, tell)
    return BackTest(policy, says, rows, _facts(rows, seen))


def _query(policy: Policy, cases: pa.Table) -> Any:
    import ibis

    return decided(policy, ibis.table(ibis.Schema.from_pyarrow(cases.schema), name="policy_cases"))


def _cases(
    session: Session,
    lake: Lake,
    policy: Policy,
    asked: Mapping[str, Value],
    merchant: str | None,
) -> tuple[pa.Table, pa.Table, str]:
    """A row for each person held out, with every fact of which the policy speaks."""
    import pyarrow as pa

    held, says = held_out(lake, policy.family)
    seen = with_people(lake, held)
    bundle = read_bundle(session.workspace.models, policy.family)
    enough = scorable_rows(lake, bundle.scorable, seen)
    score = [int(s) if e else None for s, e in zip(seen["score"].to_pylist(), enough, strict=True)]
    columns: dict[str, Any] = {
        "answer": ["not_enough_evidence" if s is None else "score" for s in score],
        "score": pa.array(score, pa.int64()),
        "level": pa.array(
            [None if s is None else level_at(policy.family, s) for s in score], pa.string()
        ),
    }
    for name, value in asked.items():
        columns[name] = pa.array([value] * len(score), _arrow(policy, name))
    columns |= _exposures(session, lake, policy, seen, merchant)
    columns |= _features(lake, policy, seen)
    missing = sorted(policy.names - set(columns))
    if missing:
        raise InvalidInput(
            f"policy {policy.name} speaks of {missing[0]}, which nobody here has; state the "
            "merchant's own fields with --field NAME=VALUE."
        )
    table = {name: columns[name] for name in sorted(policy.names)}
    return pa.table({"observation": seen["observation"].combine_chunks(), **table}), seen, says


def _exposures(
    session: Session, lake: Lake, policy: Policy, seen: pa.Table, merchant: str | None
) -> dict[str, Any]:
    """What each had at risk at their moment, where the policy speaks of it."""
    import pyarrow as pa

    wanted = sorted(policy.names & {"exposure_minor", "exposure_here_minor"})
    if not wanted:
        return {}
    kinds = {kind.name: kind for kind in session.workspace.kinds}
    there = lake.versions()
    if not there.get("order"):
        return {name: pa.array(np.zeros(seen.num_rows, np.int64)) for name in wanted}
    if "exposure_here_minor" in wanted and merchant is None:
        raise InvalidInput(
            f"policy {policy.name} speaks of exposure_here_minor, what a person has at risk at the "
            "merchant that asks; name it with --merchant."
        )
    looks, permit = observations_table(), session.permit("model_building")
    shown = {
        name: visible(kinds[name], looks, permit, kinds=kinds)
        for name in ("order", "obligation")
        if there.get(name)
    }
    found = lake.execute(exposure_seen(shown["order"], shown.get("obligation"), merchant=merchant))
    found = found.sort_by("observation")
    numbers, mine = found["observation"].to_numpy(), seen["observation"].to_numpy()
    place = np.searchsorted(numbers, mine)
    has = np.isin(mine, numbers)
    return {
        name: pa.array(
            np.where(has, np.append(found[name].to_numpy(), 0)[place], 0).astype(np.int64)
        )
        for name in wanted
    }


def _features(lake: Lake, policy: Policy, seen: pa.Table) -> dict[str, Any]:
    """The features of which the policy speaks, each at its moment."""
    import pyarrow as pa

    features = lake.table("features")
    place = np.searchsorted(features["observation"].to_numpy(), seen["observation"].to_numpy())
    return {
        name: features[name].take(pa.array(place)).cast(_arrow(policy, name))
        if name in features.column_names
        else pa.nulls(len(place), _arrow(policy, name))
        for name in policy.features
    }


def _arrow(policy: Policy, name: str) -> pa.DataType:
    import pyarrow as pa

    if name not in policy.types:
        raise InvalidInput(
            f"policy {policy.name} knows no field {name!r}; it has "
            f"{', '.join(policy.fields) or 'none'}."
        )
    kinds = {"int": pa.int64(), "float": pa.float64(), "text": pa.string(), "bool": pa.bool_()}
    return kinds[policy.types[name]]


_LETTERS = {True: "T", False: "F", None: "-"}


def _demand_agreement(policy: Policy, rows: pa.Table, tell: Progress) -> None:
    for start in range(0, rows.num_rows, _PART):
        tell("agreement", start, rows.num_rows)
        for row in rows.slice(start, _PART).to_pylist():
            alone = decide_on(policy, {name: row[name] for name in policy.names})
            held = "".join(_LETTERS[step.held] for step in alone.trace)
            found = (row["outcome"], row["cap_minor"], row["codes"], row["held"])
            if found != (alone.outcome, alone.cap_minor, ",".join(alone.codes), held):
                raise Corrupt(
                    f"observation {row['observation']} is decided as {found} in the table and as "
                    f"{alone.outcome}, {alone.cap_minor}, {alone.codes} alone; report this as a "
                    "bug."
                )


def _facts(rows: pa.Table, seen: pa.Table) -> dict[str, Json]:
    order = np.argsort(seen["observation"].to_numpy(), kind="stable")
    became = np.array(seen["outcome"].to_pylist(), dtype=object)[order]
    outcome = np.array(rows["outcome"].to_pylist(), dtype=object)
    codes = Counter(code for text in rows["codes"].to_pylist() for code in text.split(",") if code)
    caps = rows["cap_minor"].drop_null().to_pylist()
    return {
        "cases": rows.num_rows,
        **_exposed(rows),
        "outcomes": [_of(name, outcome == name, became) for name in reversed(OUTCOMES)],
        "codes": dict(codes.most_common()),
        "caps": {str(cap): number for cap, number in sorted(Counter(caps).items())},
    }


def _exposed(rows: pa.Table) -> dict[str, Json]:
    """How many had something at risk, where the policy asks."""
    asked = [n for n in ("exposure_minor", "exposure_here_minor") if n in rows.column_names]
    if not asked:
        return {"exposed": None, "exposed_why": "the policy does not speak of what is at risk"}
    return {"exposed": int(np.any([rows[n].to_numpy() > 0 for n in asked], axis=0).sum())}


def _of(name: str, mask: Any, became: Any) -> dict[str, Json]:
    bads, goods = int((became[mask] == "bad").sum()), int((became[mask] == "good").sum())
    known = bads + goods
    low, high = jeffreys_interval(bads, known) if known else (None, None)
    return {
        "outcome": name,
        "people": int(mask.sum()),
        "share": float(mask.mean()) if len(mask) else 0.0,
        "bads": bads,
        "bad_rate": bads / known if known else None,
        **({} if known else {"bad_rate_why": "nobody here has a known outcome"}),
        "bad_rate_low": low,
        "bad_rate_high": high,
    }


def term_line(term: Term) -> str:
    """A term in words."""
    until = "now" if term.live_until is None else iso(term.live_until)
    policy = term.policy
    return (
        f"{policy.service}: {policy.name} version {policy.version} {term.role} from "
        f"{iso(term.live_from)} until {until}; proposed by {policy.proposed_by}, published by "
        f"{term.published_by}"
    )
