"""Reports as self-contained HTML: a plain dict in, one page out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["render"]


def render(validation: Mapping[str, Any]) -> str:
    """The report of one ``validation.json`` as one HTML file that opens without a network.

    Whatever is null or missing in ``validation`` is said to be so, with its reason.  The
    drawing libraries are loaded on the first call, not on import.
    """
    from benne.doors.reports._page import page

    return page(validation)
