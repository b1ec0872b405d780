"""The in-process form of a plan: one person's records, in plain Python, a column at a time.

Each kind is walked once: its records are put in order, every distinct row expression is computed
once as a list, every distinct (filter, value) becomes a list of what it keeps, and a window
is a slice of that, found by bisection.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from benne.evidence import History, Kind, View, column_of, seen
from benne.features._aggregates import OPERATORS, Run
from benne.features._algebra import Ahead, Atom, State, Window
from benne.features._checks import Checked
from benne.kernel import (
    FUNCTIONS,
    MICROS_PER_DAY,
    AsOf,
    Call,
    Column,
    Constant,
    Evaluator,
    Expression,
    Row,
    Value,
    evaluator,
)
from benne.rights import Permit

List: TypeAlias = "list[Any]"


# --- row expressions, a column at a time ---------------------------------------------------


@dataclass(slots=True)
class _Sheet:
    """One kind's rows at one ``as_of``, in ``order``, each column computed when first asked."""

    rows: Sequence[Row]
    order: list[int]
    as_of: int
    columns: dict[int, List] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.order)

    def column(self, name: str) -> List:
        """The values of a column of the kind, in order."""
        values = column_of(self.rows, name)
        return [values[i] for i in self.order]


class _Columns:
    """Row expressions, each numbered once, with how its column is filled."""

    def __init__(self) -> None:
        self._numbers: dict[Expression, int] = {}
        self._fillers: list[Callable[[_Sheet], List]] = []

    def add(self, node: Expression) -> int:
        """The number of ``node``."""
        if node not in self._numbers:
            filler = self._filler(node)
            self._numbers[node] = len(self._fillers)
            self._fillers.append(filler)
        return self._numbers[node]

    def column(self, number: int, sheet: _Sheet) -> List:
        """The values of expression ``number`` in each row."""
        found = sheet.columns.get(number)
        if found is None:
            found = sheet.columns[number] = self._fillers[number](sheet)
        return found

    def _filler(self, node: Expression) -> Callable[[_Sheet], List]:
        if isinstance(node, Column):
            name = node.name
            return lambda sheet: sheet.column(name)
        if isinstance(node, AsOf):
            return lambda sheet: [sheet.as_of] * len(sheet)
        if isinstance(node, Constant):
            value = node.value
            return lambda sheet: [value] * len(sheet)
        assert isinstance(node, Call)
        numbers = [self.add(argument) for argument in node.arguments]
        function, column = _over_columns(node.operator), self.column
        return lambda sheet: function(*[column(number, sheet) for number in numbers])


def _over_columns(operator: str) -> Callable[..., List]:
    """What ``operator`` does to columns; the commonest without a call for each row."""
    if operator in _QUICK:
        return _QUICK[operator]
    function = FUNCTIONS[operator]
    return lambda *columns: list(map(function, *columns))


_QUICK: dict[str, Callable[..., List]] = {
    "less": lambda a, b: [
        None if x is None or y is None else x < y for x, y in zip(a, b, strict=True)
    ],
    "at_most": lambda a, b: [
        None if x is None or y is None else x <= y for x, y in zip(a, b, strict=True)
    ],
    "greater": lambda a, b: [
        None if x is None or y is None else x > y for x, y in zip(a, b, strict=True)
    ],
    "at_least": lambda a, b: [
        None if x is None or y is None else x >= y for x, y in zip(a, b, strict=True)
    ],
    "equal": lambda a, b: [
        None if x is None or y is None else x == y for x, y in zip(a, b, strict=True)
    ],
    "differ": lambda a, b: [
        None if x is None or y is None else x != y for x, y in zip(a, b, strict=True)
    ],
    "not": lambda a: [None if x is None else not x for x in a],
    "is_null": lambda a: [x is None for x in a],
    "coalesce": lambda *columns: (
        columns[0] if None not in columns[0] else list(map(FUNCTIONS["coalesce"], *columns))
    ),
    "if_else": lambda test, a, b: [x if t else y for t, x, y in zip(test, a, b, strict=True)],
    "days_between": lambda a, b: [
        None if x is None or y is None else (y - x) // MICROS_PER_DAY
        for x, y in zip(a, b, strict=True)
    ],
    "as_number": lambda a: [None if x is None else int(x) for x in a],
    "as_double": lambda a: [None if x is None else float(x) for x in a],
}


