"""Message: an update, or a digest of several, as one subscriber receives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.core.broadcast import Broadcast, Item, Kind, State
from bot.core.content import Snapshot
from bot.core.messages import Button, Reply
from bot.core.text import Limit, Style, Text
from bot.delivery.message import Composer, parts
from bot.privacy import Place
from bot.store import Claim
from tests.clock import START, QuickClock
from tests.delivery.office import Office, office
from tests.packs import pack, person

FOOTER = "/settings · /stop"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    people = {f"prisoners/p{number}.yaml": person(f"Person {number}") for number in range(5)}
    return pack(tmp_path_factory.mktemp("content"), people, "en", "km")


def claim(*numbers: int, **options: Any) -> Claim:
    least: dict[str, Any] = {
        "name": numbers[0],
        "subscriber": 1,
        "place": Place("place", "chat", "paper", True),
        "address": b"",
        "language": "en",
        "boot": "boot",
        "attempts": 1,
        "urgent": False,
        "digest": False,
        "doubtful": False,
        "reference": None,
        "discreet": False,
        "channel": False,
        "failed_on": "",
    }
    return Claim(numbers, **{**least, **options})


def about(number: int, *entries: str) -> Broadcast:
    return Broadcast(number, State.SENDING, Kind.NEWS, START, items=tuple(Item(each, None, {}) for each in entries))


async def composed(desk: Office, claim: Claim, broadcasts: Sequence[Broadcast], *, buttons: bool = True) -> Reply:
    composer = Composer(desk.store, QuickClock(), lambda: desk.snapshot)
    return await composer.compose(claim, broadcasts, buttons=buttons)


async def test_it_says_its_words_how_to_end_it_and_opens_what_it_is_about(tmp_path: Path, snapshot: Snapshot) -> None:
    async with office(tmp_path, snapshot) as desk:
        number = await desk.send("News.", km="ព័ត៌មាន")
        named = about(number, *(f"p{each}" for each in range(5)), "nobody")
        reply = await composed(desk, claim(number), [named])
        assert reply.text.plain == f"News.\n\n{FOOTER}"
        assert [button.command for button in reply.buttons] == ["show p0", "show p1", "show p2"]
        typed = await composed(desk, claim(number), [named], buttons=False)
        assert typed.text.plain == f"News.\n\n/show p0 · /show p1 · /show p2\n\n{FOOTER}"
        assert typed.text.has(Style.COMMAND)
        assert typed.rows == ()
        assert (await composed(desk, claim(number, language="km"), [named])).text.plain.startswith("ព័ត៌មាន\n")
        assert (await composed(desk, claim(number, language="fr"), [named])).text.plain.startswith("News.\n")


async def test_in_a_language_that_has_no_words_it_says_those_of_the_pack(tmp_path: Path, snapshot: Snapshot) -> None:
    async with office(tmp_path, snapshot) as desk:
        number = await desk.send("News.")
        assert (await composed(desk, claim(number, language="km"), [about(number)])).text.plain.startswith("News.\n")
        assert (await composed(desk, claim(99), [about(99)])).text.plain.startswith("…\n")


async def test_a_discreet_one_says_only_that_there_is_news(tmp_path: Path, snapshot: Snapshot) -> None:
    async with office(tmp_path, snapshot) as desk:
        number = await desk.send("Person 1 was arrested.")
        reply = await composed(desk, claim(number, discreet=True), [about(number, "p1")])
        assert reply.text.plain == f"There is news.\n\n{FOOTER}"
        assert reply.buttons == (Button("Open", f"news {number}"),)


@pytest.mark.parametrize("buttons", [True, False])
async def test_a_discreet_digest_opens_all_that_it_holds(tmp_path: Path, snapshot: Snapshot, buttons: bool) -> None:
    async with office(tmp_path, snapshot) as desk:
        numbers = [await desk.send(each) for each in ("One.", "Two.", "Three.")]
        digest = claim(*numbers[1:], digest=True, discreet=True)
        reply = await composed(desk, digest, [about(number, "p1") for number in numbers[1:]], buttons=buttons)
        assert [button.command for button in reply.buttons] == (["news 2 3"] if buttons else [])
        typed = "" if buttons else "/news 2 3\n\n"
        assert reply.text.plain == f"There is news.\n\n{typed}{FOOTER}"


async def test_a_discreet_correction_opens_what_it_corrects_as_that_stands_now(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    async with office(tmp_path, snapshot) as desk:
        number = await desk.send("News.")
        for each in ("News, corrected.", "News, corrected again."):
            number = await desk.send(each, kind=Kind.CORRECTION, original=number)
        reply = await composed(desk, claim(number, discreet=True), [about(number)])
        assert [button.command for button in reply.buttons] == ["news 1"]


async def test_one_that_may_have_arrived_says_so(tmp_path: Path, snapshot: Snapshot) -> None:
    async with office(tmp_path, snapshot) as desk:
        number = await desk.send("News.")
        reply = await composed(desk, claim(number, doubtful=True), [about(number)])
        assert reply.text.plain == f"News.\n\n(may repeat)\n\n{FOOTER}"


async def test_a_channel_gets_neither_buttons_nor_settings(tmp_path: Path, snapshot: Snapshot) -> None:
    async with office(tmp_path, snapshot) as desk:
        number = await desk.send("News.")
        assert await composed(desk, claim(number, channel=True), [about(number, "p1")]) == Reply(Text("News."))


async def test_a_digest_counts_and_dates_what_it_holds(tmp_path: Path, snapshot: Snapshot) -> None:
    async with office(tmp_path, snapshot) as desk:
        numbers = [await desk.send(f"News {each}.") for each in range(2)]
        reply = await composed(desk, claim(*numbers, digest=True), [about(number) for number in numbers])
        assert reply.text.plain == f"2 updates, 23 November 2026\n\nNews 0.\n\nNews 1.\n\n{FOOTER}"


async def test_the_words_of_so_many_broadcasts_are_remembered(tmp_path: Path, snapshot: Snapshot) -> None:
    async with office(tmp_path, snapshot) as desk:
        number = await desk.send("News.")
        asked = []

        renderings = desk.store.broadcasts.renderings

        async def counted(number: int) -> Mapping[str, str]:
            asked.append(number)
            return await renderings(number)

        desk.store.broadcasts.renderings = counted  # type: ignore[method-assign]  # counts, and asks the real one
        composer = Composer(desk.store, QuickClock(), lambda: desk.snapshot)
        for each in (number, number, *range(1000, 1100), number):
            await composer.compose(claim(each), [about(each)], buttons=True)
        assert asked.count(number) == 2


def test_a_long_one_is_several_messages_with_the_buttons_under_the_last() -> None:
    rows = ((Button("Open", "show p1"),),)
    first, second = parts(Reply(Text("One sentence. Another one."), rows), Limit(15))
    assert (first, second) == (Reply(Text("One sentence.")), Reply(Text("Another one."), rows))
    assert list(parts(Reply(Text(" "), rows), Limit(15))) == [Reply(Text("…"), rows)]
