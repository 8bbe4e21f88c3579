"""Newsroom: what changes in a content folder becomes drafts, each once, whatever happens to the files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

import handlers
from bot.clock import Clock
from bot.content import ContentBroken, load
from bot.core.broadcast import Broadcast, Item, Policy, State
from bot.core.change import Approve
from bot.core.content import Snapshot
from bot.moderation import Moderation
from bot.newsroom import Newsroom
from bot.privacy import Keys
from bot.store import Conflict, Store
from tests.packs import entry, person, write
from tests.storage import MONTH, at, place

KEYS = Keys(bytes(32), bytes(range(32)))
ONE, TWO = "telegram:1", "telegram:2"
TOPICS = "[{id: prisoners, name: Prisoners}, {id: laws, name: Laws}, {id: claims, name: Claims}]"
FREE = {"custody": "free", "case": "charged"}
HELD = {"custody": "detained", "case": "charged"}


class Calendar(Clock):
    """A clock that stands at noon of a day, in Phnom Penh."""

    def __init__(self) -> None:
        self.turn("2026-11-23")

    def turn(self, day: str) -> None:
        self.moment = datetime.fromisoformat(f"{day}T05:00:00").replace(tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@dataclass
class House:
    """A content folder, and the newsroom that looks at it."""

    folder: Path
    store: Store
    clock: Calendar = field(default_factory=Calendar)
    languages: tuple[str, ...] = ("en",)

    def __post_init__(self) -> None:
        self.writes({"topics.yaml": TOPICS})

    def writes(self, files: Mapping[str, str]) -> None:
        write(self.folder, files, *self.languages)

    def erases(self, *names: str) -> None:
        for name in names:
            (self.folder / name).unlink()

    def renames(self, old: str, new: str) -> None:
        (self.folder / old).rename(self.folder / new)

    @property
    def snapshot(self) -> Snapshot:
        return load(self.folder, handlers.kinds, self.clock.moment.date())[0]

    async def looks(self) -> list[Broadcast]:
        """The new drafts; a newsroom of its own each time, as after a restart."""
        numbers = await Newsroom(self.store, self.clock).compare(self.snapshot)
        return [await self.draft(number) for number in numbers]

    async def news(self) -> list[Item]:
        """What one new draft tells, or none."""
        drafts = await self.looks()
        assert len(drafts) < 2
        return [item for draft in drafts for item in draft.items]

    async def draft(self, number: int) -> Broadcast:
        found = await self.store.broadcasts.one(number)
        assert found
        return found

    @property
    def desk(self) -> Moderation:
        snapshot = self.snapshot
        return Moderation(self.store, KEYS, self.clock, lambda: snapshot, (ONE, TWO))

    async def digest(self, number: int) -> str:
        sheet = await self.desk._sheet(number, ONE)
        assert sheet
        return sheet.digest

    async def sends(self, number: int) -> None:
        """Both moderators approve it, as it is now."""
        digest, options = await self.digest(number), {"needed": 2, "allowed": (ONE, TWO), "renderings": {}}
        for name in (ONE, TWO):
            await self.store.broadcasts.approve(number, name, digest, at=self.clock.now(), **options)  # type: ignore[arg-type] # three kinds in one dict


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """One person is detained, and the newsroom has seen it."""
    async with at(tmp_path / "pratip.db") as store:
        house = House(tmp_path / "content", store)
        house.writes({"prisoners/a.yaml": person()})
        assert await house.looks() == []
        yield house


def update(day: str = "2026-11-23", **fields: str) -> str:
    return entry(**{"date": f"'{day}'", "topics": "[laws]", "title": "A title", "text": "A text", **fields})


def law(status: str) -> str:
    return entry(title="A law", kind="law", status=status, as_of="'2026-10'")


# --- what is news


async def test_the_first_look_announces_nothing_and_the_same_again_neither(house: House) -> None:
    assert await house.looks() == []
    assert await house.store.broadcasts.newest(10) == ()


async def test_a_new_case_is_news(house: House) -> None:
    house.writes({"prisoners/b.yaml": person("Chan Dara")})
    (draft,) = await house.looks()
    assert (draft.items, draft.topics, draft.state) == ((Item("b", None, HELD),), ("prisoners",), State.DRAFT)


async def test_a_changed_custody_is_news_with_what_it_was_before(house: House) -> None:
    house.writes({"prisoners/a.yaml": person(custody="free")})
    assert await house.news() == [Item("a", HELD, FREE)]


async def test_other_words_about_the_same_standing_are_no_news(house: House) -> None:
    house.writes({"prisoners/a.yaml": person(role="A writer", as_of="2026-11")})
    assert await house.looks() == []


async def test_a_new_claim_is_news(house: House) -> None:
    house.writes({"claims/c.yaml": entry(claim="Something is so", who="A minister", date="'2026-05'")})
    (draft,) = await house.looks()
    assert ([item.entry for item in draft.items], draft.topics) == (["c"], ("claims",))


async def test_a_law_that_comes_into_force_is_news(house: House) -> None:
    house.writes({"laws/l.yaml": law("draft")})
    assert await house.news() == [Item("l", None, {"status": "draft"})]
    await house.sends(1)
    house.writes({"laws/l.yaml": law("in-force")})
    assert await house.news() == [Item("l", {"status": "draft"}, {"status": "in-force"})]


async def test_several_changes_of_one_reload_are_one_draft_a_topic(house: House) -> None:
    house.writes({f"prisoners/{name}.yaml": person(f"Sok {name}") for name in "bcd"})
    house.writes({"prisoners/a.yaml": person(custody="free"), "updates/u.yaml": update()})
    drafts = await house.looks()
    told = {draft.topics: [item.entry for item in draft.items] for draft in drafts}
    assert told == {("prisoners",): ["a", "b", "c", "d"], ("laws",): ["u"]}


async def test_two_people_of_the_same_name_are_two_cases(house: House) -> None:
    house.writes({"prisoners/b.yaml": person(role="A monk")})
    assert await house.news() == [Item("b", None, HELD)]
    house.writes({"prisoners/c.yaml": person(role="A farmer")})
    assert await house.news() == [Item("c", None, HELD)]


# --- updates


async def test_an_update_is_news_on_its_day_though_nobody_edits_anything(house: House) -> None:
    house.writes({"updates/u.yaml": update("2026-11-25", urgent="true", expires="2026-11-30")})
    assert await house.looks() == []
    house.clock.turn("2026-11-24")
    assert await house.looks() == []
    house.clock.turn("2026-11-25")
    (draft,) = await house.looks()
    assert (draft.urgent, draft.expires_at) == (True, datetime(2026, 11, 30, 17, tzinfo=UTC))
    house.clock.turn("2026-11-26")
    assert await house.looks() == []


async def test_the_day_is_the_packs_own(house: House) -> None:
    house.writes({"updates/u.yaml": update("2026-11-25")})
    house.clock.moment = datetime(2026, 11, 24, 16, 59, tzinfo=UTC)
    assert await house.looks() == []
    house.clock.moment = datetime(2026, 11, 24, 17, tzinfo=UTC)
    assert len(await house.looks()) == 1


async def test_an_update_waits_for_the_languages_it_needs(tmp_path: Path) -> None:
    async with at(tmp_path / "pratip.db") as store:
        house = House(tmp_path / "content", store, languages=("en", "km"))
        assert await house.looks() == []
        house.writes({"updates/u.yaml": update(languages="[en, km]")})
        assert await house.looks() == []
        both = update(languages="[en, km]", title="{en: A title, km: ចំណងជើង}", text="{en: A text, km: អត្ថបទ}")
        house.writes({"updates/u.yaml": both})
        assert await house.news() == [Item("u", None, {})]


async def test_an_update_that_has_expired_is_no_news(house: House) -> None:
    house.writes({"updates/u.yaml": update("2026-11-01", expires="2026-11-22")})
    assert await house.looks() == []


async def test_two_updates_of_one_title_are_two(house: House) -> None:
    house.writes({"updates/u.yaml": update("2026-11-16")})
    assert len(await house.looks()) == 1
    house.writes({"updates/v.yaml": update("2026-11-23")})
    house.erases("updates/u.yaml")
    assert await house.news() == [Item("v", None, {})]


# --- never twice


async def test_news_remembers_what_bore_out_how_it_stood_before(house: House) -> None:
    before = house.snapshot.view().entries["a"].evidence()
    house.writes({"prisoners/a.yaml": person(custody="free")})
    (item,) = await house.news()
    assert item.evidence == before == house.snapshot.view().entries["a"].evidence()
    house.writes({"prisoners/a.yaml": person(custody="free", as_of="2026-11")})
    assert await house.looks() == []
    ((waiting,),) = [each.items for each in await house.store.broadcasts.newest(10)]
    assert waiting.evidence == before != house.snapshot.view().entries["a"].evidence()


async def test_what_is_gone_and_comes_back_is_no_news(house: House) -> None:
    house.writes({"prisoners/b.yaml": person("Chan Dara")})
    (draft,) = await house.looks()
    await house.sends(draft.number)
    for _ in range(2):
        house.erases("prisoners/a.yaml", "prisoners/b.yaml")
        assert await house.looks() == []
        house.writes({"prisoners/b.yaml": person("Chan Dara"), "prisoners/a.yaml": person()})
        assert await house.looks() == []


async def test_what_comes_back_otherwise_has_changed(house: House) -> None:
    house.erases("prisoners/a.yaml")
    await house.looks()
    house.writes({"prisoners/a.yaml": person(custody="free")})
    assert await house.news() == [Item("a", HELD, FREE)]


async def test_a_renamed_file_is_no_news_and_its_followers_follow_on(house: House) -> None:
    await house.store.subscribers.follow(place("1"), b"", "en", "a", MONTH)
    house.renames("prisoners/a.yaml", "prisoners/sok-vanna.yaml")
    assert await house.looks() == []
    assert (await house.store.subscribers.prefs(place("1"))).subscriptions.follows == ("sok-vanna",)
    house.renames("prisoners/sok-vanna.yaml", "prisoners/a.yaml")
    assert await house.looks() == []
    assert (await house.store.subscribers.prefs(place("1"))).subscriptions.follows == ("a",)


async def test_what_is_renamed_and_changed_at_once_has_changed(house: House) -> None:
    await house.store.subscribers.follow(place("1"), b"", "en", "a", MONTH)
    house.erases("prisoners/a.yaml")
    house.writes({"prisoners/sok-vanna.yaml": person(custody="free")})
    assert await house.news() == [Item("sok-vanna", HELD, FREE)]
    assert (await house.store.subscribers.prefs(place("1"))).subscriptions.follows == ("sok-vanna",)


async def test_a_renamed_update_is_told_once(house: House) -> None:
    house.writes({"updates/u.yaml": update()})
    (draft,) = await house.looks()
    await house.sends(draft.number)
    house.renames("updates/u.yaml", "updates/v.yaml")
    assert await house.looks() == []


async def test_a_pending_draft_follows_its_entry_to_its_new_name(house: House) -> None:
    house.writes({"prisoners/b.yaml": person("Chan Dara")})
    (draft,) = await house.looks()
    house.renames("prisoners/b.yaml", "prisoners/dara.yaml")
    assert await house.looks() == []
    assert (await house.draft(draft.number)).items == (Item("dara", None, HELD),)


async def test_a_change_that_was_sent_is_not_told_again_when_branches_are_switched(house: House) -> None:
    old, new = {"prisoners/a.yaml": person()}, {"prisoners/a.yaml": person(custody="free", as_of="2026-11")}
    house.writes(new)
    (draft,) = await house.looks()
    await house.sends(draft.number)
    house.writes(old)
    (back,) = await house.looks()  # perhaps it was wrong: moderators know
    assert back.items == (Item("a", FREE, HELD),)
    for files in (new, old, new):
        house.writes(files)
        assert len(await house.looks()) == (files is old)
    states = [draft.state for draft in await house.store.broadcasts.newest(10)]
    assert states == [State.REJECTED, State.REJECTED, State.SENDING]


async def test_a_change_that_moderators_rejected_is_not_drafted_again(house: House) -> None:
    for day in ("2026-10", "2026-11"):
        house.writes({"prisoners/a.yaml": person(custody="free", as_of=day)})
        (draft,) = await house.looks()
        await house.store.broadcasts.reject(draft.number, ONE, "no", house.clock.now())
        house.writes({"prisoners/a.yaml": person()})
        for back in await house.looks():
            await house.store.broadcasts.reject(back.number, ONE, "no", house.clock.now())
        house.writes({"prisoners/a.yaml": person(custody="free", as_of=day)})
        assert await house.looks() == []
        house.writes({"prisoners/a.yaml": person()})
        assert await house.looks() == []


async def test_somebody_arrested_again_is_news_again(house: House) -> None:
    for custody, day in (("free", "2026-08"), ("detained", "2026-09"), ("free", "2026-10"), ("detained", "2026-11")):
        house.writes({"prisoners/a.yaml": person(custody=custody, as_of=day)})
        (draft,) = await house.looks()
        await house.sends(draft.number)


# --- a draft that waits


async def test_a_draft_whose_entry_changes_again_says_so_and_earlier_approvals_count_no_more(house: House) -> None:
    house.writes({"prisoners/a.yaml": person(custody="free")})
    (draft,) = await house.looks()
    digest = await house.digest(draft.number)
    options = {"needed": 2, "allowed": (ONE, TWO), "renderings": {}}
    approve = house.store.broadcasts.approve
    assert not await approve(draft.number, ONE, digest, at=house.clock.now(), **options)  # type: ignore[arg-type]
    house.writes({"prisoners/a.yaml": person(custody="abroad")})
    assert await house.looks() == []
    assert (await house.draft(draft.number)).items == (Item("a", HELD, {**HELD, "custody": "abroad"}),)
    assert await house.digest(draft.number) != digest
    with pytest.raises(Conflict):
        await house.desk.apply(Approve(draft.number, digest), TWO)


async def test_what_a_draft_came_to_say_is_not_told_again_once_it_is_sent(house: House) -> None:
    house.writes({"prisoners/a.yaml": person(custody="free")})
    (draft,) = await house.looks()
    house.writes({"prisoners/a.yaml": person(custody="abroad")})
    await house.looks()
    await house.sends(draft.number)
    house.writes({"prisoners/a.yaml": person()})
    (back,) = await house.looks()
    await house.store.broadcasts.reject(back.number, ONE, "a mistake", house.clock.now())
    house.writes({"prisoners/a.yaml": person(custody="abroad")})
    assert await house.looks() == []


async def test_a_draft_whose_entry_changes_back_is_rejected_with_the_reason(house: House) -> None:
    house.writes({"prisoners/a.yaml": person(custody="free")})
    (draft,) = await house.looks()
    house.writes({"prisoners/a.yaml": person()})
    assert await house.looks() == []
    after = await house.draft(draft.number)
    assert (after.state, after.why, after.items) == (State.REJECTED, "changed-back", ())


async def test_what_changed_back_before_anybody_heard_of_it_may_still_come_true(house: House) -> None:
    for _ in range(3):
        house.writes({"prisoners/a.yaml": person(custody="free")})
        assert await house.news() == [Item("a", HELD, FREE)]
        house.writes({"prisoners/a.yaml": person()})
        assert await house.looks() == []


async def test_one_of_two_changes_back_and_the_draft_tells_the_other(house: House) -> None:
    house.writes({"prisoners/b.yaml": person("Chan Dara"), "prisoners/a.yaml": person(custody="free")})
    (draft,) = await house.looks()
    house.writes({"prisoners/a.yaml": person()})
    assert await house.looks() == []
    assert (await house.draft(draft.number)).items == (Item("b", None, HELD),)
    await house.sends(draft.number)
    house.writes({"prisoners/a.yaml": person(custody="free")})
    assert await house.news() == [Item("a", HELD, FREE)]


async def test_a_draft_whose_entry_is_gone_is_rejected_and_comes_back_with_it(house: House) -> None:
    house.writes({"prisoners/b.yaml": person("Chan Dara")})
    (draft,) = await house.looks()
    house.erases("prisoners/b.yaml")
    assert await house.looks() == []
    assert (await house.draft(draft.number)).state is State.REJECTED
    house.writes({"prisoners/b.yaml": person("Chan Dara")})
    assert await house.news() == [Item("b", None, HELD)]


async def test_a_change_that_went_away_with_its_entry_comes_back_with_it(house: House) -> None:
    house.writes({"prisoners/a.yaml": person(custody="free")})
    assert await house.news() == [Item("a", HELD, FREE)]
    house.erases("prisoners/a.yaml")
    assert await house.looks() == []
    house.writes({"prisoners/a.yaml": person(custody="free")})
    assert await house.news() == [Item("a", HELD, FREE)]


async def test_a_draft_takes_over_a_new_last_day(house: House) -> None:
    house.writes({"updates/u.yaml": update(expires="2026-11-24")})
    (draft,) = await house.looks()
    house.writes({"updates/u.yaml": update(expires="2026-11-30")})
    assert await house.looks() == []
    assert (await house.draft(draft.number)).expires_at == datetime(2026, 11, 30, 17, tzinfo=UTC)


async def test_of_arrests_and_releases_better_twice_than_never(house: House) -> None:
    house.writes({"prisoners/b.yaml": person("Chan Dara")})
    (draft,) = await house.looks()
    assert draft.policy is Policy.RESEND


# --- trouble


async def test_a_change_made_while_the_bot_was_down_is_found_by_the_next_start(tmp_path: Path) -> None:
    folder, file = tmp_path / "content", tmp_path / "pratip.db"
    async with at(file) as store:
        house = House(folder, store)
        house.writes({"prisoners/a.yaml": person()})
        assert await house.looks() == []
    house.writes({"prisoners/a.yaml": person(custody="free")})
    async with at(file) as store:
        assert await House(folder, store).news() == [Item("a", HELD, FREE)]


async def test_a_folder_that_is_broken_for_a_while_loses_nothing(house: House) -> None:
    house.writes({"prisoners/a.yaml": person(custody="jailed")})
    with pytest.raises(ContentBroken):
        await house.looks()
    house.writes({"prisoners/a.yaml": person(custody="free")})
    assert await house.news() == [Item("a", HELD, FREE)]


async def test_what_would_be_drafted_is_foreseen_and_noted_nowhere(house: House) -> None:
    newsroom = Newsroom(house.store, house.clock)
    assert await newsroom.foreseen(house.snapshot) == ()
    house.writes({"prisoners/a.yaml": person(custody="free")})
    for _ in range(2):
        (draft,) = await newsroom.foreseen(house.snapshot)
        assert draft.items == (Item("a", HELD, FREE, draft.items[0].evidence),)
    assert await house.store.broadcasts.newest(5) == ()
    assert len(await house.looks()) == 1
    assert await newsroom.foreseen(house.snapshot) == ()


async def test_before_the_first_look_nothing_is_foreseen(tmp_path: Path) -> None:
    async with at(tmp_path / "pratip.db") as store:
        house = House(tmp_path / "content", store)
        house.writes({"prisoners/a.yaml": person()})
        assert await Newsroom(store, house.clock).foreseen(house.snapshot) == ()
