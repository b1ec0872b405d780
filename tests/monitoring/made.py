"""A made-up population, seeded, with all that a validation can be given."""

from __future__ import annotations

from typing import Any

import numpy as np

from benne.kernel import DOMAINS, MICROS_PER_DAY, parse_instant
from benne.monitoring import FeatureTable, Held, States, Turned, ValidationInputs

START = parse_instant("2024-01-01T00:00:00Z")
FACTOR = 40 / np.log(2)
WIDTHS = (0.25, 0.85, 0.55, 0.4, 0.1)
SAYS = (
    ("days_since_missed_payment", "history", "Time since a payment was last missed", "days"),
    ("utilisation_share", "history", "How much of the limits is in use", "share"),
    ("rent_paid_on_time_share", "fulfilment", "Rent and bills paid by the day they fell due", ""),
    ("orders_kept_365d_count", "fulfilment", "Orders kept in the last year", "orders"),
    ("night_spending_share", "behaviour", "Spending between midnight and five", "share"),
    ("residence", "identity", "Kind of residence", ""),
)


def _points(log_odds: np.ndarray) -> np.ndarray:
    return np.clip(np.round(650 + FACTOR * (log_odds - np.log(30))), 350, 950)


def _values(rng: np.random.Generator, risk: np.ndarray, name: str) -> np.ndarray:
    n = len(risk)
    if name == "residence":
        kinds = np.array(["owner", "tenant", "with family", "company", "other"], dtype=object)
        return kinds[rng.integers(0, 5, n)]
    noise = risk + rng.normal(0, 0.6, n)
    values = np.exp(noise)
    if name.endswith("count"):
        values = np.floor(values * 3)
    if name.startswith("days"):
        values = np.floor(values * 200)
    if name.endswith("share"):
        values = np.round(values / (1 + values), 3)
    return np.where(rng.random(n) < 0.15, np.nan, values)


def _states(rng: np.random.Generator) -> States:
    names = ("current", "1-29 days", "30-59 days", "60-89 days", "90+ days")
    accounts, months = 400, 9
    state = np.zeros((accounts, months), dtype=int)
    for month in range(1, months):
        move = rng.choice([-1, 0, 1], size=accounts, p=[0.35, 0.5, 0.15])
        state[:, month] = np.clip(state[:, month - 1] + move, 0, 4)
    entity, period = np.meshgrid(np.arange(accounts), np.arange(months), indexing="ij")
    return States(
        entity=entity.ravel(),
        period=period.ravel(),
        state=np.array(names, dtype=object)[state.ravel()],
        order=names,
    )


def population(n: int = 6000, seed: int = 7) -> dict[str, Any]:
    """Arrays of a population whose true log-odds of being good are known."""
    rng = np.random.default_rng(seed)
    subject = rng.integers(0, max(1, int(n * 0.8)), n)
    parts = np.column_stack([rng.normal(0, width, n) for width in WIDTHS])
    log_odds = 2.2 + parts.sum(axis=1)
    y = (rng.random(n) < 1 / (1 + np.exp(log_odds))).astype(float)
    as_of = START + rng.integers(0, 540, n) * MICROS_PER_DAY
    scored = rng.random(n) > 0.06
    known = rng.random(n) > 0.04
    went = as_of + rng.integers(20, 360, n) * MICROS_PER_DAY
    return {
        "rng": rng,
        "y": np.where(known, y, np.nan),
        "log_odds": np.where(scored, log_odds, np.nan),
        "score": np.where(scored, _points(log_odds), np.nan),
        "parts": parts,
        "subject": subject,
        "as_of": as_of,
        "bad_at": np.where(y == 1, went, 0),
        "fold": rng.integers(0, 3, n),
        "thickness": rng.geometric(0.06, n) - 1,
    }


def tables(made: dict[str, Any]) -> tuple[FeatureTable, ...]:
    rng, parts = made["rng"], made["parts"]
    rows = [
        FeatureTable(
            name=name,
            domain=domain,
            says=says,
            unit=unit,
            values=_values(rng, parts[:, DOMAINS.index(domain)], name),
            points=parts[:, DOMAINS.index(domain)] * FACTOR,
        )
        for name, domain, says, unit in SAYS
    ]
    pair = FeatureTable(
        name="utilisation_share",
        domain="history",
        values=rows[1].values,
        points=rng.normal(0, 3, len(parts)),
        other=rows[0].values,
        other_name="days_since_missed_payment",
    )
    return (*rows, pair)


