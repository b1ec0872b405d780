"""A real PostgreSQL for the tests: one that runs already, or one of our own.

``BENNE_TEST_POSTGRES`` names a server (a URL whose user may create databases); else the machine's
own binaries start one under a temporary folder, on a unix socket, once a session.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

_NUMBERS = count(1)
_SETTINGS = (
    "fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=60",
    "shared_buffers=64MB", "autovacuum=off",
)  # fmt: skip


def binaries() -> Path | None:
    """The folder of PostgreSQL's own binaries, the newest of Debian's or what is on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[-3])
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def missing() -> str | None:
    """Why there is no server for the tests; null where there is one."""
    if os.environ.get("BENNE_TEST_POSTGRES") or binaries():
        return None
    return "BENNE_TEST_POSTGRES names no server, and there are no PostgreSQL binaries"


class Server:
    """A running server, on which databases are made for tests."""

    def __init__(self, url: str) -> None:
        """``url`` is that of its database ``postgres``."""
        self.url = url

    def database(self, template: str = "template0") -> str:
        """The URL of a new database, a copy of ``template``."""
        name = f"benne_{os.getpid()}_{next(_NUMBERS)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.named(name)

    def named(self, name: str) -> str:
        """The URL of the database ``name``."""
        head, _, query = self.url.partition("?")
        return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run(f'DROP DATABASE IF EXISTS "{name_of(url)}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


def name_of(url: str) -> str:
    """The database that a URL names."""
    return url.partition("?")[0].rsplit("/", 1)[1]


@contextmanager
def server() -> Iterator[Server]:
    """The server for this session."""
    named = os.environ.get("BENNE_TEST_POSTGRES")
    if named:
        yield Server(named)
        return
    with own_server() as url:
        yield Server(url)


@contextmanager
def own_server(settings: tuple[str, ...] = _SETTINGS) -> Iterator[str]:
    """A server of our own until the block ends: the URL of its database ``postgres``."""
    home = binaries()
    assert home is not None
    # a unix socket's path must be short, whatever TMPDIR is
    folder = Path(tempfile.mkdtemp(prefix="benne-pg-", dir="/tmp"))
    data = folder / "data"
    own = not_root(folder)
    try:
        _call(own, home / "initdb", "-D", data, "-U", "benne", "-A", "trust", "-E", "UTF8",
              "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        start(data, own, settings)
        yield f"postgresql://benne@/postgres?host={folder}"
    finally:
        stop(data, own)
        shutil.rmtree(folder, ignore_errors=True)


def start(data: Path, own: list[str], settings: tuple[str, ...] = _SETTINGS) -> None:
    """Start the server of ``data``; its socket lies beside it."""
    home = binaries()
    assert home is not None
    options = [f"-c {setting}" for setting in (*settings, "listen_addresses=")]
    options.append(f"-c unix_socket_directories={data.parent}")
    _call(own, home / "pg_ctl", "-D", data, "-w", "-l", data.parent / "log", "-o",
          " ".join(options), "start")  # fmt: skip


def stop(data: Path, own: list[str], how: str = "immediate") -> None:
    """Stop the server of ``data``; nothing happens where it does not run."""
    home = binaries()
    assert home is not None
    command = [*own, str(home / "pg_ctl"), "-D", str(data), "-m", how, "-w", "stop"]
    subprocess.run(command, capture_output=True, check=False)


def not_root(folder: Path) -> list[str]:
    """What precedes a command so that it does not run as root, which PostgreSQL refuses."""
    if os.getuid() != 0:
        return []
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _call(own: list[str], *command: object) -> None:
    done = subprocess.run(
        [*own, *map(str, command)], capture_output=True, text=True, check=False, cwd="/"
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")