# --- atoms -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Series:
    """What a filter and a value keep: positions of rows, values, instants; all in order."""

    positions: Sequence[int]
    values: List
    instants: list[int]


@dataclass(frozen=True, slots=True)
class _AtomStep:
    """An atom, with the numbers of its window and series."""

    window: int
    series: int
    run: Callable[[Run], Value]
    q_permille: int


class KindWalk:
    """The atoms of one kind, ready to be computed for any person."""

    def __init__(self, kind: Kind, atoms: Iterable[Atom]) -> None:
        self.kind = kind
        self._columns = _Columns()
        self._series: dict[tuple[int | None, int | None], int] = {}
        self._windows: dict[Window, int] = {}
        self._steps = [self._step(atom) for atom in atoms]
        self._hull = _hull(self._windows)
        self._over_nothing = self._computed((), 0)

    def _step(self, atom: Atom) -> _AtomStep:
        where = None if atom.where is None else self._columns.add(atom.where)
        value = None if atom.value is None else self._columns.add(atom.value)
        series = self._series.setdefault((where, value), len(self._series))
        window = self._windows.setdefault(atom.window, len(self._windows))
        run = OPERATORS[atom.aggregate].run
        return _AtomStep(window, series, run, atom.q_permille or 0)

    def compute(self, rows: Sequence[Row], as_of: int) -> list[Value]:
        """Each atom's value, in order, over what a view shows of the kind."""
        return self._computed(rows, as_of) if rows else self._over_nothing

    def _computed(self, rows: Sequence[Row], as_of: int) -> list[Value]:
        sheet, instants = self._sheet(rows, as_of)
        frames = [_frame(self.kind, window, sheet, instants) for window in self._windows]
        series = [self._keep(sheet, instants, *key) for key in self._series]
        return [
            step.run(_run(series[step.series], frames[step.window], as_of, step.q_permille))
            for step in self._steps
        ]

    def _sheet(self, rows: Sequence[Row], as_of: int) -> tuple[_Sheet, list[int]]:
        """The rows that lie in the hull of the windows, in order, and their instants."""
        name, (back, ahead) = self.kind.window, self._hull
        end = as_of + ahead
        start = None if back is None else as_of - back
        instants: List = column_of(rows, name)
        inside = [
            i
            for i, t in enumerate(instants)
            if t is not None and t < end and (start is None or t >= start)
        ]
        order = _in_order(rows, inside, (name, "known_at"))
        return _Sheet(rows, order, as_of), [instants[i] for i in order]

    def _keep(
        self, sheet: _Sheet, instants: list[int], where: int | None, value: int | None
    ) -> _Series:
        positions: Sequence[int] = range(len(instants))
        if where is not None:
            flags = self._columns.column(where, sheet)
            positions = [i for i in positions if flags[i] is True]
        if value is None:
            return (
                _Series(positions, instants, instants)
                if where is None
                else _Series(positions, [], [instants[i] for i in positions])
            )
        values = self._columns.column(value, sheet)
        if where is None and None not in values:
            return _Series(positions, values, instants)
        positions = [i for i in positions if values[i] is not None]
        return _Series(positions, [values[i] for i in positions], [instants[i] for i in positions])


def _in_order(rows: Sequence[Row], positions: list[int], by: tuple[str, ...]) -> list[int]:
    """The positions in order of the columns ``by``; of ties, by record and source as well."""
    keys: List = list(zip(*(column_of(rows, name) for name in by), strict=True))
    if len({keys[i] for i in positions}) < len(positions) and "record" not in by:
        return _in_order(rows, positions, (*by, "record", "source"))
    return sorted(positions, key=keys.__getitem__)


def _hull(windows: Iterable[Window]) -> tuple[int | None, int]:
    """How far back (``None``: all time) and ahead any of the windows reaches, microseconds."""
    back: int | None = 0
    ahead = 0
    for window in windows:
        if isinstance(window, Ahead):
            ahead = max(ahead, window.days)
        elif isinstance(window, State) or window.days is None:
            back = None
        elif back is not None:
            back = max(back, window.days)
    return None if back is None else back * MICROS_PER_DAY, ahead * MICROS_PER_DAY


