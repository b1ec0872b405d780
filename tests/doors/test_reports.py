"""The report: one page that needs nothing else, says every figure, and trusts no text."""

from __future__ import annotations

import base64
import importlib.util
import itertools
import json
import re
import struct
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benne.doors.reports import render
from benne.monitoring import Validation, ValidationInputs, validate

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\" & </style>"


def _made() -> ModuleType:
    path = Path(__file__).parents[1] / "monitoring" / "made.py"
    spec = importlib.util.spec_from_file_location("made_population", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def validation() -> dict[str, Any]:
    return validate(_made().inputs(1500))


@pytest.fixture(scope="module")
def html(validation: dict[str, Any]) -> str:
    return render(validation)


class Tags(HTMLParser):
    """All tags with their attributes, the text outside style and script, and the nesting."""

    VOID = frozenset({"meta", "input", "br", "img", "link", "hr", "wbr"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.said.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.said))


def test_every_tag_is_closed_where_it_was_opened(html: str) -> None:
    assert not Tags(html).open


def test_the_page_fetches_nothing(html: str) -> None:
    for tag, attributes in Tags(html).tags:
        assert tag not in {"link", "iframe", "object", "embed", "img", "base"}
        for name, value in attributes.items():
            assert name not in {"src", "srcset", "xlink:href"}
            if name == "href":
                assert value is not None and value.startswith(("#", "data:application/json"))
    assert "url(" not in html
    assert "@import" not in html
    assert not re.search(r"https?://", html)


def test_the_page_is_light_enough_to_mail(html: str) -> None:
    assert len(html.encode()) < 3_000_000


def test_all_numbers_are_held_in_full(html: str, validation: dict[str, Any]) -> None:
    link = next(a for tag, a in Tags(html).tags if tag == "a" and "download" in a)
    held = base64.b64decode(str(link["href"]).split(",", 1)[1])
    assert json.loads(held) == validation


def test_each_group_of_figures_has_its_place(html: str, validation: dict[str, Any]) -> None:
    said = Tags(html).text
    missing = {key for key in Validation.__annotations__ if key not in validation}
    assert not missing, "the validation lacks keys of its own contract"
    for key in ("auc", "auc_low", "auc_high", "gini", "ks"):
        assert f"{validation[key]:.3f}" in said, key
    assert f"{validation['brier']:.4f}" in said
    for fold in validation["folds"]:
        assert f"{fold['auc']:.3f}" in said
    assert f"{validation['out_of_time']['auc']:.3f}" in said
    for part in (*validation["gains"], *validation["swap"]["rows"]):
        assert f"{part['observations']:,}" in said
    for share in validation["domain_worth"].values():
        assert f"{100 * share:.1f} %" in said
    for band in validation["calibration"]["bands"]:
        assert band["name"] in said
    for row in validation["coverage"]["by_thickness"]:
        assert row["name"] in said
    for table in validation["features"]:
        assert table["name"] in said
        for entry in table["bins"]:
            assert entry["name"] in said
    for measure in validation["stability"]["measures"]:
        assert measure["name"] in said
    for column in validation["fairness"]["groups"]:
        for group in column["groups"]:
            assert group["group"] in said
    for cohort in validation["outcome"]["vintages"]:
        assert cohort["cohort"] in said
    for state in validation["outcome"]["roll_rates"]["states"]:
        assert state in said
    for limit in validation["limits"]:
        assert limit in said
    assert "orders_late_90d_count" in said


def test_no_sentence_has_a_hole(html: str) -> None:
    for sentence in re.findall(r"<(?:figcaption|p)>(.*?)</(?:figcaption|p)>", html, re.DOTALL):
        assert "\u2013" not in sentence, sentence


def test_the_price_that_was_not_measured_says_why(html: str, validation: dict[str, Any]) -> None:
    assert validation["price_of_monotonicity"] is None
    assert validation["price_of_monotonicity_why"] in Tags(html).text


@pytest.mark.parametrize(
    "empty",
    [{}, dict.fromkeys(Validation.__annotations__), validate(ValidationInputs(y=[], score=[]))],
    ids=["no key", "every key null", "no observation"],
)
def test_a_report_of_nothing_says_so(empty: dict[str, Any]) -> None:
    page = Tags(render(empty))
    assert not page.open
    assert "not shown, because" in page.text
    assert "nan" not in page.text.lower().split()
    assert "None" not in page.text


def _hostile(value: Any) -> Any:
    """Every text in ``value`` made hostile; keys and numbers stay."""
    if isinstance(value, dict):
        return {key: _hostile(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_hostile(item) for item in value]
    return value + HOSTILE if isinstance(value, str) else value


def test_text_from_the_workspace_is_only_text(html: str, validation: dict[str, Any]) -> None:
    page = render(_hostile(validation))
    tame, wild = Tags(html), Tags(page)
    assert not wild.open
    assert [tag for tag, _ in wild.tags].count("script") == 1
    assert {tag for tag, _ in wild.tags} <= {tag for tag, _ in tame.tags}
    for _, attributes in wild.tags:
        assert not any(name.startswith("on") for name in attributes)
    assert "<script>alert" not in page


def test_hostile_keys_are_only_text() -> None:
    page = render({"made_with": {HOSTILE: 1}, "evidence": {"rows": {HOSTILE: 1}, HOSTILE: 2}})
    assert "<script>alert" not in page and not Tags(page).open


def test_every_picture_says_what_it_shows(html: str) -> None:
    pictures = [attributes for tag, attributes in Tags(html).tags if tag == "svg"]
    assert len(pictures) >= 10
    for attributes in pictures:
        assert attributes.get("role") == "img"
        assert len(attributes.get("aria-label") or "") > 20


def test_headings_go_down_one_step_at_a_time(html: str) -> None:
    levels = [int(tag[1]) for tag, _ in Tags(html).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_anchors_are_unique_and_lead_somewhere(html: str) -> None:
    tags = Tags(html).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        target = attributes.get("href") or ""
        assert not target.startswith("#") or target[1:] in ids


def _chromium(page: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-default-apps", "--disable-extensions",
            f"--user-data-dir={folder / 'profile'}", *arguments, page.as_uri(),
        ],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("width", [1400, 420])
def test_a_browser_draws_the_page(html: str, width: int, tmp_path: Path) -> None:
    page, shot = tmp_path / "report.html", tmp_path / "report.png"
    page.write_text(html, encoding="utf-8")
    _chromium(page, f"--screenshot={shot}", f"--window-size={width},1600", folder=tmp_path)
    image = shot.read_bytes()
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", image[16:24]) == (width, 1600)
    assert len(image) > 20_000, "the page came out nearly blank"


@pytest.mark.browser
def test_the_page_is_no_wider_than_a_narrow_window(html: str, tmp_path: Path) -> None:
    """The page in a frame of each width (a headless window has its own least width), measured.

    The policy that forbids all but the page's own script is taken off the copy, and its script
    replaced by one that writes down how wide the document came out.
    """
    probe = "document.title = `wide ${document.documentElement.scrollWidth}`"
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    bare = re.sub(r"<script>.*?</script>", f"<script>{probe}</script>", bare, flags=re.DOTALL)
    (tmp_path / "inner.html").write_text(bare, encoding="utf-8")
    for width in (420, 360):
        page = tmp_path / "outer.html"
        page.write_text(
            f"<!doctype html><body><iframe src=inner.html width={width} height=900></iframe>"
            "<script>onload = () => { document.title = 'frame ' +"
            " frames[0].document.documentElement.scrollWidth }</script>",
            encoding="utf-8",
        )
        done = _chromium(
            page,
            "--allow-file-access-from-files",
            "--dump-dom",
            "--virtual-time-budget=5000",
            folder=tmp_path,
        )
        found = re.search(r"<title>frame (\d+)</title>", done.stdout)
        assert found, done.stdout[:500]
        assert int(found[1]) <= width


def test_what_a_card_was_fitted_with_is_said_in_words() -> None:
    card = {"card": "thin", "mixture": {"spline": 0.25, "steps": 0.75, "boost": 0.0}, "rows": 1200,
            "bad": 80, "settings": {"spline": "6 knots"}, "own_share": 0.5}  # fmt: skip
    page = render({"made_with": {"seed": 0, "chosen": [[card]], "scorability": {"holds": True}}})
    assert "Card: thin" in page
    assert (
        "25.0 % spline (6 knots), 75.0 % steps; 50.0 % its own, the rest everybody&#39;s; "
        "1,200 rows, 80 bad"
    ) in page.replace("\u00a0", " ")
