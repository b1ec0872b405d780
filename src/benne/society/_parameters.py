"""The numbers of the society: one commented file, each with its source, each within bounds."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from benne.kernel import InvalidInput

_KEYS = {"is", "from", "at_least", "at_most"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number, where it comes from, and the bounds within which it can be simulated."""

    value: float
    source: str
    at_least: float = -math.inf
    at_most: float = math.inf

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.at_least <= self.value <= self.at_most):
            raise InvalidInput(
                f"must be a number from {self.at_least:g} to {self.at_most:g}; got {self.value!r}."
            )


class Parameters:
    """All numbers of a society, by ``section.name``.

    >>> standard_parameters()["people.minority_share"]
    0.22
    """

    def __init__(self, values: Mapping[str, Parameter]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> float:
        return self.parameter(name).value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def parameter(self, name: str) -> Parameter:
        """The parameter ``name`` with its source.  Raises ``InvalidInput`` where there is none."""
        if name not in self._values:
            raise InvalidInput(f"unknown parameter {name!r}; there are {', '.join(self._values)}.")
        return self._values[name]

    def whole(self, name: str) -> int:
        """A parameter that counts something."""
        value = self[name]
        if not float(value).is_integer():
            raise InvalidInput(f"{name} must be a whole number; got {value!r}.")
        return int(value)

    def change(self, changes: Mapping[str, float]) -> Parameters:
        """These parameters with some of them changed.

        Raises:
            InvalidInput: an unknown name, or a value out of its bounds.
        """
        values = dict(self._values)
        for name, value in changes.items():
            old = self.parameter(name)
            try:
                values[name] = Parameter(float(value), "changed", old.at_least, old.at_most)
            except InvalidInput as error:
                raise InvalidInput(f"{name} {error}") from error
        return Parameters(values)

    def to_toml(self) -> str:
        """The parameters as text that ``parameters_of`` reads back."""
        lines = ["schema = 1"]
        section = ""
        for name, parameter in self._values.items():
            head, _, key = name.partition(".")
            if head != section:
                section = head
                lines += ["", f"[{section}]"]
            bounds = "".join(
                f", {word} = {bound!r}"
                for word, bound in (
                    ("at_least", parameter.at_least),
                    ("at_most", parameter.at_most),
                )
                if math.isfinite(bound)
            )
            source = parameter.source.replace('"', "'")
            lines.append(f'{key} = {{ is = {parameter.value!r}, from = "{source}"{bounds} }}')
        return "\n".join(lines) + "\n"


def parameters_of(document: Mapping[str, Any], *, where: str) -> Parameters:
    """The parameters that a parsed TOML ``document`` states.

    Raises:
        InvalidInput: an unknown key, a number without its source, or one out of its bounds.
    """
    if document.get("schema") != 1:
        raise InvalidInput(f"{where}: schema must be 1; got {document.get('schema')!r}.")
    values = {}
    for section, body in document.items():
        if section == "schema":
            continue
        for key, entry in body.items():
            values[f"{section}.{key}"] = _parameter(entry, f"{where}, {section}.{key}")
    return Parameters(values)


def _parameter(entry: Any, where: str) -> Parameter:
    if not isinstance(entry, Mapping) or not {"is", "from"} <= set(entry) <= _KEYS:
        raise InvalidInput(
            f"{where} must be a table of is, from and, where it has bounds, at_least and at_most; "
            f"got {entry!r}."
        )
    bounds = {key: float(entry[key]) for key in ("at_least", "at_most") if key in entry}
    try:
        return Parameter(float(entry["is"]), str(entry["from"]), **bounds)
    except InvalidInput as error:
        raise InvalidInput(f"{where} {error}") from error


@cache
def standard_parameters() -> Parameters:
    """The society as the project states it."""
    text = files("benne.society").joinpath("parameters.toml").read_text(encoding="utf-8")
    return parameters_of(tomllib.loads(text), where="parameters.toml")
