"""The numbers of the society: one commented file, each with its source, each within bounds."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from benne.kernel import InvalidInput

_KEYS = {"is", "from", "at_least", "at_most", "whole"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number, where it comes from, and the bounds within which it can be simulated.

    Raises:
        InvalidInput: the value is not finite, out of its bounds, or not ``whole`` where it must be.
    """

    value: float
    source: str
    at_least: float = -math.inf
    at_most: float = math.inf
    whole: bool = False

    def __post_init__(self) -> None:
        fits = math.isfinite(self.value) and self.at_least <= self.value <= self.at_most
        if not fits or (self.whole and not float(self.value).is_integer()):
            number = "a whole number" if self.whole else "a number"
            raise InvalidInput(
                f"must be {number} from {self.at_least:g} to {self.at_most:g}; got {self.value:g}."
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
            near = get_close_matches(name, self._values, n=3, cutoff=0.6)
            section = [
                known for known in self._values if known.startswith(name.split(".")[0] + ".")
            ]
            sections = [
                f"[{head}]" for head in dict.fromkeys(k.split(".")[0] for k in self._values)
            ]
            raise InvalidInput(
                f"unknown parameter {name!r}; there are {', '.join(near or section or sections)}."
            )
        return self._values[name]

    def whole(self, name: str) -> int:
        """A parameter that counts something, or switches it on."""
        parameter = self.parameter(name)
        assert parameter.whole, name
        return int(parameter.value)

    def switched(self, name: str) -> float:
        """A parameter where the switch ``on`` of its section is on, and 0 where it is off."""
        return self[name] * self[f"{name.partition('.')[0]}.on"]

    def each(self, section: str, names: Iterable[str]) -> npt.NDArray[np.float64]:
        """The numbers of a section, in the order of ``names``."""
        return np.array([self[f"{section}.{name}"] for name in names])

    def change(self, changes: Mapping[str, float]) -> Parameters:
        """These parameters with some of them changed.

        Raises:
            InvalidInput: an unknown name, or a value out of its bounds.
        """
        return self._with({name: (float(value), "changed") for name, value in changes.items()})

    def overlay(self, document: Mapping[str, Any], *, where: str) -> Parameters:
        """These parameters, with those in their place that a parsed TOML ``document`` states.

        The bounds are those of these parameters: a document may repeat them, and cannot move them.

        Raises:
            InvalidInput: an unknown name, a number without its source, or one out of its bounds.
        """
        stated = {
            name: _stated(entry, f"{where}, {name}") for name, entry in _entries(document, where)
        }
        try:
            return self._with(stated)
        except InvalidInput as error:
            raise InvalidInput(f"{where}, {error}") from error

    def _with(self, stated: Mapping[str, tuple[float, str]]) -> Parameters:
        values = dict(self._values)
        for name, (value, source) in stated.items():
            old = self.parameter(name)
            try:
                values[name] = Parameter(value, source, old.at_least, old.at_most, old.whole)
            except InvalidInput as error:
                raise InvalidInput(f"{name} {error}") from error
        return Parameters(values)

    def to_toml(self) -> str:
        """The parameters as text that ``overlay`` reads back."""
        lines = ["schema = 1"]
        section = ""
        for name, parameter in self._values.items():
            head, _, key = name.partition(".")
            if head != section:
                section = head
                lines += ["", f"[{section}]"]
            source = parameter.source.replace("\\", "/").replace('"', "'")
            lines.append(f'{key} = {{ is = {parameter.value!r}, from = "{source}" }}')
        return "\n".join(lines) + "\n"


def parameters_of(document: Mapping[str, Any], *, where: str) -> Parameters:
    """The parameters that a parsed TOML ``document`` states, each with bounds of its own.

    Raises:
        InvalidInput: an unknown key, a number without its source, or one out of its bounds.
    """
    values = {}
    for name, entry in _entries(document, where):
        value, source = _stated(entry, f"{where}, {name}")
        bounds = {key: float(entry[key]) for key in ("at_least", "at_most") if key in entry}
        try:
            values[name] = Parameter(value, source, whole=entry.get("whole", False), **bounds)
        except InvalidInput as error:
            raise InvalidInput(f"{where}, {name} {error}") from error
    return Parameters(values)


def _entries(document: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    if document.get("schema") != 1:
        raise InvalidInput(f"{where}: schema must be 1; got {document.get('schema')!r}.")
    for section, body in document.items():
        if section == "schema":
            continue
        if not isinstance(body, Mapping):
            raise InvalidInput(f"{where}: {section} must be a section, [{section}]; got {body!r}.")
        for key, entry in body.items():
            yield f"{section}.{key}", entry


def _stated(entry: Any, where: str) -> tuple[float, str]:
    fits = isinstance(entry, Mapping) and {"is", "from"} <= set(entry) <= _KEYS
    if not fits or isinstance(entry["is"], bool) or not isinstance(entry["is"], int | float):
        raise InvalidInput(
            f"{where} must say what it is and where that comes from, as in "
            f'{{ is = 3, from = "assumed" }}; '
            f"got {entry!r}."
        )
    return float(entry["is"]), str(entry["from"])


@cache
def standard_parameters() -> Parameters:
    """The society as the project states it."""
    text = files("benne.society").joinpath("parameters.toml").read_text(encoding="utf-8")
    return parameters_of(tomllib.loads(text), where="parameters.toml")
