"""What furnishers bring: one record or many, each checked, none twice, none lost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from made_service import Asker, FakeReader, Turned, made_service

from benne.app.stores.online import Online

BILL = {
    "kind": "obligation",
    "record": "bill-1",
    "subject": "ID-1",
    "due_at": "2026-01-15",
    "contract": "power",
    "due_minor": 5_000,
    "paid_minor": 0,
}


def lines(records: list[dict[str, Any]]) -> bytes:
    return "\n".join(map(json.dumps, records)).encode()


def bring(asker: Asker, records: list[dict[str, Any]], **headers: str) -> Any:
    return asker.http.post(
        "/v1/evidence/batch",
        content=lines(records),
        headers={"content-type": "application/x-ndjson", **headers},
    )


def test_a_record_is_stored_once_and_settled_by_sending_it_again(asker: Asker) -> None:
    first = asker.http.post("/v1/evidence", json=BILL)
    assert first.status_code == 200, first.text
    assert (first.json()["new"], first.json()["known"]) == (1, 0)
    again = asker.http.post("/v1/evidence", json=BILL).json()
    assert (again["new"], again["known"]) == (0, 1)
    settled = {**BILL, "paid_minor": 5_000, "paid_at": "2026-02-01"}
    assert asker.http.post("/v1/evidence", json=settled).json()["new"] == 1


def test_good_rows_are_kept_and_each_wrong_one_has_a_finding(asker: Asker) -> None:
    bad = {**BILL, "record": "bill-2", "due_minor": -1}
    unknown = {**BILL, "record": "bill-3", "kind": "horoscope"}
    came = bring(asker, [BILL, bad, unknown, {**BILL, "record": "bill-4"}])
    assert came.status_code == 200, came.text
    told = came.json()
    assert (told["rows"], told["new"]) == (4, 2)
    assert [(one["row"], one["column"], one["code"]) for one in told["findings"]] == [
        (2, "due_minor", "negative"),
        (3, "kind", "not_allowed"),
    ]


def test_a_line_that_is_no_record_has_a_finding_and_spoils_no_other(asker: Asker) -> None:
    torn = [json.dumps(BILL), "", '{"kind": "obliga', "[1]", json.dumps({**BILL, "record": "b2"})]
    headers = {"content-type": "application/x-ndjson"}
    came = asker.http.post("/v1/evidence/batch", content="\r\n".join(torn), headers=headers)
    assert came.status_code == 200, came.text
    told = came.json()
    assert (told["rows"], told["new"]) == (4, 2)
    assert [(f["row"], f["code"]) for f in told["findings"]] == [
        (3, "unreadable_line"),
        (4, "unreadable_line"),
    ]
    none = asker.http.post("/v1/evidence/batch", content=b"{torn\nno", headers=headers)
    assert (none.status_code, none.json()["code"]) == (422, "invalid_input")


def test_a_single_wrong_record_is_an_error(asker: Asker) -> None:
    came = asker.http.post("/v1/evidence", json={**BILL, "due_at": "yesterday"})
    assert (came.status_code, came.json()["code"]) == (422, "invalid_input")
    assert came.json()["errors"][0]["key"] == "due_at"


def test_a_batch_may_come_compressed_and_no_bomb_may(asker: Asker) -> None:
    packed = {"content-encoding": "gzip", "content-type": "application/x-ndjson"}
    path = "/v1/evidence/batch"
    whole = gzip.compress(lines([BILL]))
    assert asker.http.post(path, content=whole, headers=packed).json()["new"] == 1
    cut = asker.http.post(path, content=whole[:-9], headers=packed)
    assert (cut.status_code, "cut short" in cut.json()["detail"]) == (422, True)
    bomb = gzip.compress(b" " * 300_000_000, compresslevel=1)
    assert len(bomb) < 10_000_000
    swelled = asker.http.post(path, content=bomb, headers=packed)
    assert (swelled.status_code, "in parts" in swelled.json()["detail"]) == (422, True)
    assert asker.http.post(path, content=b"no gzip", headers=packed).status_code == 422


def test_one_record_may_come_compressed_and_another_encoding_is_not_guessed(
    asker: Asker,
) -> None:
    packed = gzip.compress(json.dumps(BILL).encode())
    for path, kind in (("/v1/evidence", "json"), ("/v1/evidence/batch", "x-ndjson")):
        headers = {"content-type": f"application/{kind}", "content-encoding": "gzip"}
        came = asker.http.post(path, content=packed, headers=headers)
        assert came.json()["rows"] == 1, came.text
        other = asker.http.post(path, content=packed, headers={**headers, "content-encoding": "br"})
        assert (other.status_code, other.json()["code"]) == (415, "unsupported_media_type")


def test_test_mode_checks_everything_and_stores_nothing(asker: Asker) -> None:
    asker.another_client(mode="test")
    told = bring(asker, [BILL, {**BILL, "record": "b", "due_minor": "x"}]).json()
    assert (told["mode"], told["new"], told["batch"], len(told["findings"])) == ("test", 1, None, 1)
    asker.another_client(mode="production")
    assert bring(asker, [BILL]).json()["new"] == 1


def test_where_the_law_says_so_the_person_is_told_before_what_is_adverse(
    online: Online, clock: Turned, reader: FakeReader, tmp_path: Path
) -> None:
    service = made_service(online, clock, reader, tmp_path, jurisdiction="CN")
    with Asker(service) as asker:
        late = asker.http.post("/v1/evidence", json=BILL)
        assert (late.status_code, late.json()["code"]) == (422, "notice_missing")
        assert "CN-CRIR-15" in late.json()["errors"][0]["message"]
        coming = {**BILL, "record": "bill-2", "due_at": "2026-04-01"}
        assert asker.http.post("/v1/evidence", json=coming).status_code == 200
        told = {**BILL, "notified_at": "2026-02-01T09:00:00Z"}
        assert asker.http.post("/v1/evidence", json=told).json()["new"] == 1
        too_late = {**BILL, "record": "bill-3", "notified_at": "2027-02-01T09:00:00Z"}
        assert asker.http.post("/v1/evidence", json=too_late).status_code == 422


def test_the_same_key_brings_a_batch_once(asker: Asker) -> None:
    first = bring(asker, [BILL], **{"idempotency-key": "b-1"})
    again = bring(asker, [BILL], **{"idempotency-key": "b-1"})
    assert first.content == again.content
    other = bring(asker, [{**BILL, "record": "x"}], **{"idempotency-key": "b-1"})
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


def test_a_furnisher_without_the_scope_brings_nothing(asker: Asker) -> None:
    asker.another_client(scopes=("consents",))
    assert bring(asker, [BILL]).json()["code"] == "scope_missing"
