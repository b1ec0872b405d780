"""Idempotency keys that survive a crash of the program that made them."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from uuid import uuid4


class KeyBook:
    """Idempotency keys by the caller's own reference, in a file of their own.

    A key is on disk before it is sent.  The file keeps a hash of the reference, and nothing of
    a person.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as book:
            book.execute("CREATE TABLE IF NOT EXISTS keys (reference TEXT PRIMARY KEY, key TEXT)")
        path.chmod(0o600)

    def key(self, what: str, reference: str) -> str:
        """The key of the request that the caller knows as ``reference``, made once."""
        name = sha256(f"{what}\n{reference}".encode()).hexdigest()
        with self._lock, closing(self._open()) as book:
            book.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (name, str(uuid4())))
            (found,) = book.execute("SELECT key FROM keys WHERE reference = ?", (name,)).fetchone()
        return str(found)

    def _open(self) -> sqlite3.Connection:
        book = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        book.execute("PRAGMA synchronous=FULL")
        return book
