"""What cannot be undone takes two people on the command line as well."""

from __future__ import annotations

from typing import Any

import pytest
from made_bureau import scored
from typer.testing import CliRunner

from benne.app import Service, add_client, add_organisation, list_clients
from benne.app.stores.online import evidence
from benne.app.wiring import Session
from benne.doors.cli._commands import commands
from benne.kernel import BenneError, Conflict, InvalidInput, NotFound

Bureau = tuple[Session, Service]


class Shell:
    """A shell on the machine of the service."""

    def __init__(self, bureau: Bureau) -> None:
        town, served = bureau
        self.folder = str(town.workspace.folder)
        url = served.online.engine.url.render_as_string(hide_password=False)
        self.database = ["--database", url]

    def __call__(self, *words: str, by: str | None = None) -> str:
        said = ["--by", by] if by is not None else []
        command = 2 if words[0] in ("proposal", "client") else 1
        whole = [*words[:command], self.folder, *words[command:], *said, *self.database]
        ran = CliRunner().invoke(commands, whole)
        if isinstance(ran.exception, BenneError):
            raise ran.exception
        assert ran.exit_code == 0, ran.output
        return ran.stdout


def known(served: Service, subject: str) -> bool:
    with served.online.reading() as unit:
        found: Any = evidence.known(unit, subject, served.workspace.kinds).history
    return any(found.values())


def test_a_person_is_erased_by_two_and_not_by_one(loaded: Bureau) -> None:
    town, served = loaded
    shell, subject = Shell(loaded), scored(town, served)[0]
    name = shell("erase", subject, by="ann").split()[0]
    with pytest.raises(Conflict, match="ask another"):
        shell("proposal", "agree", name, by=" Ann")
    assert known(served, subject)
    assert name in shell("proposal", "list")
    assert "records deleted" in shell("proposal", "agree", name, by="ben")
    assert not known(served, subject)
    with town.lake(read_only=True) as lake:
        sql = f"SELECT count(*) AS n FROM evidence_obligation WHERE subject = '{subject}'"
        assert lake.query(sql)["n"][0].as_py() == 0
    with pytest.raises(Conflict, match="already"):
        shell("proposal", "agree", name, by="cay")


def test_a_client_is_closed_by_two_and_a_proposal_may_be_dropped(bureau: Bureau) -> None:
    _, served = bureau
    add_organisation(served, "Bikes", id="bikes")
    client = add_client(served, "bikes", name="program", scopes=["consents"]).client
    shell = Shell(bureau)
    with pytest.raises(NotFound):
        shell("erase", "nobody", by="ann")
    with pytest.raises(InvalidInput, match="by a name"):
        shell("client", "close", client, by=" ")
    dropped = shell("client", "close", client, by="ann").split()[0]
    shell("proposal", "drop", dropped, by="ann")
    assert shell("proposal", "list") == ""
    name = shell("client", "close", client, by="ann").split()[0]
    assert list_clients(served)[0].closed_at is None
    shell("proposal", "agree", name, by="ben")
    assert list_clients(served)[0].closed_at is not None
