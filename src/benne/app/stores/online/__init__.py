"""The online store: what the service reads and writes, on SQLite (WAL) or PostgreSQL.

The seam
--------
``Online.open(url)`` opens the store and brings its schema up to date; ``sqlite:///benne.db`` and
``postgresql://user@host/name`` are the forms of ``url``.

``online.begin()`` is a context manager of one ``Unit``: ONE database transaction, committed when
the block ends and rolled back when it raises.  A request does all its work in one unit: evidence,
answer, key, journal line and webhook are there together or not at all.  ``online.reading()``
is a unit that only reads (a snapshot; it waits for no writer).  ``online.run(work)`` calls
``work(unit)`` in a unit of its own and again, up to three times, where the database asks for that
(a deadlock or a serialisation failure); ``work`` must be safe to repeat.

* SQLite: ``BEGIN IMMEDIATE`` for a writer, so that no unit fails for having read first; a writer
  waits up to ten seconds for its turn.  Every commit reaches the disk (``synchronous=FULL``);
  units of ``run`` that wait for each other share one, and return after it.  What was written
  ahead is settled by ``online.settle()``, beside the answers.
* PostgreSQL: read committed.  Whoever changes a person's evidence, or answers about the
  person, first takes the row of that person (``evidence.lock``), so that evidence and answers of
  one person come in one order.
* ``Prepared`` statements are compiled once and run by the driver.  PostgreSQL is sent several in
  one journey: what is ``put`` before the next question or the end, and what is asked ``ahead``.

A database that is gone, full or too busy is ``Unavailable``; nothing of the unit stays.

Nouns are modules of small functions that take the ``Unit`` first: ``evidence``, ``journal``,
``answers``; each states its tables (``METADATA`` has them all) beside what reads them.  Whoever
adds a table adds the revision that makes it: ``migrations/NNNN_title.py``, chained on the
highest number there is.
"""

from benne.app.stores.online import (
    answers,
    asks,
    clients,
    consents,
    contributions,
    corrections,
    deletions,
    disputes,
    duties,
    erasures,
    evidence,
    jobs,
    journal,
    keys,
    ledger,
    limits,
    loading,
    network,
    orders,
    outbox,
    owners,
    policies,
    proposals,
)
from benne.app.stores.online._engine import Online, StoreUnavailable
from benne.app.stores.online._prepared import Ahead
from benne.app.stores.online._schema import METADATA
from benne.app.stores.online._unit import Unit

__all__ = [
    "METADATA",
    "Ahead",
    "Online",
    "StoreUnavailable",
    "Unit",
    "answers",
    "asks",
    "clients",
    "consents",
    "contributions",
    "corrections",
    "deletions",
    "disputes",
    "duties",
    "erasures",
    "evidence",
    "jobs",
    "journal",
    "keys",
    "ledger",
    "limits",
    "loading",
    "network",
    "orders",
    "outbox",
    "owners",
    "policies",
    "proposals",
]
