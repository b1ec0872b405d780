"""Versions of policies: proposed by one, published by another, and which was live when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import (
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    insert,
    or_,
    select,
    update,
)

from benne.app.stores.online._prepared import Prepared, Values
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.kernel import Conflict, NotFound, NotPermitted, iso

Role: TypeAlias = Literal["live", "shadow"]

policies = Table(
    "policies",
    METADATA,
    Column("hash", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("service", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("proposed_by", String, nullable=False),
    Column("proposed_at", Number, nullable=False),
    Index("policies_by_version", "name", "version", unique=True),
)
policy_terms = Table(
    "policy_terms",
    METADATA,
    Column("hash", String, primary_key=True),
    Column("live_from", Number, primary_key=True),
    Column("service", String, nullable=False),
    Column("role", String, nullable=False),
    Column("published_by", String, nullable=False),
    Column("live_until", Number),
    Index("policy_terms_of_service", "service", "role", "live_from"),
)
decided = Table(
    "decided",
    METADATA,
    Column("answer", String, primary_key=True),
    Column("policy", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("subject", String),
    Column("at", Number, nullable=False),
    Index("decided_about_subject", "subject"),
)


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A version as it was written, and who proposed it."""

    hash: str
    name: str
    version: int
    service: str
    body: str
    proposed_by: str
    proposed_at: int


@dataclass(frozen=True, slots=True)
class Term:
    """A time for which a version was live or in the shadow, by whom; open where it still is."""

    policy: StoredPolicy
    role: Role
    published_by: str
    live_from: int
    live_until: int | None


def propose(unit: Unit, policy: StoredPolicy) -> None:
    """Keep a version that may be published.  The same one again changes nothing.

    Raises:
        Conflict: its number is taken by a version with other content.
    """
    c = policies.c
    taken = unit.value(select(c.hash).where(c.name == policy.name, c.version == policy.version))
    if taken == policy.hash:
        return
    if taken is not None:
        raise Conflict(
            f"version {policy.version} of policy {policy.name} is there with other content; a "
            "version never changes: give this one the next number."
        )
    unit.run(
        insert(policies).values(
            hash=policy.hash,
            name=policy.name,
            version=policy.version,
            service=policy.service,
            body=policy.body,
            proposed_by=policy.proposed_by,
            proposed_at=policy.proposed_at,
        )
    )


def find(unit: Unit, name: str, version: int) -> StoredPolicy:
    """A version that was proposed.

    Raises:
        NotFound: it was not.
    """
    c = policies.c
    row = unit.row(select(policies).where(c.name == name, c.version == version))
    if row is None:
        raise NotFound(f"version {version} of policy {name} was never proposed.")
    return StoredPolicy(*row)


def of_hash(unit: Unit, digest: str) -> StoredPolicy | None:
    """The version with this content hash; ``None`` of none."""
    row = unit.row(select(policies).where(policies.c.hash == digest))
    return None if row is None else StoredPolicy(*row)


def publish(unit: Unit, name: str, version: int, *, by: str, role: Role, at: int) -> Term:
    """Make a version live (or a shadow) from ``at`` on; it takes the place of the one before it.

    Raises:
        NotFound: it was never proposed.
        NotPermitted: who publishes it proposed it; a second pair of eyes must.
        Conflict: the one before it is live from later on.
    """
    policy = find(unit, name, version)
    if policy.proposed_by == by:
        raise NotPermitted(
            f"{by} proposed version {version} of policy {name}; somebody else must publish it."
        )
    c = policy_terms.c
    before = unit.row(
        select(c.hash, c.live_from).where(
            c.service == policy.service, c.role == role, c.live_until.is_(None)
        )
    )
    if before is not None:
        if before.live_from >= at:
            raise Conflict(
                f"a policy of {policy.service} is {role} from {iso(before.live_from)}; another "
                "can take its place only after that."
            )
        unit.run(
            update(policy_terms)
            .where(c.hash == before.hash, c.live_from == before.live_from)
            .values(live_until=at)
        )
    unit.run(
        insert(policy_terms).values(
            hash=policy.hash, live_from=at, service=policy.service, role=role, published_by=by
        )
    )
    return Term(policy, role, by, at, None)


def withdraw(unit: Unit, service: str, *, role: Role, at: int) -> None:
    """From ``at`` on no policy of ``service`` is in this role.

    Raises:
        NotFound: none is.
    """
    c = policy_terms.c
    ended = unit.run(
        update(policy_terms)
        .where(c.service == service, c.role == role, c.live_until.is_(None), c.live_from <= at)
        .values(live_until=at)
    )
    if not ended:
        raise NotFound(f"no policy of {service} is {role} now.")


_t = policy_terms.c
_IN_FORCE = Prepared(
    select(*policies.c, _t.role)
    .join(policy_terms, policies.c.hash == _t.hash)
    .where(
        _t.service == bindparam("service"),
        _t.live_from <= bindparam("at"),
        or_(_t.live_until.is_(None), _t.live_until > bindparam("at")),
    )
)


_KEEP = Prepared(insert(decided), *decided.c.keys())


def in_force(unit: Unit, service: str, *, at: int) -> dict[Role, StoredPolicy]:
    """The versions that were live and in the shadow at ``at``, by role."""
    rows = unit.rows(*asked(service, at=at))
    return {row.role: StoredPolicy(*row[:7]) for row in rows}


def asked(service: str, *, at: int) -> tuple[Prepared, Values]:
    """What ``in_force`` will ask, for ``Unit.ahead``."""
    return _IN_FORCE, {"service": service, "at": at}


def terms(unit: Unit, service: str | None = None) -> list[Term]:
    """Every time for which a version was in a role, in order."""
    c = policy_terms.c
    query = select(policies, c.role, c.published_by, c.live_from, c.live_until).join(
        policy_terms, policies.c.hash == c.hash
    )
    query = query if service is None else query.where(c.service == service)
    rows = unit.rows(query.order_by(c.service, c.live_from, c.role))
    return [Term(StoredPolicy(*row[:7]), *row[7:]) for row in rows]


def keep(
    unit: Unit, *, answer: str, policy: str, role: Role, body: str, subject: str | None, at: int
) -> None:
    """Keep what a policy decided under an answer, with its trace."""
    kept = {"answer": answer, "policy": policy, "role": role, "body": body}
    unit.put(_KEEP, {**kept, "subject": subject, "at": at})


def kept(unit: Unit, answer: str) -> dict[Role, str]:
    """The decisions under an answer, by role, as they were kept."""
    c = decided.c
    return {
        row.role: row.body for row in unit.rows(select(c.role, c.body).where(c.answer == answer))
    }


def beside(unit: Unit, service: str) -> Iterator[tuple[str, str | None]]:
    """What policies of ``service`` decided in the shadow, each with what the live one decided."""
    shadow, live = decided.alias("shadow"), decided.alias("live")
    query = (
        select(shadow.c.body.label("shadow"), live.c.body.label("live"))
        .select_from(shadow)
        .join(policies, policies.c.hash == shadow.c.policy)
        .outerjoin(live, (live.c.answer == shadow.c.answer) & (live.c.role == "live"))
        .where(shadow.c.role == "shadow", policies.c.service == service)
    )
    for row in unit.rows(query):
        yield str(row.shadow), row.live


def erase_subject(unit: Unit, subject: str) -> int:
    """Delete the decisions about a person; how many there were."""
    return unit.run(decided.delete().where(decided.c.subject == subject))