_Frame: TypeAlias = "tuple[int, int] | frozenset[int]"
"""Where a window lies: from a position up to another, or a set of positions."""


def _frame(kind: Kind, window: Window, sheet: _Sheet, instants: list[int]) -> _Frame:
    now = bisect_left(instants, sheet.as_of)
    if isinstance(window, State):
        return _last_of_each(kind, window.by, sheet, now)
    if isinstance(window, Ahead):
        return now, bisect_left(instants, sheet.as_of + window.days * MICROS_PER_DAY)
    if window.days is None:
        return 0, now
    return bisect_left(instants, sheet.as_of - window.days * MICROS_PER_DAY), now


def _last_of_each(kind: Kind, by: str, sheet: _Sheet, now: int) -> frozenset[int]:
    own = any(c.name == by and c.refers for c in kind.columns)
    named = sheet.column(by)[:now]
    sources = sheet.column("source")[:now] if own else [None] * now
    last = {key: i for i, key in enumerate(zip(named, sources, strict=True))}
    return frozenset(last.values())


def _run(series: _Series, frame: _Frame, as_of: int, q_permille: int) -> Run:
    positions = series.positions
    if isinstance(frame, tuple):
        low, high = bisect_left(positions, frame[0]), bisect_left(positions, frame[1])
        return Run(series.values, series.instants, low, high, as_of, q_permille)
    chosen = [i for i, position in enumerate(positions) if position in frame]
    values = [series.values[i] for i in chosen] if series.values else []
    instants = [series.instants[i] for i in chosen]
    return Run(values, instants, 0, len(chosen), as_of, q_permille)


# --- features ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _FeatureStep:
    """A feature: the places of its atoms among all, by the names its value reads them under.

    One that is an atom, and nothing is done to it, has no ``value``.
    """

    name: str
    places: tuple[tuple[str, int], ...]
    value: Evaluator | None

    def over(self, values: Sequence[Value], as_of: int) -> Value:
        """The feature, of the values of all atoms."""
        if self.value is None:
            return values[self.places[0][1]]
        return self.value({name: values[i] for name, i in self.places}, as_of)


@dataclass(frozen=True, slots=True)
class Walk:
    """All features of a plan, ready to be computed for any person."""

    kinds: tuple[KindWalk, ...]
    features: tuple[_FeatureStep, ...]

    @classmethod
    def of(cls, checked: Iterable[Checked], kinds: Mapping[str, Kind]) -> Walk:
        """Build every closure once."""
        checked = tuple(checked)
        atoms = tuple(dict.fromkeys(atom for one in checked for atom in one.atoms))
        by_kind = {
            name: [atom for atom in atoms if atom.kind == name]
            for name in dict.fromkeys(atom.kind for atom in atoms)
        }
        walks = tuple(KindWalk(kinds[name], own) for name, own in by_kind.items())
        places = {atom: i for i, atom in enumerate(a for own in by_kind.values() for a in own)}
        return cls(
            walks,
            tuple(
                _FeatureStep(
                    one.feature.name,
                    tuple((f"atom_{i}", places[atom]) for i, atom in enumerate(one.atoms)),
                    None if isinstance(one.value, Column) else evaluator(one.value),
                )
                for one in checked
            ),
        )

    def compute(
        self, history: History, permit: Permit, view: View, kinds: Mapping[str, Kind]
    ) -> dict[str, Value]:
        """The value of each feature; ``None`` where it is absent."""
        shown = {
            walk.kind.name: seen(walk.kind, history, permit, view, kinds=kinds)
            for walk in self.kinds
        }
        return self.over(shown, view.as_of)

    def over(self, shown: Mapping[str, Sequence[Row]], as_of: int) -> dict[str, Value]:
        """The same over what a view has ``shown`` of each kind already."""
        values: list[Value] = []
        for walk in self.kinds:
            values += walk.compute(shown[walk.kind.name], as_of)
        return {step.name: step.over(values, as_of) for step in self.features}
