"""Checks: a feature against the kinds it reads, before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from benne.evidence import Kind
from benne.features._aggregates import OPERATORS
from benne.features._algebra import (
    TIES,
    Aggregate,
    Ahead,
    Atom,
    Feature,
    Neighbours,
    Past,
    State,
)
from benne.kernel import (
    DOMAINS,
    Call,
    Column,
    Constant,
    Expression,
    InvalidInput,
    Type,
    as_number,
    type_of,
    unified,
)

HIDDEN = frozenset({"subject", "superseded_at", "batch"})
"""What no feature may read: who it is, what was known only later, and when we stored it."""

_DOMAIN = "domain:"
_FARTHEST_DAYS = 36_525


@dataclass(frozen=True, slots=True)
class Checked:
    """A feature that fits its kinds, ready to be computed.

    ``domains`` are computed from its lineage, in the order of the score's dimensions; a feature
    of two is *paired*.  ``atoms`` are typed and cast; ``value`` reads them as the columns
    ``atom_0``, ``atom_1`` and so on.  Of ``Neighbours`` they are a neighbour's, a whole number, and
    the domain is that of the ties.
    """

    feature: Feature
    type: Type
    domains: tuple[str, ...]
    atoms: tuple[Atom, ...]
    atom_types: tuple[Type, ...]
    value: Expression

    @property
    def paired(self) -> bool:
        """Whether it reads kinds of two domains."""
        return len(self.domains) > 1


def readable_columns(kind: Kind) -> dict[str, Type]:
    """The columns of ``kind`` that a feature may read, with their types."""
    return {name: of for name, of in kind.types.items() if name not in HIDDEN}


def check(feature: Feature, kinds: Mapping[str, Kind]) -> Checked:
    """``feature`` typed against ``kinds`` (by name).

    Raises:
        InvalidInput: an unknown kind or column (what is available stands in the message), a
            protected column, a type that an operator or aggregate does not take, a window that
            does not fit the kind, or kinds of more than two domains.
    """
    try:
        return _checked(feature, kinds)
    except InvalidInput as error:
        raise InvalidInput(f"feature {feature.name!r}: {error}") from error


def _checked(feature: Feature, kinds: Mapping[str, Kind]) -> Checked:
    if isinstance(feature.value, Neighbours):
        return _checked_neighbours(feature, feature.value, kinds)
    value, result, atoms, types = _typed(feature.value, feature.atoms, kinds)
    wanted = "text" if feature.category else "a number"
    if result is None or (result == "text") != feature.category or result in ("bool", "instant"):
        raise InvalidInput(
            f"its value must be {wanted}; it is {result or 'always null'}; "
            "use as_number for a condition and days_between for an instant."
        )
    return Checked(feature, result, _domains(feature, kinds), atoms, types, value)


def _checked_neighbours(feature: Feature, value: Neighbours, kinds: Mapping[str, Kind]) -> Checked:
    """What a neighbour's value must be: a whole number, or of a share a condition."""
    if TIES not in kinds:
        raise InvalidInput(f"it reads neighbours, and there is no kind {TIES!r}.")
    of, result, atoms, types = _typed(value.of, feature.atoms, kinds)
    wanted = "bool" if value.aggregate is Aggregate.SHARE else "int"
    if result != wanted and not (result == "bool" and value.aggregate is Aggregate.COUNT):
        said = "a condition" if wanted == "bool" else "a whole number"
        raise InvalidInput(
            f"{value.aggregate} over neighbours takes {said}; theirs is {result or 'always null'}; "
            "a share takes a comparison, the others a count, a sum, a max of whole numbers."
        )
    if not atoms:
        raise InvalidInput("a neighbour's value must read some kind of evidence.")
    if result == "bool":
        of = as_number(of)
    exact: Type = "float" if value.aggregate in (Aggregate.MEAN, Aggregate.SHARE) else "int"
    return Checked(feature, exact, (kinds[TIES].domain,), atoms, types, of)


def _typed(
    value: Expression, leaves: tuple[Atom, ...], kinds: Mapping[str, Kind]
) -> tuple[Expression, Type | None, tuple[Atom, ...], tuple[Type, ...]]:
    """``value`` over the columns of its atoms, its type, and the atoms with theirs."""
    atoms, types = [], []
    for atom in leaves:
        typed, of = _check_atom(atom, kinds)
        atoms.append(typed)
        types.append(of)
    names: dict[Expression, str] = {atom: f"atom_{i}" for i, atom in enumerate(leaves)}
    columns = {f"atom_{i}": of for i, of in enumerate(types)}
    made = unified(_with_columns(value, names), columns)
    return made, type_of(made, columns), tuple(atoms), tuple(types)


