"""Adding up from the printed card, with nothing but the paper, gives the issued score."""

from __future__ import annotations

import math
import re
from decimal import ROUND_FLOOR, Decimal

import numpy as np
import pytest
from handmade import FACTORS_OF, artefact, bureau_artefact, people

from benne.scores import card_text, family, points

CASES = {
    "sesame": (artefact(), family("sesame"), None, ()),
    "without network": (artefact(), family("sesame"), None, ("network",)),
    "bureau": (bureau_artefact(), family("bureau"), FACTORS_OF, ()),
}


def number(text: str) -> Decimal:
    return Decimal(text)


def halves_up(value: Decimal) -> Decimal:
    return (value + Decimal("0.5")).to_integral_value(ROUND_FLOOR)


class Clerk:
    """Somebody with the card, a pencil, and the rules at its head."""

    def __init__(self, text: str) -> None:
        head, *cards = text.split("\nCARD ")
        top, self.n, self.d = map(int, re.search(r"\(m x (\d+) \+ (\d+)\) / (\d+)", head).groups())
        self.half, self.n, self.d = self.n, top, self.d
        anchor = re.search(r"base is (\d+) points plus the points of \(.* - (\d+)\)", head)
        self.anchor, self.anchor_micro = map(int, anchor.groups())
        limits = re.search(r"below (\d+) it is \d+, above (\d+) it", head.replace("\n", " "))
        self.low, self.high = map(int, limits.groups())
        self.cards = [card.splitlines() for card in cards]

    def points(self, micro: int) -> int:
        return math.floor((micro * self.n + self.half) / Decimal(self.d))

    def score(self, person: dict) -> tuple[int, list[int], int]:
        lines = next(c for c in self.cards if self.takes(c[0].split(": ", 1)[1], person))
        base = int(re.search(r"base (-?\d+)", lines[1]).group(1))
        sums: list[int] = []
        tables: list[tuple[str, Decimal | None]] = []
        fresh = True
        for line in lines[2:]:
            if line.startswith("DIMENSION"):
                sums.append(0)
            elif line.startswith("  TABLE"):
                tables = [] if fresh else tables
                name, step = re.match(r"  TABLE (\S+).*?(?:\[step (\S+)\])?$", line).groups()
                tables.append((name, step and Decimal(step)))
                fresh = found = False
            elif line.startswith("    "):
                fresh = True
                if not found and (micro := self.entry(line, tables, person)) is not None:
                    sums[-1] += micro
                    found = True
        start = self.anchor + self.points(base - self.anchor_micro)
        parts = [self.points(micro) for micro in sums]
        whole = start + sum(parts)
        return start, parts, min(max(whole, self.low), self.high)

    @staticmethod
    def takes(when: str, person: dict) -> bool:
        if when == "everybody else":
            return True
        name, what = when.split(" is ")
        return (person[name] is None) == (what == "absent")

    def entry(self, line: str, tables: list, person: dict) -> int | None:
        pattern = r"    (.+?)\s+(-?\d+)\s+[+-]\d+\.\d(?:  \+ (\S+) each above (\S+))?$"
        label, micro, slope, low = re.match(pattern, line).groups()
        labels = label.split(" AND ")
        for one, (name, step) in zip(labels, tables, strict=True):
            if not self.fits(one, person[name], step):
                return None
        if slope is None:
            return int(micro)
        value = self.rounded(Decimal(repr(person[tables[0][0]])), tables[0][1])
        return int(micro) + int(halves_up(Decimal(slope) * (value - Decimal(low))))

    @staticmethod
    def rounded(value: Decimal, step: Decimal | None) -> Decimal:
        if step is None or abs(value) >= 2**52 * step:
            return value
        return halves_up(value / step) * step

    def fits(self, label: str, value, step: Decimal | None) -> bool:
        if label == "absent":
            return value is None
        if value is None:
            return False
        if label.startswith("is "):
            return label == f'is "{value}"'
        if label == "any other":
            return True
        exact = Decimal(repr(value))
        if label.startswith("code "):
            return exact == Decimal(label[5:])
        if label == "any value":
            return True
        x = self.rounded(exact, step)
        if label.startswith("below "):
            return x < Decimal(label[6:])
        if label.endswith(" or more"):
            return x >= Decimal(label[:-8])
        a, b = label.split(" to below ")
        return Decimal(a) <= x < Decimal(b)


@pytest.mark.parametrize("case", CASES)
def test_adding_up_by_hand_gives_the_issued_score(case):
    card, kind, factors, withheld = CASES[case]
    frame = people(400, seed=3)
    issued = points(card.contributions(frame, withheld), kind, factors)
    clerk = Clerk(card_text(card, kind, factors=factors, withheld=withheld))
    for i, row in enumerate(frame.to_dict("records")):
        person = {k: None if v is None or v != v else v for k, v in row.items()}
        base, parts, score = clerk.score(person)
        assert base == issued.base[i]
        assert parts == issued.dimensions[i].tolist()
        assert score == issued.score[i]


def test_the_card_says_what_it_is():
    text = card_text(artefact(), family("sesame"), withheld=("network",))
    assert "Withheld, and worth 0 points: network" in text
    assert "very good from 650" in text
    assert artefact().hash in text
    assert "CARD no history: late_share is absent" in text
    assert 'is "clerk"' in text
    assert max(map(len, text.splitlines())) <= 120
    assert text == card_text(artefact(), family("sesame"), withheld=("network",))
    assert np.char.count(text, "TABLE ties_count") == 0
