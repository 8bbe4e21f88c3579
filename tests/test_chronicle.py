"""Chronicle: git is asked once of each content; without it, what subscribers were told is the past."""

from __future__ import annotations

from pathlib import Path

from bot.chronicle import Chronicle
from bot.content.archive import Archive
from bot.core.calendar import PartialDate
from bot.core.content import Snapshot
from bot.core.past import Past, Turn
from tests.desk import FREED, ONE, READER, TWO, Desk
from tests.packs import pack, person
from tests.storage import at

DAY = PartialDate.parse("2025-01-31")
PAST = Past((Turn(None, {"custody": "free"}, DAY, "CamboJA"),))


class Memory(Archive):
    """An archive that knows one past, or none, and how often it was asked."""

    def __init__(self, known: Past | None) -> None:
        self.known, self.asked = known, list[str]()

    def past(self, name: str, snapshot: Snapshot) -> Past | None:
        self.asked.append(name)
        return self.known


async def test_what_was_sent_is_told_with_its_day_and_what_was_withdrawn_is_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    async with desk.working():
        assert "written down" in (await desk.says(READER, "/history kem-sokha")).text
        await desk.says(TWO, "/start")
        await desk.says(ONE, "/start")
        desk.edits(FREED)
        for who in (ONE, TWO):
            await desk.hears(who)
        assert "written down" in (await desk.says(READER, "/history kem-sokha")).text  # a draft is nobody's news
        await desk.approve(1)
        for who in (ONE, TWO):
            await desk.hears(who)
        told = (await desk.says(READER, "/history kem-sokha")).text
        assert f"custody: detained to free, {desk.clock.now():%Y}" in told
        await desk.says(ONE, "/withdraw 1 yes")
        assert "detained to free" not in (await desk.says(READER, "/history kem-sokha")).text


async def test_git_is_asked_once_of_each_content_and_comes_first(tmp_path: Path) -> None:
    memory = Memory(PAST)
    first, second = (pack(tmp_path / n, {"prisoners/a.yaml": person(as_of=n)}) for n in ("2024", "2025"))
    async with at(tmp_path / "pratip.db") as store:
        chronicle = Chronicle(store, memory)
        for snapshot in (first, first, second):
            assert await chronicle.past("a", snapshot) == PAST
        assert await chronicle.past("nobody", first) == Past()
        assert memory.asked == ["a", "a"]
        assert await Chronicle(store, Memory(None)).past("a", first) == Past()


async def test_only_so_many_pasts_are_remembered(tmp_path: Path) -> None:
    memory = Memory(PAST)
    people = {f"prisoners/p{n}.yaml": person(f"Name {n}") for n in range(501)}
    snapshot = pack(tmp_path, people)
    async with at(tmp_path / "pratip.db") as store:
        chronicle = Chronicle(store, memory)
        for n in (*range(501), 500, 0):
            await chronicle.past(f"p{n}", snapshot)
    assert memory.asked[-2:] == ["p500", "p0"]