def _with_columns(node: Expression, names: Mapping[Expression, str]) -> Expression:
    if isinstance(node, Atom):
        return Column(names[node])
    if isinstance(node, Call):
        return Call(node.operator, tuple(_with_columns(part, names) for part in node.arguments))
    if isinstance(node, Column):
        raise InvalidInput(f"column {node.name!r} must stand inside an atom, which names its kind.")
    if isinstance(node, Neighbours):
        raise InvalidInput(
            "neighbours must be a feature's whole value, and theirs reads no neighbours; "
            "make a feature of each."
        )
    return node


def _domains(feature: Feature, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    found = set()
    for name in feature.lineage:
        domain = kinds[name].domain
        if domain == "declared":
            tagged = [tag.removeprefix(_DOMAIN) for tag in feature.tags if tag.startswith(_DOMAIN)]
            if len(tagged) != 1 or tagged[0] not in DOMAINS:
                raise InvalidInput(
                    f"it reads {name!r}, which has no domain of its own; tag the feature with "
                    f"one of {', '.join(_DOMAIN + d for d in DOMAINS)}."
                )
            domain = tagged[0]
        found.add(domain)
    if not 1 <= len(found) <= 2:
        raise InvalidInput(
            f"it must read kinds of one domain, or of two (a paired term); got "
            f"{', '.join(sorted(found)) or 'no kind at all'}."
        )
    order = (*DOMAINS, *sorted(found))
    return tuple(sorted(found, key=order.index))


# --- atoms -------------------------------------------------------------------------------


def _check_atom(atom: Atom, kinds: Mapping[str, Kind]) -> tuple[Atom, Type]:
    if atom.kind not in kinds:
        raise InvalidInput(f"unknown kind {atom.kind!r}; there are {', '.join(sorted(kinds))}.")
    kind = kinds[atom.kind]
    columns = readable_columns(kind)
    for node in (atom.value, atom.where):
        _demand_readable(node, kind, columns)
    _check_window(atom, kind, columns)
    where = None
    if atom.where is not None:
        where = unified(atom.where, columns)
        if type_of(where, columns) not in ("bool", None):
            raise InvalidInput(f"a filter over {kind.name!r} must be a condition.")
    value, result = _check_value(atom, kind, columns)
    return replace(atom, value=value, where=where), result


def _demand_readable(node: Expression | None, kind: Kind, columns: Mapping[str, Type]) -> None:
    if isinstance(node, Call):
        for part in node.arguments:
            _demand_readable(part, kind, columns)
    elif isinstance(node, Column) and node.name not in columns:
        if any(column.name == node.name and column.group for column in kind.columns):
            raise InvalidInput(
                f"column {node.name!r} of {kind.name!r} is protected; it is kept for fairness "
                "figures and is never a feature."
            )
        raise InvalidInput(
            f"{kind.name!r} has no column {node.name!r} that a feature may read; "
            f"there are {', '.join(sorted(columns))}."
        )


def _check_window(atom: Atom, kind: Kind, columns: Mapping[str, Type]) -> None:
    window = atom.window
    if isinstance(window, State):
        _demand_readable(Column(window.by), kind, columns)
        if columns[window.by] == "float":
            raise InvalidInput(f"state_by must not be a double; {window.by!r} is one.")
        return
    if isinstance(window, Ahead) and not kind.ahead:
        raise InvalidInput(
            f"{kind.name!r} is not known ahead; only a kind that declares ahead = true has "
            "records after as_of."
        )
    days = window.days
    if isinstance(window, Past) and days is None:
        return
    if days is None or not 0 < days <= _FARTHEST_DAYS:
        raise InvalidInput(f"a window must be 1 to {_FARTHEST_DAYS} days; got {days}.")


def _check_value(
    atom: Atom, kind: Kind, columns: Mapping[str, Type]
) -> tuple[Expression | None, Type]:
    name, operator = atom.aggregate.value, OPERATORS[atom.aggregate]
    is_quantile = atom.aggregate is Aggregate.QUANTILE
    if is_quantile != (atom.q_permille is not None):
        raise InvalidInput("a quantile takes q_permille, and no other aggregate does.")
    if atom.q_permille is not None and not 0 <= atom.q_permille <= 1000:
        raise InvalidInput(f"q_permille must be 0 to 1000; got {atom.q_permille}.")
    if atom.value is None:
        if operator.needs_value:
            raise InvalidInput(f"{name} over {kind.name!r} needs a value.")
        assert operator.gives is not None
        return None, operator.gives
    value = unified(atom.value, columns)
    of = type_of(value, columns)
    if of is None or (operator.takes is not None and of not in operator.takes):
        raise InvalidInput(
            f"{name} takes {' or '.join(sorted(operator.takes or ())) or 'a value'}; "
            f"its value over {kind.name!r} is {of or 'always null'}"
            + ("; a double may only go into min, max, latest and first." if of == "float" else ".")
        )
    if of == "float":
        value = Call("add", (value, Constant(0.0)))  # makes -0.0 the 0.0 that it equals
    return value, operator.gives or of
