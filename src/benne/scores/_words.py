"""A person's own value, in words."""

from __future__ import annotations

import math
from typing import Any

from benne.features import Feature
from benne.kernel import Currency

_BIN = ": a bin of its own"


def value_in_words(value: Any, feature: Feature | None, currency: Currency | None = None) -> str:
    """``value`` of ``feature`` as a person would say it; what absence means where it is absent.

    >>> value_in_words(3, None), value_in_words(0.125, None)
    ('3', '0.125')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "nothing on record" if feature is None else feature.absent.removesuffix(_BIN)
    if isinstance(value, str) or feature is None or feature.category:
        return _plain(value)
    return _in_unit(value, feature.unit, currency)


def _in_unit(value: float, unit: str, currency: Currency | None) -> str:
    match unit:
        case "minor":
            return _money(value, currency)
        case "minor_per_day":
            return f"{_money(value, currency)} a day"
        case "days":
            return _days(value)
        case "years":
            return f"{_plain(value)} year{'' if value == 1 else 's'}"
        case "share":
            return f"{_plain(round(value * 100, 1))} %"
        case "ratio":
            return _plain(round(value, 3))
        case "count":
            return _plain(value)
        case "days_per_day":
            return f"{_plain(round(value, 3))} days more each day"
    return f"{_plain(value)} {unit}".strip()


def _money(value: float, currency: Currency | None) -> str:
    amount = round(value)
    return f"{amount:,} (minor units)" if currency is None else currency.text(amount)


def _days(value: float) -> str:
    text = f"{_plain(round(value, 1))} day{'' if value == 1 else 's'}"
    if abs(value) >= 730:
        return f"{text} (about {value / 365.25:.0f} years)"
    if abs(value) >= 90:
        return f"{text} (about {value / 30.4375:.0f} months)"
    return text


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value.replace("_", " ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.6g}"
    return f"{int(value):,}"
