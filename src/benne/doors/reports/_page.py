"""The page: one HTML file that needs nothing else, for as long as browsers read HTML."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from benne.doors.reports import _appetite, _comparison, _summary
from benne.doors.reports._sections import sections

EMBEDDED_BYTES_MAX = 900_000


def page(facts: Mapping[str, Any]) -> str:
    """The whole report of ``facts`` as HTML: a comparison where it says so, else a validation."""
    compared = facts.get("report") == "comparison"
    name = "comparison" if compared else "report"
    style = _text("report.css") + (_text("comparison.css") if compared else "")
    script = _text(f"{name}.js")
    loader = FunctionLoader(_text)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        loader=loader,
    )  # fmt: skip
    environment.filters["breakable"] = breakable
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template(f"{name}.html").render(
        **_PARTS.get(str(facts.get("report")), _validation)(facts),
        style=Markup(style),  # noqa: S704 (our own file)
        script=Markup(script),  # noqa: S704 (our own file)
        script_hash=digest,
        download=_download(facts),
    )


def _text(name: str) -> str:
    return files("benne.doors.reports").joinpath(name).read_text(encoding="utf-8")


def _validation(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "brand": "validation report",
        "numbers": f"{facts.get('family') or 'validation'}.json",
        "title": _summary.title(facts),
        "lead": _summary.lead(facts),
        "tiles": _summary.tiles(facts),
        "picture": _summary.picture(facts),
        "bands": _summary.bands(facts),
        "made": _summary.made(facts),
        "sections": sections(facts),
    }


def breakable(name: str) -> Markup:
    """A name that may be broken after its underscores, and nowhere else.

    >>> print(breakable("a_b<"))
    a_<wbr>b&lt;
    """
    return Markup("_<wbr>").join(Markup.escape(part) for part in name.split("_"))


def _download(validation: Mapping[str, Any]) -> str:
    """All numbers as a ``data:`` link; empty where that would make the page too heavy."""
    body = json.dumps(validation, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    if len(body) > EMBEDDED_BYTES_MAX:
        return ""
    return "data:application/json;base64," + base64.b64encode(body).decode()


_PARTS = {"comparison": _comparison.parts, "appetite": _appetite.parts}
"""What each report but the validation has on its page."""
