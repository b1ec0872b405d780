"""Versions of policies: four eyes to publish, and which was live when is a query."""

from __future__ import annotations

import pytest

from benne.app.stores.online import Online, policies
from benne.kernel import Conflict, NotFound, NotPermitted


def version(number: int, body: str = "{}") -> policies.StoredPolicy:
    return policies.StoredPolicy(f"hash {number} {body}", "bank", number, "rental", body, "ann", 1)


def test_who_proposed_cannot_publish(online: Online) -> None:
    with online.begin() as unit:
        policies.propose(unit, version(1))
        with pytest.raises(NotPermitted, match="somebody else must publish"):
            policies.publish(unit, "bank", 1, by="ann", role="live", at=10)
        assert policies.in_force(unit, "rental", at=10).get("live") is None
        policies.publish(unit, "bank", 1, by="bob", role="live", at=10)
        assert policies.in_force(unit, "rental", at=10).get("live") == version(1)


def test_which_policy_was_live_at_an_instant_is_a_query(online: Online) -> None:
    with online.begin() as unit:
        for number in (1, 2):
            policies.propose(unit, version(number))
        policies.publish(unit, "bank", 1, by="bob", role="live", at=10)
        policies.publish(unit, "bank", 2, by="bob", role="live", at=20)
        policies.publish(unit, "bank", 1, by="cid", role="shadow", at=20)
        policies.withdraw(unit, "rental", role="live", at=30)
        policies.publish(unit, "bank", 1, by="bob", role="live", at=40)
        found = [policies.in_force(unit, "rental", at=at).get("live")
                 for at in (9, 10, 19, 20, 29, 30, 40)]  # fmt: skip
        assert [f and f.version for f in found] == [None, 1, 1, 2, 2, None, 1]
        shadow = policies.in_force(unit, "rental", at=99).get("shadow")
        assert shadow is not None and shadow.version == 1
        with pytest.raises(Conflict, match="only after that"):
            policies.publish(unit, "bank", 2, by="bob", role="live", at=40)
        terms = [
            (t.policy.version, t.role, t.live_from, t.live_until)
            for t in policies.terms(unit, "rental")
        ]
        first, second = (1, "live", 10, 20), (2, "live", 20, 30)
        assert terms == [first, second, (1, "shadow", 20, None), (1, "live", 40, None)]


def test_a_version_never_changes(online: Online) -> None:
    with online.begin() as unit:
        policies.propose(unit, version(1))
        policies.propose(unit, version(1))
        with pytest.raises(Conflict, match="give this one the next number"):
            policies.propose(unit, version(1, '{"other": 1}'))
        with pytest.raises(NotFound, match="was never proposed"):
            policies.publish(unit, "bank", 7, by="bob", role="live", at=1)
        with pytest.raises(NotFound, match="no policy of rental is live"):
            policies.withdraw(unit, "rental", role="live", at=1)