def turned(made: dict[str, Any]) -> Turned:
    """A third as many again who were refused: riskier, and the more the less their chance was."""
    rng, score = made["rng"], made["score"]
    n = len(score)
    chance = np.clip(1 / (1 + np.exp(-(np.nan_to_num(score, nan=600) - 560) / 40)), 0.02, 1)
    theirs = np.clip(np.round(rng.normal(540, 60, n // 3)), 350, 950)

    def claimed(points: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp((points - 650) / FACTOR + np.log(30)))

    return Turned(
        score=theirs,
        pd=claimed(theirs),
        propensity=np.clip(1 / (1 + np.exp(-(theirs - 560) / 40)), 0.001, 1),
        admitted_pd=claimed(score),
        admitted_propensity=chance,
        weight_at_most=20.0,
        method="augmentation",
        odds={"used": 1.4, "at_least": 1.0, "at_most": 3.0, "estimate": 1.4, "why": ""},
        policies={"incumbent 7": (n, n // 3)},
    )


def words() -> dict[str, Any]:
    return {
        "workspace": "Made-up lender",
        "made_with": {"benne": "0.1.0", "artefact": "3f6c0d", "seed": 0},
        "lawful_basis": {"basis": "contract", "statement": "Made-up people; no one is scored."},
        "outcome_definition": {
            "bad": "90 days past due or more, over 100.00, ever within 12 months",
            "good": "never 30 days past due within 12 months",
            "unknown": "anything between, or not yet watched for 12 months",
        },
        "evidence": {
            "rows": {"account": 9012, "instalment": 60100, "obligation": 32000},
            "findings": {"account": 3, "instalment": 12},
            "share_known_at_stated": 1.0,
            "left_out_features": [
                {"feature": "orders_late_90d_count", "why": "this workspace holds no order"}
            ],
        },
        "limits": [
            "The people are made up.",
            "Outcomes after 12 months are not looked at.",
        ],
    }


def card() -> dict[str, Any]:
    return {
        "base_points": 571,
        "cards": [
            {
                "name": "all",
                "base_points": 571,
                "tables": [
                    {
                        "feature": "utilisation_share",
                        "domain": "history",
                        "bins": [
                            {"bin": "below 0.3", "points": 21},
                            {"bin": "0.3 to 0.8", "points": 2},
                            {"bin": "0.8 and above", "points": -26},
                            {"bin": "Missing", "points": -3},
                        ],
                    }
                ],
            }
        ],
    }


def inputs(n: int = 6000, seed: int = 7) -> ValidationInputs:
    """All that can be given, for ``n`` observations."""
    made = population(n, seed)
    rng, parts = made["rng"], made["parts"]
    later = population(max(1, n // 4), seed + 1)
    drift = (made["as_of"] - START) / MICROS_PER_DAY / 540
    return ValidationInputs(
        y=made["y"],
        score=np.clip(made["score"] - np.round(12 * drift), 350, 950),
        log_odds=made["log_odds"],
        fold=made["fold"],
        subject=made["subject"],
        out_of_fold=True,
        as_of=made["as_of"],
        bad_at=made["bad_at"],
        observed_until=START + 960 * MICROS_PER_DAY,
        domain_contributions=parts * FACTOR,
        base=np.full(n, 571.0),
        thickness=made["thickness"],
        feature_tables=tables(made),
        states=_states(rng),
        out_of_time=Held(
            y=later["y"],
            score=later["score"],
            pd=1 / (1 + np.exp(np.clip(later["log_odds"], -700, 700))),
            subject=later["subject"],
            as_of=later["as_of"] + 540 * MICROS_PER_DAY,
        ),
        turned=turned(made),
        comparator=made["score"] - parts[:, 2] * FACTOR - parts[:, 3] * FACTOR,
        comparator_name="bureau score",
        cutoff=600,
        groups={
            "sex": np.where(rng.random(n) < 0.45, "female", "male"),
            "age": rng.integers(18, 80, n),
            "region": np.array(["north", "south", "island"], dtype=object)[
                rng.choice(3, n, p=[0.6, 0.395, 0.005])
            ],
        },
        alternatives={
            "paired": made["log_odds"] + rng.normal(0, 0.02, n),
            "unrestricted": made["log_odds"] + rng.normal(0, 0.05, n),
        },
        alternatives_why={"not_monotone": "no table is held monotone in this made-up population"},
        card=card(),
        **words(),
    )
