"""Whose ties may be read is what they said: who closed the network is nobody's neighbour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from made_bureau import bring, go_on, people_of, quiet
from sqlalchemy import select

from benne.app import Service, Terms, add_organisation, change_consent, give_own_consent
from benne.app._erasing import erase_person
from benne.app._load import load
from benne.app._network import allowed_by_consents, come_back
from benne.app._reading import InProcess
from benne.app._sync import sync
from benne.app.stores._network import network_blocks
from benne.app.stores.online import network
from benne.app.wiring import Session
from benne.features import Collected, NetworkBlock
from benne.kernel import MICROS_PER_DAY as DAY, iso, month_start
from benne.rights import LawfulBasis

Bureau = tuple[Session, Service]
OPEN = Terms(frozenset({"deposit_free"}), "1", "0" * 64, False)
CLOSED = replace(OPEN, kinds=frozenset({"obligation"}))


def says(served: Service, subject: str, terms: Terms) -> str:
    with served.online.begin() as unit:
        return give_own_consent(
            served, unit, merchant="bikes", subject=subject, terms=terms
        ).consent.id


def allowed(served: Service) -> set[str] | None:
    found = allowed_by_consents(served)(go_on(served))
    return None if found is None else set(found.to_pylist())


def blocks(served: Service) -> set[str]:
    with served.online.reading() as unit:
        return {row[0] for row in unit.rows(select(network.blocks.c.hash).distinct())}


@pytest.fixture
def admitted(bureau: Bureau) -> tuple[Session, Service]:
    add_organisation(bureau[1], "Bikes", id="bikes")
    return bureau


def test_who_said_something_here_is_held_to_it(admitted: Bureau) -> None:
    town, served = admitted
    load(town, served, quiet)
    open_, closed, changed, *rest = people_of(town)
    assert allowed(served) is None
    says(served, open_, OPEN)
    assert allowed(served) is None
    says(served, closed, CLOSED)
    name = says(served, changed, OPEN)
    assert allowed(served) == {open_, changed, *rest}
    with served.online.begin() as unit:
        change_consent(served, unit, name, "pause", subject=changed)
    assert allowed(served) == {open_, *rest}
    with served.online.begin() as unit:
        change_consent(served, unit, name, "resume", subject=changed)
    says(served, closed, OPEN)
    assert allowed(served) is None


def test_where_the_basis_is_consent_nobody_counts_who_gave_none(admitted: Bureau) -> None:
    town, served = admitted
    basis = LawfulBasis("consent", "everybody is asked")
    served = replace(served, workspace=replace(served.workspace, lawful_basis=basis))
    one, two = people_of(town)[:2]
    assert allowed(served) == set()
    says(served, one, OPEN)
    says(served, two, replace(CLOSED, kinds=frozenset({"profile"})))
    assert allowed(served) == {one}
    go_on(served, 366 * DAY)
    assert allowed(served) == set(), "it has expired"


@pytest.mark.parametrize("erased", [False, True])
def test_the_month_s_block_reads_nobody_who_said_no_or_was_erased(
    admitted: Bureau, erased: bool
) -> None:
    town, served = admitted
    load(town, served, quiet)
    before = blocks(served)
    everybody, tied = _counted(town, served, cut=month_start(served.clock() + 40 * DAY))
    if not erased:
        says(served, tied, CLOSED)
    go_on(served, 40 * DAY)
    if erased:
        with served.online.begin() as unit:
            erase_person(served, unit, tied)
    load(town, served, quiet)  # the lake still has the person: nothing was synced
    assert len(blocks(served)) > len(before)
    assert everybody not in blocks(served), "not everybody counts"
    assert (tied in _people_in(served)) is not erased


def _counted(town: Session, served: Service, *, cut: int) -> tuple[str, str]:
    """The hash of the block of all people at ``cut``, and one whom it would not be without."""
    reader, permit = served.reader, town.permit("self_view")
    assert isinstance(reader, InProcess)
    plan = reader.models["sesame"].plan.network(permit)
    assert plan is not None
    with town.lake(read_only=True) as lake:
        (everybody,) = network_blocks(lake, plan, permit, cuts=[cut])
        people = sorted(everybody.table["subject"].to_pylist())
        for one in people:
            others = pa.array([other for other in people if other != one])
            (rest,) = network_blocks(lake, plan, permit, cuts=[cut], allowed=lambda _, o=others: o)
            if rest.hash != everybody.hash:
                return everybody.hash, one
    raise AssertionError("nobody counts")


def _people_in(served: Service) -> set[Any]:
    with served.online.reading() as unit:
        return {row[0] for row in unit.rows(select(network.values.c.subject))}


def test_who_was_erased_and_consents_anew_counts_again_with_what_was_told_since(
    admitted: Bureau,
) -> None:
    town, served = admitted
    load(town, served, quiet)
    _, tied = _counted(town, served, cut=month_start(served.clock() + 40 * DAY))
    with served.online.begin() as unit:
        erase_person(served, unit, tied)
    go_on(served)
    says(served, tied, OPEN)
    tells_of_a_tie(served, tied, other=next(one for one in people_of(town) if one != tied))
    next_month = go_on(served, 40 * DAY)
    assert back(town, served, cut=next_month) == {}, "the lake has yet what was deleted"
    sync(town, served, quiet)
    assert set(back(town, served, cut=next_month)) == {tied}
    load(town, served, quiet)
    assert tied in _people_in(served)
    ties = _ties_of(town, served, tied, cut=month_start(next_month))
    erased_at = back(town, served, cut=next_month)[tied]
    assert len(ties) > 1, "others told of it before"
    assert {since > erased_at for since, strength in ties if strength} == {True}
    assert {since > erased_at for since, strength in ties if not strength} == {False}


def tells_of_a_tie(served: Service, subject: str, *, other: str) -> None:
    tie = {"record": "new", "subject": subject, "other": other, "relation": "friend",
           "strength_permille": 500, "happened_at": iso(served.clock())}  # fmt: skip
    bring(served, tie, kind="tie", source="grid")


def back(town: Session, served: Service, *, cut: int) -> dict[str, int]:
    with town.lake(read_only=True) as lake:
        return come_back(served, lake, cut=cut)


def _ties_of(
    town: Session, served: Service, subject: str, *, cut: int
) -> list[tuple[int, int | None]]:
    """Since when each tie of a person is known at ``cut``, and how strong it is."""
    found: list[tuple[int, int | None]] = []
    reader = served.reader
    assert isinstance(reader, InProcess)
    plan = reader.models["sesame"].plan.network(town.permit("self_view"))
    assert plan is not None

    def looked_at(collected: Collected, **_: object) -> NetworkBlock:
        number = collected.people["subject"].to_pylist().index(subject)
        for row in collected.stated.to_pylist():
            if number in (row["person"], row["other"]):
                found.append((row["since"], row["strength"]))
        return plan.block(collected, cut=cut)

    anew = back(town, served, cut=cut)
    with town.lake(read_only=True) as lake:
        seeing = replace(plan)
        object.__setattr__(seeing, "block", looked_at)
        list(network_blocks(lake, seeing, town.permit("self_view"), cuts=[cut], anew=anew))
    return found
