"""What a policy in the shadow decided, beside what the live one did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from benne.app.stores.online import policies
from benne.kernel import Json

if TYPE_CHECKING:
    from benne.app._service import Service

NO_POLICY = "no live policy"
FAILED = "failed"


@dataclass(frozen=True)
class ShadowRun:
    """How often each pair of outcomes (live, shadow) came, and how the caps of both differ.

    ``higher`` and ``lower`` count the cases that both admit, where the shadow's cap is other.
    """

    service: str
    pairs: Counter[tuple[str, str]]
    higher: int
    lower: int

    def as_json(self) -> dict[str, Json]:
        """The run as plain JSON."""
        return {
            "schema": 1,
            "service": self.service,
            "cases": self.pairs.total(),
            "pairs": [
                {"live": live, "shadow": shadow, "cases": number}
                for (live, shadow), number in sorted(self.pairs.items())
            ],
            "cap_higher": self.higher,
            "cap_lower": self.lower,
        }

    def lines(self) -> Iterator[str]:
        """The run in words: what changes first."""
        total = self.pairs.total()
        yield f"{self.service}: {total:,} cases were decided in the shadow."
        for (live, shadow), number in self.pairs.most_common():
            same = " (the same)" if live == shadow else ""
            yield f"{live:>15} -> {shadow:7} {number:8,} {number / total:7.1%}{same}"
        if self.higher or self.lower:
            yield f"Where both admit, {self.higher:,} caps rise and {self.lower:,} fall."


class _Decision(msgspec.Struct):
    outcome: str
    cap_minor: int | None = None


class _Kept(msgspec.Struct):
    decision: _Decision | None = None


def policy_shadow(service: Service, offer: str) -> ShadowRun:
    """What policies in the shadow of ``offer`` decided so far, beside what was decided."""
    pairs: Counter[tuple[str, str]] = Counter()
    moved: Counter[int] = Counter()
    decode = msgspec.json.Decoder(_Kept).decode
    with service.online.reading() as unit:
        for shadow_body, live_body in policies.beside(unit, offer):
            shadow = decode(shadow_body).decision
            live = None if live_body is None else decode(live_body).decision
            pairs[
                NO_POLICY if live is None else live.outcome,
                FAILED if shadow is None else shadow.outcome,
            ] += 1
            if live is None or shadow is None or live.outcome != shadow.outcome:
                continue
            if live.cap_minor is not None and shadow.cap_minor is not None:
                moved[
                    (shadow.cap_minor > live.cap_minor) - (shadow.cap_minor < live.cap_minor)
                ] += 1
    return ShadowRun(offer, pairs, moved[1], moved[-1])
