"""Trained models in the online store: kept for good, so that what they answered can be replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benne.app._bundle import Bundle, bundle_from, read_bundles
from benne.app.stores.online import answers

if TYPE_CHECKING:
    from benne.app.settings import Workspace
    from benne.app.stores.online import Online, Unit


def keep_models(workspace: Workspace, online: Online, *, at: int) -> tuple[str, ...]:
    """Keep every trained family in the store; the families' names.

    Raises:
        NotFound: none was trained yet.
    """
    bundles = read_bundles(workspace.models, workspace.model.families)
    with online.begin() as unit:
        for bundle in bundles:
            answers.keep_model(unit, bundle.artefact.hash, bundle.to_json(), at=at)
    return tuple(bundle.family.name for bundle in bundles)


def kept_model(unit: Unit, artefact: str) -> Bundle:
    """The family whose artefact has this hash.

    Raises:
        NotFound: it was not kept here.
        Corrupt: what was kept is not what was written.
    """
    return bundle_from(answers.model(unit, artefact), where=f"model {artefact[:12]} in the store")
