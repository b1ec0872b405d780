"""Adding up from the printed card, with nothing but the paper, gives the issued score."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal

import numpy as np
import pandas as pd
import pytest
from handmade import FACTORS_OF, artefact, bureau_artefact, people

from benne.models import Artefact, Axis, Card, Column, Deck, Segment, Table
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
        self.cards = cards

    def points(self, micro: int) -> int:
        return math.floor((micro * self.n + self.half) / Decimal(self.d))

    def score(self, person: dict) -> tuple[int, list[int], int]:
        card = next(
            c for c in self.cards if self.takes(c.splitlines()[0].split(": ", 1)[1], person)
        )
        base = int(re.search(r"base (-?\d+)", card).group(1))
        sums = [
            sum(self.entry(table.splitlines(), person) for table in part.split("\n  TABLE ")[1:])
            for part in card.split("\nDIMENSION ")[1:]
        ]
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

    def entry(self, lines: list[str], person: dict) -> int:
        """What one table says: of a feature, or of one BY another."""
        head = r"\d+ (\S+).*?(?:\[step (\S+)\])?$"
        name, step = re.match(head, lines[0]).groups()
        value, step = person[name], step and Decimal(step)
        if lines[1].startswith("     BY "):
            name, by = re.match(head, "0 " + lines[1].removeprefix("     BY ")).groups()
            return self.cell(lines[2:], value, step, person[name], by and Decimal(by))
        for line in lines[1:]:
            pattern = r"    (.+?)\s+(-?\d+)\s+[+-]\d+\.\d(?:  \+ (\S+) each above (\S+))?$"
            label, micro, slope, low = re.match(pattern, line).groups()
            if self.fits(label, value, step):
                break
        if slope is None:
            return int(micro)
        above = self.rounded(Decimal(repr(value)), step) - Decimal(low)
        return int(micro) + int(halves_up(Decimal(slope) * above))

    def cell(self, lines: list[str], value, step, other, by) -> int:
        column = next(
            int(found[1])
            for line in lines
            if (found := re.match(r"    column (\d+): (.+)$", line))
            and self.fits(found[2], other, by)
        )
        block: list[int] = []
        for line in lines:
            if re.match(r"    column( +\d+)+$", line):
                block = [int(text) for text in line.split()[1:]]
            elif column in block:
                found = re.match(rf"    (.+?)((?: +-?\d+){{{len(block)}}})$", line)
                if self.fits(found[1].rstrip(), value, step):
                    return int(found[2].split()[block.index(column)])
        raise AssertionError("no line fits")

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
            return json.loads(label[3:]) == value
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


def test_a_wide_table_stands_in_blocks_and_an_odd_level_on_one_line():
    rng = np.random.default_rng(0)
    age, town = Column("age", "identity", resolution=1.0), Column("town", "identity", category=True)
    axes = (Axis(age, (20.0, 30.0, 40.0)), Axis(town, levels=('a "b"', "c\nd", *"efghijklmnop")))
    micro = rng.integers(-900_000, 900_000, (len(axes[0]), len(axes[1])))
    table = Table(axes, micro.astype(np.int64))
    deck = Deck(frozenset(), (Segment("all"),), (Card("all", 3_000_000, (table,)),))
    card = Artefact((age, town), (deck,))
    text = card_text(card, family("sesame"))
    assert max(map(len, text.splitlines())) <= 120
    clerk = Clerk(text)
    for years in (None, 19.0, 35.0, 70.0):
        for place in (None, 'a "b"', "c\nd", "p", "elsewhere"):
            frame = pd.DataFrame({"age": [years], "town": [place]})
            issued = points(card.contributions(frame), family("sesame"))
            assert clerk.score({"age": years, "town": place})[2] == issued.score[0]


def test_the_card_says_what_it_is():
    text = card_text(artefact(), family("sesame"), withheld=("network",))
    assert "Withheld, and worth 0 points: network" in text
    assert "very good from 650" in text
    assert artefact().hash in text
    assert "CARD no history: late_share is absent" in text
    assert 'is "clerk"' in text
    assert max(map(len, text.splitlines())) <= 120
    assert text == card_text(artefact(), family("sesame"), withheld=("network",))
    assert "ties_count" not in text


def test_the_card_says_its_size_and_its_contents_first():
    text = card_text(artefact(), family("sesame"))
    head, *cards = text.split("\n\nCARD ")
    tables = [line.split(maxsplit=2)[1:] for line in text.splitlines() if "  TABLE " in line]
    said = re.search(r"Size: (\d+) cards, (\d+) tables, (\d+) lines", head)
    body = text.count("\n") - head.count("\n")
    assert [int(part) for part in said.groups()] == [len(cards), len(tables), body - 1]
    for card in cards:
        contents = card.split("\nDIMENSION")[0].split("CONTENTS")[1].splitlines()[2:]
        ranges = [float(line.split()[2]) - float(line.split()[1]) for line in contents if line]
        assert ranges == sorted(ranges, reverse=True)
        assert len(ranges) == card.count("\n  TABLE ")


def test_a_shortened_card_says_so():
    short = replace(artefact(), about={"tolerance": 0.01})
    assert "no table says more than 0.01 of log-odds (0.6 points)" in card_text(
        short, family("sesame")
    )
    assert "Shortened" not in card_text(artefact(), family("sesame"))
