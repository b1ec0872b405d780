"""Hand-written data into frozen values: every key known, typed and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from benne.kernel._errors import InvalidInput
from benne.kernel._instants import micros, parse_instant


class Reader:
    """One table of a document: values are taken from it by name, and none may be left over."""

    def __init__(self, body: object, where: str) -> None:
        if not isinstance(body, Mapping):
            raise InvalidInput(f"{where} must be a table; got {body!r}.")
        self.where = where
        self._body: dict[str, Any] = dict(body)
        self._known: list[str] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the table has, but those that were taken."""
        return tuple(self._body)

    def _take(self, name: str, default: object) -> Any:
        self._known.append(name)
        if name in self._body:
            return self._body.pop(name)
        if default is ...:
            raise InvalidInput(f"{self.where}: {name} is missing; it must be stated.")
        return default

    def _demand(self, name: str, value: object, expected: type, words: str) -> Any:
        if type(value) is not expected:
            raise InvalidInput(f"{self.where}: {name} must be {words}; got {value!r}.")
        return value

    def text(self, name: str, default: Any = ...) -> Any:
        """The text ``name``, or ``default`` where it is not there."""
        value = self._take(name, default)
        return value if value is default else self._demand(name, value, str, "text")

    def whole(self, name: str, default: Any = ..., *, signed: bool = False) -> Any:
        """The whole number ``name``: 0 or more, but if ``signed``."""
        value = self._take(name, default)
        if value is default:
            return value
        if self._demand(name, value, int, "a whole number") < 0 and not signed:
            raise InvalidInput(f"{self.where}: {name} must be 0 or more; got {value}.")
        return value

    def wholes(self, name: str, default: Any = ...) -> Any:
        """The list of whole numbers ``name``, each 0 or more, as a tuple."""
        value = self._take(name, default)
        if value is default:
            return value
        items = self._demand(name, value, list, "a list of whole numbers")
        if not all(type(item) is int and item >= 0 for item in items):
            raise InvalidInput(
                f"{self.where}: {name} must be a list of whole numbers, 0 or more; got {value!r}."
            )
        return tuple(items)

    def whole_or_text(self, name: str) -> int | str:
        """The whole number ``name``, 0 or more, or a text that says how to come by it."""
        if isinstance(self._body.get(name), str):
            said: str = self.text(name)
            return said
        number: int = self.whole(name)
        return number

    def pairs(self, name: str) -> tuple[tuple[int, int], ...]:
        """The list ``name`` of pairs of whole numbers, such as ``[[600, 9900], [650, 20000]]``."""
        value = self._take(name, ...)
        items = self._demand(name, value, list, "a list of pairs of whole numbers")
        pairs = tuple(tuple(item) if isinstance(item, list) else () for item in items)
        if not all(len(pair) == 2 and all(type(n) is int for n in pair) for pair in pairs):
            raise InvalidInput(
                f"{self.where}: {name} must be a list of pairs of whole numbers; got {value!r}."
            )
        return pairs

    def share(self, name: str, default: Any = ...) -> Any:
        """The share ``name``, a number from 0 to 1."""
        value = self._take(name, default)
        if value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise InvalidInput(f"{self.where}: {name} must be from 0 to 1; got {value!r}.")
        return float(value)

    def flag(self, name: str, default: Any = ...) -> Any:
        """The boolean ``name``."""
        value = self._take(name, default)
        return value if value is default else self._demand(name, value, bool, "true or false")

    def texts(self, name: str, default: Any = ...) -> Any:
        """The list of texts ``name``, as a frozen set."""
        value = self.listed(name, default)
        return value if value is default else frozenset(value)

    def listed(self, name: str, default: Any = ...) -> Any:
        """The list of texts ``name``, in its order."""
        value = self._take(name, default)
        if value is default:
            return value
        items = self._demand(name, value, list, "a list of texts")
        if not all(isinstance(item, str) for item in items):
            raise InvalidInput(f"{self.where}: {name} must be a list of texts; got {value!r}.")
        return tuple(items)

    def one_of(self, name: str, allowed: Iterable[str], default: Any = ...) -> Any:
        """The text ``name``, which is one of ``allowed``."""
        value = self.text(name, default)
        if value is not default and value not in (known := tuple(allowed)):
            raise InvalidInput(
                f"{self.where}: {name} must be one of {', '.join(known)}; got {value!r}."
            )
        return value

    def some_of(self, name: str, allowed: Iterable[str], default: Any = ...) -> Any:
        """The list ``name``, each item one of ``allowed``."""
        values = self.texts(name, default)
        unknown = [] if values is default else sorted(values - set(known := tuple(allowed)))
        if unknown:
            raise InvalidInput(
                f"{self.where}: {name} must be of {', '.join(known)}; got {unknown[0]!r}."
            )
        return values

    def instant(self, name: str, default: Any = ...) -> Any:
        """The instant ``name`` in microseconds, from a date, an instant or ISO 8601 text."""
        value = self._take(name, default)
        if value is default:
            return value
        if isinstance(value, datetime):
            return micros(value)
        if isinstance(value, date):
            return micros(datetime(value.year, value.month, value.day, tzinfo=UTC))
        return parse_instant(self._demand(name, value, str, "a date or an instant"))

    def table(self, name: str) -> Reader | None:
        """The table ``name``; ``None`` where it is not there."""
        value = self._take(name, None)
        return None if value is None else Reader(value, f"{self.where}, {name}")

    def tables(self, name: str) -> list[Reader] | None:
        """The list of tables ``name``; ``None`` where it is not there."""
        value = self._take(name, None)
        if value is None:
            return None
        self._demand(name, value, list, "a list of tables")
        return [Reader(body, f"{self.where}, {name} {i}") for i, body in enumerate(value, 1)]

    def schema(self, number: int) -> None:
        """Demand that ``schema`` is ``number``."""
        if (found := self.whole("schema")) != number:
            raise InvalidInput(
                f"{self.where}: schema must be {number}; got {found}; "
                "a newer file needs a newer Benne."
            )

    def done(self) -> None:
        """Demand that every key was read."""
        if self._body:
            known = ", ".join(sorted(self._known))
            raise InvalidInput(
                f"{self.where}: unknown key {sorted(self._body)[0]!r}; the keys are {known}."
            )
