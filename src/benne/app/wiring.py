"""The composition root: the one place that reads the clock, the environment and randomness."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from benne.app.settings import Workspace, read_workspace
from benne.app.stores._files import workspace_key
from benne.kernel import InvalidInput, NotFound, micros
from benne.rights import Permit, permit_on_basis

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores import Lake

ENVIRONMENT = {
    "BENNE_SIGN_IN_SECRET": "the service's secret at the provider of people's sign-in",
    "BENNE_WORKSPACE": "the workspace that each process of a deployment serves",
    "BENNE_WORKERS": "how many processes of a deployment share this machine, and the rate limits",
    "BENNE_DATABASE": "URL of the service's database (default: benne.db in the workspace)",
    "BENNE_POSTGRES": "URL of the PostgreSQL whose tables [postgres] of benne.toml names",
    "BENNE_THREADS": "threads that a query may use (default: the machine's cores, 4 at most)",
    "BENNE_MEMORY": "memory that a query may use before it spills to disk (default: 3GB)",
}
"""Every environment variable that Benne reads, and what it means."""

_PERMIT_LIFE = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Session:
    """A workspace in use: with its data, its key, a clock, and the machine's share."""

    workspace: Workspace
    data: Path
    key: bytes
    clock: Callable[[], int]
    threads: int
    memory: str
    postgres: str | None = None

    def lake(self, *, read_only: bool = False) -> Lake:
        """The workspace's lake, open; a context manager.

        Raises:
            Conflict: another process holds it.
            NotFound: it is to be read only, and is not there.
        """
        if read_only and not self.workspace.lake.exists():
            raise NotFound(f"{self.workspace.lake} is not there yet; benne ingest makes it.")
        from benne.app.stores import Lake

        return Lake.open(
            self.workspace.lake,
            kinds=self.workspace.kinds,
            read_only=read_only,
            threads=self.threads,
            memory=self.memory,
            erasure_key=hmac.new(self.key, b"benne key for erased records", sha256).digest(),
        )

    def permit(self, purpose: str) -> Permit:
        """A day's permit on the lawful basis that the workspace states.

        Raises:
            NotPermitted: a rule of the workspace's jurisdiction closes the purpose today.
        """
        now, rights = self.clock(), self.workspace.rights
        return permit_on_basis(
            self.workspace.lawful_basis,
            purpose=purpose,
            jurisdiction=rights.jurisdiction,
            issued_at=now,
            expires_at=now + _PERMIT_LIFE,
            asking=rights.asking,
            warned=rights.warned,
        )


def now() -> int:
    """This moment, in microseconds."""
    return micros(datetime.now(tz=UTC))  # noqa: TID251 (the one real clock)


def session(folder: Path, *, data: Path | None = None) -> Session:
    """The workspace in ``folder``, ready for a use case.

    ``data`` is where the files of ``[files]`` lie; the workspace's own folder if not given.

    Raises:
        InvalidInput: no such workspace, or a setting that is wrong.
    """
    workspace = read_workspace(folder)
    if data is not None and not data.is_dir():
        raise InvalidInput(f"--data must name a folder; {data} is none.")
    return Session(
        workspace=workspace,
        data=data or folder,
        key=workspace_key(folder, secrets.token_bytes(32)),
        clock=now,
        threads=_threads(),
        memory=os.environ.get("BENNE_MEMORY", "3GB"),
        postgres=os.environ.get("BENNE_POSTGRES"),
    )


def service(session: Session, *, database: str | None = None, pool: int = 6) -> Service:
    """The service of a workspace, its store open.

    ``database`` is a URL (``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``); where none is
    given, that of ``BENNE_DATABASE``, or the workspace's own file.  ``pool`` is how many
    transactions may run at a time.

    Raises:
        NotFound: no family of score was trained yet.
        Unavailable: the database cannot be reached.
        Conflict: a newer Benne wrote it.
    """
    from benne.app._bundle import read_bundles
    from benne.app._erasing import hide_older_deletions
    from benne.app._reading import InProcess
    from benne.app._service import Service
    from benne.app.stores.online import Online

    bundles = read_bundles(session.workspace.models, session.workspace.model.families)
    own = f"sqlite:///{session.workspace.online}"
    url = database or os.environ.get("BENNE_DATABASE") or own
    opened = Service(
        workspace=session.workspace,
        online=Online.open(url, pool=pool),
        key=session.key,
        clock=session.clock,
        randomness=secrets.token_bytes,
        reader=InProcess.of(session.workspace, bundles),
        sign_in_secret=os.environ.get("BENNE_SIGN_IN_SECRET"),
    )
    hide_older_deletions(opened)
    return opened


def share_workspace(session: Session, database: str | None, *, workers: int) -> None:
    """Let ``workers`` processes, started by this one, open the service with ``shared_service``."""
    os.environ["BENNE_WORKSPACE"] = str(session.workspace.folder)
    os.environ["BENNE_WORKERS"] = str(workers)
    if database is not None:
        os.environ["BENNE_DATABASE"] = database


def shared_service() -> Service:
    """The service of the workspace that ``BENNE_WORKSPACE`` names.

    Raises:
        InvalidInput: it names none.
        NotFound, Unavailable, Conflict: as ``service``.
    """
    folder = os.environ.get("BENNE_WORKSPACE")
    if folder is None:
        raise InvalidInput("BENNE_WORKSPACE must name the folder of the workspace to serve.")
    return replace(service(session(Path(folder))), processes=_count("BENNE_WORKERS", 1))


def _threads() -> int:
    return _count("BENNE_THREADS", min(os.cpu_count() or 1, 4))


def _count(name: str, default: int) -> int:
    text = os.environ.get(name)
    if text is None:
        return default
    if not text.isdigit() or int(text) < 1:
        raise InvalidInput(f"{name} must be a whole number from 1 up; got {text!r}.")
    return int(text)
