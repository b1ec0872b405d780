"""Who people say they are, what they spend and use, whom they know, and which rules they met."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from benne.society._block import Block, Emission, identifiers
from benne.society._calendar import DAY, Bools, Floats, Ints
from benne.society._people import OCCUPATIONS, sigmoid
from benne.society._tables import Column, Rows, instants, ints, names, reals, words

EDUCATION = ("primary", "secondary", "vocational", "university")
RESIDENCE = ("owner", "tenant", "family")
SEX = ("female", "male")
ETHNICITY = ("majority", "minority")
MARITAL = ("single", "married")
ELEMENTS = ("phone", "name", "address")
RESULTS = ("match", "mismatch", "unknown")
CATEGORIES = (
    "salary", "trade", "food", "household", "transport", "travel", "leisure", "gambling", "cash",
    "transfer",
)  # fmt: skip
CHANNELS = ("transfer", "app", "card", "cash_point")
SCENES = (
    "transport", "food", "shopping", "games", "hospital", "education", "travel", "utilities",
    "news",
)  # fmt: skip
RELATIONS = ("family", "friend", "colleague", "acquaintance")
RULES = (
    "volunteering", "award", "traffic_ticket", "late_public_fee", "contract_breach",
    "court_arrears", "destroying_public_equipment", "left_the_scheme", "joined_the_scheme",
)  # fmt: skip
ATTRIBUTES = ("topup_minor_per_month", "handset_age_days")


def traces(block: Block) -> list[Emission]:
    """All that says who people are and how they live."""
    return [
        *_profiles(block.of("profile")),
        *_verifications(block.of("verification")),
        *_transactions(block.of("transaction")),
        *_activity(block.of("activity")),
        *_ties(block.of("tie")),
        *_rule_events(block.of("rule_event")),
        *_attributes(block.of("attribute")),
    ]


def _profiles(block: Block) -> list[Emission]:
    """One record at arrival, and another after each change of work or home."""
    people, random = block.people, block.random
    known = people.wallet | people.credit
    first = np.flatnonzero(known)
    moves = np.flatnonzero(
        known & (block.uniform(len(people)) < sigmoid(-0.3 - 0.4 * people.patience))
    )
    person = np.concatenate([first, moves])
    month = np.maximum(
        people.arrival[person],
        np.where(
            np.arange(len(person)) < len(first), 0,
            random.integers(3, block.world.calendar.months, len(person)),
        ),
    )  # fmt: skip
    happened = block.moment(month, 15 * block.uniform(len(person)))
    rows = _profile_rows(block, person, happened, np.arange(len(person)) >= len(first))
    record = names("F", block.number("profile", len(person)))
    published = happened + random.integers(0, 5 * DAY, len(person))
    return [block.publish("profile", rows, record=record, person=person, known_at=published)]


def _profile_rows(block: Block, person: Ints, happened: Ints, moved: Bools) -> Rows:
    people, count = block.people, len(person)
    shown = people.victim[person]
    age, k = people.age[shown], people.capacity[shown]
    start_year = block.world.parameters.whole("calendar.start_year")
    schooling = np.digitize(0.6 * k + block.random.normal(size=count), [-0.9, 0.1, 0.8])
    owner = block.uniform(count) < sigmoid(-0.8 + 0.4 * k + 0.05 * (age - 37))
    years_here = np.where(moved, 0.1, np.minimum(age - 17, 8 * block.random.exponential(1, count)))
    years_here = years_here * sigmoid(0.5 + 0.4 * people.patience[shown]) * 1.5
    phone = np.minimum(age - 15, 6 * block.random.gamma(1.5, 0.6, count)) * sigmoid(
        0.6 + 0.3 * people.patience[shown]
    )
    phone = np.where(people.ring[person] >= 0, 0.1 * block.uniform(count), phone)
    job = np.minimum(age - 17, 5 * block.random.exponential(1, count) * (0.5 + sigmoid(0.5 * k)))
    idle = people.occupation[shown] >= 2
    nobody = block.uniform(count) < 0.15

    def since(years: Floats) -> Ints:
        return happened - np.asarray(np.maximum(years, 0) * 365.25 * DAY, dtype=np.int64)

    return {
        "happened_at": instants(happened),
        "birth_year": ints(start_year - age),
        "education": words(schooling, EDUCATION, nobody),
        "employment": words(people.occupation[shown], OCCUPATIONS),
        "employed_since": instants(since(job), idle | nobody),
        "residence": words(np.where(owner, 0, np.where(age < 26, 2, 1)), RESIDENCE),
        "resident_since": instants(since(years_here)),
        "phone_since": instants(since(phone)),
        "household_size": ints(1 + block.random.poisson(1.4, count)),
        "region": words(people.region[shown], tuple(f"region_{i}" for i in range(100))),
        "sex": words((~people.female[shown]).astype(int), SEX),
        "marital_status": words((block.uniform(count) < sigmoid((age - 31) / 6)) * 1, MARITAL),
        "ethnicity": words(people.minority[shown].astype(int), ETHNICITY),
    }


def _verifications(block: Block) -> list[Emission]:
    people = block.people
    chance = np.where(people.wallet, 0.03, 0.0)[:, None] * block.life.present
    person, month = np.nonzero(block.random.random(chance.shape) < chance)
    count = len(person)
    wrong = np.where(people.ring[person] >= 0, 0.3, 0.04)
    draw = block.uniform(count)
    happened = block.moment(month, 27 * block.uniform(count))
    rows: Rows = {
        "happened_at": instants(happened),
        "element": words(block.random.integers(0, len(ELEMENTS), count), ELEMENTS),
        "result": words(np.select([draw < wrong, draw > 0.93], [1, 2], default=0), RESULTS),
    }
    record = names("V", block.number("verification", count))
    known = happened + 60_000_000
    return [block.publish("verification", rows, record=record, person=person, known_at=known)]


def _transactions(block: Block) -> list[Emission]:
    earned, spent = _income(block), _spending(block)
    person, month, category = (
        np.concatenate(pair) for pair in zip(earned[:3], spent[:3], strict=True)
    )
    amount = np.concatenate([earned[3], spent[3]])
    keep = block.reported(person)
    person, month, category, amount = person[keep], month[keep], category[keep], amount[keep]
    count = len(person)
    day = np.where(category == 0, 24 + person % 3, 27 * block.uniform(count))
    happened = block.moment(month, day)
    channel = np.where(
        category <= 1, 0, np.where(category == 8, 3, block.random.integers(1, 3, count))
    )
    party = np.where(category == 0, person % 50, block.random.integers(0, 400, count))
    rows: Rows = {
        "happened_at": instants(happened),
        "amount_minor": ints(amount),
        "category": words(category, CATEGORIES),
        "channel": words(channel, CHANNELS),
        "counterparty": words(party, _PARTIES, (category == 8) | (party > 380)),
    }
    record = names("T", block.number("transaction", count))
    known = happened + block.random.integers(60_000_000, DAY, count)
    return [block.publish("transaction", rows, record=record, person=person, known_at=known)]


_PARTIES = tuple(f"party_{i}" for i in range(400))


def _income(block: Block) -> tuple[Ints, Ints, Ints, Floats]:
    """A payroll pays each month of work; who is paid in cash shows some of it, unevenly."""
    p, people, life = block.world.parameters, block.people, block.life
    can = life.present & people.wallet[:, None] & ~life.jobless
    payroll = can & (people.occupation != 1)[:, None]
    trade = can & people.informal[:, None] & (block.random.random(can.shape) < 0.45)
    one, one_month = np.nonzero(payroll)
    two, two_month = np.nonzero(trade)
    wage = people.earns(p, one, one_month) * np.exp(0.03 * block.random.normal(size=len(one)))
    takings = people.earns(p, two, two_month) * np.exp(
        -0.6 + 0.6 * block.random.normal(size=len(two))
    )
    return (
        np.concatenate([one, two]),
        np.concatenate([one_month, two_month]),
        np.repeat([0, 1], [len(one), len(two)]),
        np.concatenate([wage, takings]),
    )


def _spending(block: Block) -> tuple[Ints, Ints, Ints, Floats]:
    p, people, life = block.world.parameters, block.people, block.life
    lean = 0.3 * people.capacity + 0.2 * people.appetite - 0.01 * (people.age - 37)
    rate = p["traces.spending_a_month"] * np.exp(lean)[:, None] * (1 - 0.4 * life.jobless)
    rate = rate * (life.present & people.wallet[:, None])
    december = np.arange(rate.shape[1]) % 12 == 11
    rate = rate * np.exp(p.switched("season.spending") * december)
    times = block.random.poisson(rate)
    place = np.repeat(np.arange(times.size), times.ravel())
    person, month = place // times.shape[1], place % times.shape[1]
    weights = np.tile(np.array([30, 18, 12, 6, 12, 2, 12, 8.0]), (len(people), 1))
    weights[:, 5] *= np.exp(-p["traces.gambling_impatience"] * people.patience)
    weights[:, 4] *= np.exp(0.15 * people.appetite)
    weights[:, 3] *= np.exp(0.25 * people.capacity)
    weights[:, 6] *= np.where(people.informal, 2.5, 1.0)
    ladder = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    draw = block.uniform(len(person))
    category = np.zeros(len(person), dtype=np.int64)
    for step in range(7):
        category += draw > ladder[person, step]
    size = np.array([0.012, 0.03, 0.01, 0.12, 0.02, 0.02, 0.05, 0.04])[category]
    amount = people.income[person] * size * np.exp(0.7 * block.random.normal(size=len(person)))
    return person, month, category + 2, -np.maximum(amount, 50)


def _activity(block: Block) -> list[Emission]:
    """Use of services: the young more; its meaning drifts as services spread.

    Among the young those use them who want much; among the old, those who want little.
    """
    p, people, life = block.world.parameters, block.people, block.life
    months = np.arange(block.world.calendar.months)
    turn = p.switched("interactions.activity_appetite") * people.appetite
    lean = -0.02 * (people.age - 37) + turn * np.tanh((37 - people.age) / 8)
    spread = np.exp(p.switched("drift.activity") * (months - 36) / 12)[None, :]
    rate = p["traces.activity_a_month"] * np.exp(lean)[:, None] * spread
    rate = rate * (life.present & people.wallet[:, None])
    times = block.random.poisson(rate)
    place = np.repeat(np.arange(times.size), times.ravel())
    person, month = place // times.shape[1], place % times.shape[1]
    count = len(person)
    idle = block.uniform(count) < 0.35 * sigmoid(-0.4 * people.patience[person])
    scene = np.where(idle, 3, block.random.integers(0, len(SCENES), count))
    device = np.where(
        people.ring[person] >= 0,
        400_000 + people.ring[person] + 1000 * (people.index[0] % 97),
        people.index[person] * 2 + (block.uniform(count) < 0.06),
    )
    scrambled = (device * 2_654_435_761 + block.world.seed % (1 << 40)) % (1 << 40)
    happened = block.moment(month, 27 * block.uniform(count))
    rows: Rows = {
        "happened_at": instants(happened),
        "scene": words(scene, SCENES),
        "device": names("D", scrambled, block.uniform(count) < 0.05),
    }
    record = names("U", block.number("activity", count))
    known = happened + block.random.integers(60_000_000, DAY, count)
    return [block.publish("activity", rows, record=record, person=person, known_at=known)]


def _ties(block: Block) -> list[Emission]:
    """Ties inside communities and beyond them, each told again when its strength changes."""
    people, weak = block.people, block.world.weak
    low, high = people.index[0], people.index[-1] + 1
    span = slice(*np.searchsorted(weak.person, [low, high]))
    near = _strong_ties(block)
    one = np.concatenate([weak.person[span] - low, near[0]])
    two = np.concatenate([weak.other[span], near[1] + low])
    began, changed, strength, later = (
        np.concatenate([far[span], close])
        for far, close in zip(
            (weak.started, weak.changed, weak.strength, weak.later_strength), near[2:], strict=True
        )
    )
    relation = np.where(
        strength < 350, 3, np.where(strength < 550, 2, np.where(strength < 750, 1, 0))
    )
    keep = people.wallet[one]
    first = np.maximum(began, people.arrival[one])
    emissions = []
    for month, force, real in ((first, strength, keep), (changed, later, keep & (changed > first))):
        real = real & (month < block.world.calendar.months)
        emissions.append(
            _publish_ties(block, one[real], two[real], np.maximum(month[real], 0), force[real],
                          relation[real])
        )  # fmt: skip
    return emissions


def _publish_ties(
    block: Block, one: Ints, two: Ints, month: Ints, force: Ints, relation: Ints
) -> Emission:
    count = len(one)
    happened = block.moment(month, 27 * block.uniform(count))
    others, codes = np.unique(two, return_inverse=True)
    labels: pa.Array = identifiers(block.world.numbers[others])
    rows: Rows = {
        "happened_at": instants(happened),
        "other": words(codes, labels),
        "relation": words(relation, RELATIONS),
        "strength_permille": ints(force),
    }
    record = names("R", block.number("tie", count))
    known = happened + block.random.integers(60_000_000, 3 * DAY, count)
    return block.publish("tie", rows, record=record, person=one, known_at=known)


def _strong_ties(block: Block) -> tuple[Ints, ...]:
    """Inside a community, to the likest of a few members; and all through a ring of fraud."""
    p, people, random = block.world.parameters, block.people, block.random
    size = block.world.communities.size[people.community]
    first = block.world.communities.first[people.community] - people.index[0]
    one = np.repeat(np.arange(len(people)), random.poisson(p["traces.strong_ties"], len(people)))
    best = first[one] + (random.random(len(one)) * size[one]).astype(np.int64)
    for _ in range(2):
        rival = first[one] + (random.random(len(one)) * size[one]).astype(np.int64)
        nearer = _unlike(block, one, rival) < _unlike(block, one, best)
        best = np.where(nearer, rival, best)
    one, two = one[one != best], best[one != best]
    member = np.flatnonzero(people.ring >= 0)
    same = people.ring[member][:, None] == people.ring[member][None, :]
    a, b = np.nonzero(np.triu(same, 1))
    one, two = np.concatenate([one, member[a]]), np.concatenate([two, member[b]])
    began = random.integers(-24, block.world.calendar.months, len(one))
    changed = began + random.integers(3, 48, len(one))
    strength = random.integers(200, 1000, len(one))
    later = np.clip(strength + random.integers(-300, 300, len(one)), 0, 1000)
    began = np.maximum(began, np.maximum(people.arrival[one], people.arrival[two]))
    both = np.concatenate([one, two])
    return (
        both, np.concatenate([two, one]),
        *(np.concatenate([x, x]) for x in (began, changed, strength, later)),
    )  # fmt: skip


def _unlike(block: Block, one: Ints, two: Ints) -> Floats:
    people = block.people
    found: Floats = np.abs(people.willingness[one] - people.willingness[two]) + np.abs(
        people.capacity[one] - people.capacity[two]
    )
    return found


def _rule_events(block: Block) -> list[Emission]:
    """What a municipal rule book notes: civic life, where one is watched, some broken promises."""
    p, people, life = block.world.parameters, block.people, block.life
    civic = 0.35 * people.willingness + 0.2 * people.patience
    civic = civic + 0.9 * block.random.normal(size=len(people))
    watched = np.exp(0.5 * block.world.regions[people.region] + 0.3 * people.minority)
    rate = np.minimum(p["traces.rules_a_month"] * watched, 1.0)[:, None] * life.present
    person, month = np.nonzero(block.random.random(rate.shape) < rate)
    count = len(person)
    good = block.uniform(count) < sigmoid(-0.3 + 1.2 * civic[person])
    praise = np.where(block.uniform(count) < 0.85, 0, 1)
    blame = np.where(block.uniform(count) < 0.95, 2, RULES.index("destroying_public_equipment"))
    happened = block.moment(month, 27 * block.uniform(count))
    rule = np.where(good, praise, blame)
    noted = [(person, happened, rule)]
    for name, who, at in block.deeds:
        keep = (block.uniform(len(who)) < p["traces.rules_noted"]) & (
            at >= block.world.calendar.start(people.arrival[who])
        )
        noted.append((who[keep], at[keep], np.full(int(keep.sum()), RULES.index(name))))
    away, left, back = _out_of_the_scheme(block.of("scheme"))
    person, happened, rule = (np.concatenate(parts) for parts in zip(*noted, strict=True))
    inside = (happened < left[person]) | (happened >= back[person])
    again = away[back[away] < block.world.calendar.end]
    person = np.concatenate([person[inside], away, again])
    happened = np.concatenate([happened[inside], left[away], back[again]])
    choice = np.repeat(
        [RULES.index("left_the_scheme"), RULES.index("joined_the_scheme")],
        (len(away), len(again)),
    )
    rule = np.concatenate([rule[inside], choice])
    count = len(person)
    rows: Rows = {"happened_at": instants(happened), "rule": words(rule, RULES)}
    record = names("E", block.number("rule_event", count))
    known = happened + block.delay(count)
    return [block.publish("rule_event", rows, record=record, person=person, known_at=known)]


def _out_of_the_scheme(block: Block) -> tuple[Ints, Ints, Ints]:
    """Who leaves the rule book's scheme, and for each person from when until when they are out."""
    p, people, end = block.world.parameters, block.people, block.world.calendar.end
    away = np.flatnonzero(block.uniform(len(people)) < p["traces.scheme_left"])
    month = people.arrival[away] + np.asarray(
        block.uniform(len(away)) * (block.world.calendar.months - people.arrival[away]),
        dtype=np.int64,
    )
    left = np.full(len(people), end, dtype=np.int64)
    left[away] = block.moment(month, 27 * block.uniform(len(away)))
    returns = block.uniform(len(away)) < p["traces.scheme_joined_again"]
    months_out = 1 + block.random.geometric(1 / 12, len(away))
    back = np.full(len(people), end, dtype=np.int64)
    back[away] = np.where(returns, np.minimum(left[away] + months_out * 30 * DAY, end), end)
    return away, left, back


