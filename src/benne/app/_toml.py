"""A table of TOML as a frozen dataclass: each key is known, typed and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from benne.kernel import InvalidInput

T = TypeVar("T")


def table(cls: type[T], body: Any, where: str) -> T:
    """``body``, a TOML table, as the frozen dataclass ``cls``; each key is checked.

    Raises:
        InvalidInput: a key is unknown, missing or of another type, or the class refuses what is
            stated; the message starts with ``where``.
    """
    if not isinstance(body, Mapping):
        raise InvalidInput(f"{where} must be a table; got {body!r}.")
    specs = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    no_unknown(body, specs, where)
    types = get_type_hints(cls)
    values = {}
    for name, spec in specs.items():
        if name in body:
            values[name] = _value(body[name], types[name], f"{where}: {name}")
        elif spec.default is MISSING and spec.default_factory is MISSING:
            raise InvalidInput(f"{where}: {name} is missing; it must be stated.")
    try:
        return cls(**values)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error}") from error


def no_unknown(body: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Demand that ``body`` has no key but the ``known``.

    Raises:
        InvalidInput: it has; the message names the key, where it stands, and those there are.
    """
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise InvalidInput(
            f"{where}: unknown key {unknown[0]!r}; the keys are {', '.join(sorted(known))}."
        )


_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _value(value: Any, expected: Any, where: str) -> Any:
    options = [expected]
    if get_origin(expected) in (Union, UnionType):
        options = [option for option in get_args(expected) if option is not type(None)]
    for option in options:
        if get_origin(option) is tuple and isinstance(value, list):
            item = get_args(option)[0]
            return tuple(_value(part, item, f"{where}[{n}]") for n, part in enumerate(value))
        if is_dataclass(option) and isinstance(value, Mapping):
            return table(option, value, where)  # type: ignore[arg-type]  # it is a class
        if option is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if type(value) is option:
            return value
    words = " or ".join(_word(option) for option in options)
    raise InvalidInput(f"{where} must be {words}; got {value!r}.")


def _word(option: Any) -> str:
    if get_origin(option) is tuple:
        return "a list"
    return "a table" if is_dataclass(option) else _WORDS.get(option, str(option))
