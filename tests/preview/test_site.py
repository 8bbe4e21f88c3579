"""Site: what the pages say, to a browser without scripts, and to nobody else."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from pathlib import Path

import pytest
from aiohttp import ClientResponse

from bot import app
from bot.app import Unfit
from bot.preview import command, server
from bot.preview.office import Office
from bot.settings import Settings
from tests.packs import person, write
from tests.preview.office import FILES, browsing, office, text

TEMPLATES = Path(server.__file__).parent / "templates"


@pytest.fixture
def page(tmp_path: Path) -> Office:
    return office(tmp_path)


def rows(html: str) -> list[str]:
    """The names in the list."""
    listed = html.partition('class="sheet"')[0]
    return [unescape(name) for name in re.findall(r'<span class="name"[^>]*>([^<]*)<', listed)]


async def test_the_list_has_every_entry_and_links_to_its_messages(page: Office) -> None:
    async with browsing(page) as client:
        html = await text(client, "/")
        assert rows(html) == ["Sok Vanna", "A law", "A first update", "A later update"]
        assert 'href="/?ask=%2Fshow+sok-vanna"' in html


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=vana", ["Sok Vanna"]),
        ("q=reporter", ["Sok Vanna"]),
        ("q=ច្បាប់", ["A law"]),
        ("kind=law", ["A law"]),
        ("theme=speech", ["Sok Vanna"]),
        ("kind=law&theme=speech", []),
        ("only=problems", ["Sok Vanna"]),
        ("only=missing&speech=km", ["Sok Vanna", "A later update"]),
        ("only=missing&speech=en", []),
        ("only=draft", []),
        ("only=nonsense&page=99", ["Sok Vanna", "A law", "A first update", "A later update"]),
        ("lang=km&kind=law", ["ច្បាប់"]),
    ],
)
async def test_words_and_filters_choose(page: Office, query: str, names: list[str]) -> None:
    async with browsing(page) as client:
        assert rows(await text(client, f"/?{query}")) == names


async def test_a_card_that_is_more_than_a_phone_shows_is_found(tmp_path: Path) -> None:
    long = person("An endless name " * 60)
    async with browsing(office(tmp_path, {**FILES, "prisoners/long.yaml": long})) as client:
        html = await text(client, "/?only=long&ask=/show+long")
        assert [name[:7] for name in rows(html)] == ["An endl"]
        assert 'class="over"' in html


async def test_a_long_list_has_pages(tmp_path: Path) -> None:
    people = {f"prisoners/p{n:02}.yaml": person(f"Person {n:02}") for n in range(45)}
    async with browsing(office(tmp_path, people)) as client:
        first, second = [rows(await text(client, f"/?page={n}")) for n in (1, 2)]
        assert (first[0], first[-1], second) == ("Person 00", "Person 39", [f"Person {n}" for n in range(40, 45)])


async def test_messages_are_those_that_the_bot_sends(page: Office) -> None:
    async with browsing(page) as client:
        html = await text(client, "/?ask=/show+sok-vanna")
        assert html.count('<div class="message">') == 4  # two languages, two platforms
        assert "<strong>Detained</strong>" in html
        assert re.search(r'<div class="row"><a href="[^"]*full\+sok-vanna">Full record</a>', html)
        assert "1. Full record" in html
        assert re.search(r"\d+ of 4,096 UTF-16 units", html)
        assert re.search(r"Card: \d+ of 700 characters", html)
        assert re.search(r"Card: \d+ of 800 characters", html)
        assert "<code>prisoners/sok-vanna.yaml:1</code>" in html
        assert re.search(r"<code>prisoners/sok-vanna.yaml:10:1</code> <span lang=\"en\">there is one source", html)
        assert "<summary>2 warnings</summary>" in html
        assert "Linked with 1 entry" in html


async def test_one_language_and_both_shades_can_be_chosen(page: Office) -> None:
    async with browsing(page) as client:
        html = await text(client, "/?ask=/show+sok-vanna&speech=km&look=both")
        assert re.findall(r'class="phone (\w+ \w+)"', html) == [
            "telegram light",
            "telegram dark",
            "matrix light",
            "matrix dark",
        ]
        assert set(re.findall(r'class="screen" lang="(\w+)"', html)) == {"km"}


async def test_anything_can_be_asked_and_nothing_changes(page: Office) -> None:
    async with browsing(page) as client:
        assert "Draft" in await text(client, "/?ask=/laws+draft")
        assert "Sok Vanna" in await text(client, "/?ask=vana")
        for command in ("forget", "panic", "subscribe laws", "draft 1", "approve 1", "nonsense", "settings quiet 22-7"):
            await text(client, f"/?ask=/{command}")
    assert not list(page.pack.folder.parent.glob("pratip.db*"))


async def test_every_command_of_the_bot_can_be_asked(page: Office) -> None:
    async with browsing(page) as client:
        for command in page.router.commands:
            html = await text(client, f"/?ask=/{command}&speech=en")
            assert "Something went wrong" not in html, command


async def test_an_entry_is_shown_as_the_news_it_would_be(page: Office) -> None:
    async with browsing(page) as client:
        html = await text(client, "/?ask=/show+sok-vanna&form=news")
        assert "<strong>News:</strong> Prisoners" in html
        assert "!show sok-vanna" in html
        assert 'aria-current="true">As news' in html


async def test_the_page_speaks_the_language_that_is_chosen_else_the_browsers(page: Office) -> None:
    async with browsing(page) as client:
        assert '<html lang="en">' in await text(client, "/")
        assert '<html lang="km">' in await text(client, "/", **{"Accept-Language": "km-KH,km;q=0.9"})
        assert '<html lang="en">' in await text(client, "/?lang=en", **{"Accept-Language": "km-KH"})


def test_every_word_of_the_page_is_there_in_every_language(page: Office) -> None:
    snapshot = page.pack.edition.snapshot
    assert snapshot
    english, khmer = ({name for name in view.phrases if name[:8] == "preview."} for view in snapshot.views.values())
    assert english == khmer
    said = "".join(file.read_text() for file in TEMPLATES.glob("*.html"))
    literal = {f"preview.{name}" for name in re.findall(r'say\("([a-z_.]+[a-z_])"', said)}
    assert literal <= english


# ---------------------------------------------------------------------------- problems


async def test_problems_have_their_places_and_broken_links_stand_apart(page: Office) -> None:
    folder = page.pack.folder
    broken = {"prisoners/sok-vanna.yaml": person(related="[nobody]"), "laws/a-law.yaml": "title: A law\n"}
    write(folder, broken, "en", "km")
    page.pack.edition = page.pack._read(page.pack.edition)
    async with browsing(page) as client:
        html = await text(client, "/problems")
        links, _, others = html.partition('id="errors"')
        assert re.search(r"prisoners/sok-vanna.yaml:7:\d+</code>\s*<span lang=\"en\">there is no entry nobody", links)
        assert "laws/a-law.yaml:1:1" in others
        assert "there is no entry" not in others
        html = await text(client, "/?ask=/show+sok-vanna")
        assert re.search(r"There are \d errors in the files.", html)
        assert "<strong>Detained</strong>" in html


async def test_where_there_never_was_a_whole_pack_every_page_says_why(tmp_path: Path) -> None:
    async with browsing(office(tmp_path, {"prisoners/a.yaml": "name: ["})) as client:
        for path in ("/", "/problems", "/updates"):
            html = await text(client, path)
            assert "prisoners/a.yaml:" in html
            assert "there is nothing to show" in html


# ---------------------------------------------------------------------------- who is let in


async def test_every_answer_forbids_what_the_page_does_not_need(page: Office) -> None:
    async with browsing(page) as client:
        for path in ("/", "/style.css", "/nowhere"):
            headers = (await client.get(path)).headers
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "Set-Cookie" not in headers
        assert (await client.get("/nowhere")).status == 404
        assert (await client.post("/")).status == 405


@pytest.mark.parametrize(
    ("host", "served", "status"),
    [
        ("127.0.0.1:8484", "127.0.0.1", 200),
        ("localhost:8484", "127.0.0.1", 200),
        ("[::1]:8484", "127.0.0.1", 200),
        ("evil.example", "127.0.0.1", 421),
        ("evil.example:8484", "0.0.0.0", 421),  # noqa: S104 (nothing listens there)
        ("192.168.1.5:8484", "127.0.0.1", 421),
        ("192.168.1.5:8484", "0.0.0.0", 200),  # noqa: S104 (nothing listens there)
        ("desk.example:8484", "desk.example", 200),
        ("[", "127.0.0.1", 421),
    ],
)
async def test_a_name_that_somebody_made_lead_here_is_refused(
    page: Office, host: str, served: str, status: int
) -> None:
    async with browsing(page, served) as client:
        assert (await client.get("/", headers={"Host": host})).status == status


async def test_a_page_that_fails_says_so_and_no_more(page: Office) -> None:
    page.database = "nonsense://"
    async with browsing(page) as client:
        assert "no database that this page can read" in await text(client, "/updates")
        page.pack.kinds = None  # type: ignore[assignment] # something is wrong with the program itself
        answer = await client.get("/")
        assert (answer.status, await answer.text()) == (500, "This page failed. The terminal says where.")


def test_a_folder_that_is_not_there_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="there is no such folder"):
        app.preview(Settings(), tmp_path / "nowhere", "127.0.0.1", 0)


async def test_who_serves_it_to_others_is_warned(page: Office, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(log_level="ERROR")
    with pytest.raises(Unfit, match=r"203.0.113.1:0 cannot be used \(cannot assign requested address\)"):
        await command.preview(settings, page.router, page.pack, "203.0.113.1", 0)
    assert "there is no password" in capsys.readouterr().err


async def test_an_open_page_hears_of_each_edition(page: Office) -> None:
    async def heard(answer: ClientResponse) -> str:
        async with asyncio.timeout(10):
            return (await answer.content.readuntil(b"\n\n")).decode()

    async with browsing(page) as client:
        answer = await client.get("/events")
        first = await heard(answer)
        assert re.fullmatch(r"event: edition\ndata: [0-9a-f]{8}-1\n\n", first)
        answer.close()