def _attributes(block: Block) -> list[Emission]:
    """A telephone company's flat table, once a year."""
    people = block.people
    months = np.arange(6, block.world.calendar.months, 12)
    grid_person, grid_month = np.meshgrid(np.arange(len(people)), months, indexing="ij")
    seen = (block.uniform(len(people)) < 0.4)[:, None] & block.life.present[:, months]
    person, month = grid_person[seen], grid_month[seen]
    count = len(person)
    topup = 900 * np.exp(0.3 * people.capacity[person] + 0.5 * block.random.normal(size=count))
    handset = 400 * np.exp(-0.3 * people.capacity[person] + 0.7 * block.random.normal(size=count))
    twice = np.concatenate([person, person])
    happened = np.tile(block.moment(month, np.full(count, 2)), 2)
    nothing = np.ones(2 * count, dtype=bool)
    rows: Rows = {
        "happened_at": instants(happened),
        "name": words(np.repeat([0, 1], count), ATTRIBUTES),
        "number": reals(np.floor(np.concatenate([topup, handset]))),
        "text": Column("text", np.zeros(2 * count, dtype=np.int64), nothing, ("",)),
    }
    record = names("N", block.number("attribute", 2 * count))
    known = happened + 5 * DAY
    rows_known = block.publish(
        "attribute", rows, record=record, person=twice, known_at=known, only=block.reported(twice)
    )
    return [rows_known]
