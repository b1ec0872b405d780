"""Money: int64 minor units of one currency a workspace."""

from __future__ import annotations

from dataclasses import dataclass

from benne.kernel._errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency by its ISO 4217 code and the decimal digits of its minor unit.

    >>> Currency("NGN", 2).text(1725000)
    'NGN 17,250.00'
    """

    code: str
    digits: int = 2

    def __post_init__(self) -> None:
        if not (len(self.code) == 3 and self.code.isascii() and self.code.isupper()):
            raise InvalidInput(
                f"a currency is three capital letters, as in EUR; got {self.code!r}."
            )
        if not 0 <= self.digits <= 4:
            raise InvalidInput(f"a currency has 0 to 4 minor digits; got {self.digits}.")

    def text(self, amount_minor: int) -> str:
        """``amount_minor`` for a person to read."""
        sign = "-" if amount_minor < 0 else ""
        whole, rest = divmod(abs(amount_minor), 10**self.digits)
        fraction = f".{rest:0{self.digits}d}" if self.digits else ""
        return f"{sign}{self.code} {whole:,}{fraction}"
