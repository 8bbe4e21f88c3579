"""Updates: what may be sent next, to how many and for how long, where there is a database and where there is none."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from bot.core.broadcast import Kind
from bot.core.subscription import Pace
from bot.newsroom import Newsroom
from bot.preview.office import Office
from bot.store import Draft, Store
from tests.packs import person, write
from tests.preview.office import Noon, browsing, office, text
from tests.storage import MONTH, NOON, approved, at, place


async def subscribe(store: Store, platform: str, topic: str, *numbers: int) -> None:
    for number in numbers:
        where = place(f"{platform} {number}", platform=platform)
        await store.subscribers.subscribe(where, b"", "en", [topic], Pace.NOW, MONTH)


def facts(html: str, title: str) -> dict[str, str]:
    """What the page says of an update, by name."""
    article = html.partition(f"{title}</h3>")[2].partition("</dl>")[0]
    found = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", article, re.DOTALL)
    return {name: " ".join(said.split()) for name, said in found}


async def looked(page: Office) -> Office:
    """The page, once the bot has looked at the pack."""
    assert page.pack.edition.snapshot
    async with Store(page.database) as store:
        await Newsroom(store, Noon()).compare(page.pack.edition.snapshot)
    return page


def edited(page: Office, **files: str) -> None:
    write(page.pack.folder, {f"prisoners/{name}.yaml": text for name, text in files.items()}, "en", "km")
    page.pack.edition = page.pack._read(page.pack.edition)


async def test_without_a_database_the_files_are_shown_and_nobody_is_counted(tmp_path: Path) -> None:
    async with browsing(office(tmp_path)) as client:
        html = await text(client, "/updates")
        assert "there is no database yet" in html
        assert html.index("A later update</h3>") < html.index("A first update</h3>")
        assert facts(html, "A first update") == {"Topics": "Prisoners, Laws"}
        assert facts(html, "A later update") == {"Topics": "Laws", "From": "10 January 2027"}
        assert "Two were <strong>released</strong>." in html
        assert "មនុស្សពីរនាក់ត្រូវបានដោះលែង។" in html
        assert "!show first" in html


async def test_each_topic_has_its_audience_and_sending_its_time(tmp_path: Path) -> None:
    page = await looked(office(tmp_path))
    async with Store(page.database) as store:
        await subscribe(store, "telegram", "prisoners", *range(400))
        await subscribe(store, "telegram", "laws", *range(200))
        await subscribe(store, "matrix", "laws", *range(30))
    async with browsing(page) as client:
        html = await text(client, "/updates")
        assert facts(html, "A first update") == {
            "Topics": "Prisoners (400 subscribers), Laws (230 subscribers)",
            "Audience": "430 subscribers (Matrix 30, Telegram 400)",
            "To send it takes": "about 14 s",
        }


async def test_fewer_than_ten_are_not_told_apart(tmp_path: Path) -> None:
    page = await looked(office(tmp_path))
    async with Store(page.database) as store:
        await subscribe(store, "telegram", "prisoners", *range(12))
        await subscribe(store, "matrix", "laws", *range(3))
    async with browsing(page) as client:
        html = await text(client, "/updates")
        assert facts(html, "A first update")["Topics"] == "Prisoners, Laws"
        assert facts(html, "A first update")["Audience"] == "15 subscribers"
        assert facts(html, "A later update")["Audience"] == "fewer than 10 subscribers"


async def test_what_the_bot_would_draft_is_foreseen_and_not_noted(tmp_path: Path) -> None:
    page = await looked(office(tmp_path))
    edited(page, **{"sok-vanna": person(custody="free")})
    async with browsing(page) as client:
        for _ in range(2):
            html = await text(client, "/updates")
            foreseen = html.partition('id="foreseen"')[2].partition('id="written"')[0]
            assert facts(foreseen, "Sok Vanna")["Topics"] == "Prisoners (0 subscribers)"
            assert "custody: detained → <strong>free</strong>" in foreseen
    async with Store(page.database) as store:
        assert await store.broadcasts.newest(5) == ()


async def test_drafts_that_wait_are_shown_as_they_are_now(tmp_path: Path) -> None:
    page = await looked(office(tmp_path))
    words = {"en": "Some *words* of ours."}
    note = Draft("a", Kind.NOTE, ("laws",), words=words, urgent=True, author="telegram:1")
    async with Store(page.database) as store:
        number = await store.broadcasts.compose(note, NOON)
        await approved(store, number)
        correction = Draft("b", Kind.CORRECTION, ("laws",), words={"en": "Better words."}, original=number)
        await store.broadcasts.compose(correction, NOON)
        await store.broadcasts.compose(replace(note, dedupe="c"), NOON)
    async with browsing(page) as client:
        html = await text(client, "/updates")
        assert facts(html, "Draft 3 · Laws")["How"] == "urgent"
        assert "Some <strong>words</strong> of ours." in html
        assert facts(html, "Draft 2 · Laws")["Audience"] == "0 subscribers"
        assert "<strong>Correction</strong> of our update of 24 November 2026" in html
        assert "Draft 1 " not in html


async def test_looking_at_updates_leaves_the_database_as_it_is(tmp_path: Path) -> None:
    page = await looked(office(tmp_path))
    async with browsing(page) as client:
        await text(client, "/updates")
    async with at(tmp_path / "pratip.db") as store:
        assert await store.broadcasts.newest(5) == ()
