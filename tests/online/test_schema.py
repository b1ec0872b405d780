"""The online store's schema: one line of revisions, that make what the code states."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, insert, inspect, select, text

from benne.app.stores.online import METADATA, Online, contributions, ledger
from benne.app.stores.online._migration import migrate, newest, revision_of, script
from benne.kernel import Conflict, InvalidInput, Unavailable
from benne.orders import Fund, FundLimits, pay_in


def test_revisions_are_one_chain_numbered_in_order() -> None:
    revisions = list(script().walk_revisions())
    assert [one.revision for one in revisions] == [
        f"{number:04d}" for number in range(len(revisions), 0, -1)
    ]
    assert script().get_heads() == [newest()]
    for one in revisions:
        assert re.fullmatch(rf"{one.revision}_[a-z0-9_]+\.py", Path(one.path).name)


def test_the_migrated_schema_is_what_the_code_states(online: Online) -> None:
    with online.engine.connect() as connection:
        assert revision_of(connection) == newest()
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_every_revision_goes_down_and_up_again(online: Online) -> None:
    for one in [*(f"{n:04d}" for n in range(int(newest()) - 1, 0, -1)), "base"]:
        migrate(online.engine, to=one)
    assert set(inspect(online.engine).get_table_names()) <= {"alembic_version"}
    for n in range(1, int(newest()) + 1):
        migrate(online.engine, to=f"{n:04d}")
    with online.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


Rows = dict[str, list[dict[str, Any]]]


def held(online: Online) -> Rows:
    """Every row of every table; a row is made in each table that has none."""
    schema = MetaData()
    found: Rows = {}
    with online.engine.begin() as connection:
        schema.reflect(connection)
        for table in schema.sorted_tables:
            if connection.execute(select(table)).first() is None:
                values = {column.name: _some(column.type.python_type) for column in table.columns}
                connection.execute(insert(table).values(values))
            rows = connection.execute(select(table)).mappings()
            found[table.name] = [dict(row) for row in rows]
    del found["alembic_version"]
    return found


def _some(of: type) -> object:
    return {str: "a", int: 1, bytes: b"1", bool: True}[of]


def assert_kept(before: Rows, after: Rows) -> None:
    for table in before.keys() & after.keys():
        (old,), (new,) = before[table], after[table]
        for column in old.keys() & new.keys():
            assert new[column] == old[column], (table, column)


def test_rows_live_through_every_revision_up_and_down(online: Online) -> None:
    migrate(online.engine, to="base")
    before: Rows = {}
    numbers = [f"{n:04d}" for n in range(1, int(newest()) + 1)]
    for number in [*numbers, *reversed(numbers[:-1])]:
        migrate(online.engine, to=number)
        after = held(online)
        assert_kept(before, after)
        before = after
    migrate(online.engine, to="base")
    migrate(online.engine)


def test_a_newer_store_is_refused(online: Online, store_url: str) -> None:
    with online.begin() as unit:
        unit.run(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="it has 9999; open it with the newer Benne"):
        Online.open(store_url)


@pytest.mark.parametrize(
    "url", ["mysql://localhost/x", "nonsense", "sqlite://", "sqlite:///:memory:"]
)
def test_a_store_is_a_file_or_a_postgresql(url: str) -> None:
    with pytest.raises(InvalidInput):
        Online.open(url)


def test_a_file_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    Online.open(f"sqlite:///{tmp_path / 'new.db'}").close()
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600


def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="nothing of this request was kept"):
        Online.open(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(Unavailable) as refused:
        Online.open(f"postgresql://me:secret@/x?host={tmp_path}")
    assert "secret" not in str(refused.value)


def test_what_was_paid_into_a_fund_on_the_merchants_word_stays_under_its_request(
    online: Online,
) -> None:
    migrate(online.engine, to="0008")
    with online.begin() as unit:
        made = pay_in(Fund("bikes", FundLimits(1, 1, 1)), 700, request="first", at=5)[1]
        ledger.post(unit, "bikes", [made])
    migrate(online.engine)
    with online.reading() as unit:
        found = contributions.of_request(unit, "bikes", "first")
        assert not contributions.waits(unit, at=10)
    assert found is not None
    assert (found.payment.amount_minor, found.payment.done_minor) == (700, 700)
    assert found.payment.status == "done"


def test_orders_of_a_state_are_found_by_an_index(online: Online) -> None:
    asked = [
        "SELECT * FROM orders WHERE state = 'claimed' AND test = {no}",
        "SELECT * FROM orders WHERE organisation = 'bikes' AND state = 'overdue' ORDER BY id",
    ]
    postgres = online.engine.dialect.name == "postgresql"
    with online.engine.begin() as connection:
        if postgres:  # an empty table is otherwise read whole
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        for query in asked:
            whole = query.format(no="false" if postgres else "0")
            plan = connection.execute(text(f"EXPLAIN {'' if postgres else 'QUERY PLAN '}{whole}"))
            assert "orders_by_state" in str(plan.all()), whole
