"""Subscribers: what a chat chose, what a place hears of, and when its address goes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.core.kept import Kept, Row
from bot.core.messages import Prefs
from bot.core.subscription import Pace, Quiet, Settings, Subscriptions
from bot.privacy import Place
from bot.store import Audience, Channel, Store, StoreFailed, subscribers
from tests.storage import MONTH, NOON, ZONE, at, bytes_of, change, place, rows, sent

HERE, THREAD = place("one"), place("one", "thread")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pratip.db"


async def test_a_chat_that_chose_nothing_has_no_row(file: Path) -> None:
    async with at(file) as store:
        assert await store.subscribers.prefs(place("one")) == Prefs()
    assert rows(file, "SELECT * FROM preference") == []


async def test_a_choice_is_remembered_and_may_change(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(place("one"), "km")
        await store.subscribers.choose_language(place("two"), "en")
        await store.subscribers.choose_language(place("two"), "km")
        await store.subscribers.choose_language(place("two"), "fr")
        assert [await store.subscribers.prefs(place(chat)) for chat in ("one", "two", "one")] == [
            Prefs("km"),
            Prefs("fr"),
            Prefs("km"),
        ]
    async with at(file) as store:
        assert [await store.subscribers.prefs(place(chat)) for chat in ("one", "two", "three")] == [
            Prefs("km"),
            Prefs("fr"),
            Prefs(),
        ]
    assert rows(file, "SELECT * FROM preference ORDER BY chat") == [("one", "km"), ("two", "fr")]


async def test_what_is_forgotten_is_gone_and_the_rest_stays(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(place("one"), "km")
        await store.subscribers.choose_language(place("two"), "km")
        await store.subscribers.forget(place("one"))
        await store.subscribers.forget(place("never seen"))
        assert [await store.subscribers.prefs(place(chat)) for chat in ("one", "two")] == [Prefs(), Prefs("km")]
    assert rows(file, "SELECT * FROM preference") == [("two", "km")]


async def test_only_so_many_places_are_kept_in_memory(file: Path) -> None:
    async with at(file) as store:
        people = store.subscribers
        await people.prefs(place("first"))
        other = people._places["first", "first/"]
        people._places.update(((str(number), ""), other) for number in range(subscribers._REMEMBERED - 1))
        await people.prefs(place("first"))  # asked again: it is no longer the one that is longest ago
        await people.prefs(place("another"))
        assert len(people._places) == subscribers._REMEMBERED
        kept = {chat for chat, _ in people._places}
        assert ("0" in kept, "first" in kept, "another" in kept) == (False, True, True)


async def test_a_choice_is_not_undone_by_a_question_that_was_asked_before_it(file: Path) -> None:
    async with at(file) as store:
        for number in range(50):
            chat = str(number)
            asked = [asyncio.ensure_future(store.subscribers.prefs(place(chat))) for _ in range(3)]
            await asyncio.sleep(0)
            await store.subscribers.choose_language(place(chat), "km")
            await asyncio.gather(*asked)
            assert await store.subscribers.prefs(place(chat)) == Prefs("km")
            asked = [asyncio.ensure_future(store.subscribers.prefs(place(chat))) for _ in range(3)]
            await store.subscribers.forget(place(chat))
            await asyncio.gather(*asked)
            assert await store.subscribers.prefs(place(chat)) == Prefs()


# --- what is kept


async def test_what_is_kept_of_a_chat_is_everything_in_all_its_threads(file: Path) -> None:
    settings = Settings("Asia/Tokyo", Quiet(60, 120), urgent_breaks_quiet=True, digest_hour=13)
    async with at(file) as store:
        people = store.subscribers
        assert await people.kept(HERE) == Kept("one")
        assert not await people.kept(HERE)
        await people.choose_language(HERE, "km")
        assert await people.kept(THREAD) == Kept("one", "km")
        await subscribed(store, HERE, "laws", "prisoners")
        await follows(store, THREAD, "kem-sokha")
        await follows(store, place("two"), "kem-sokha")
        await people.configure(HERE, settings)
        await people.refused(1, "2026-11-23")
        await people.asked(2, "2026-11-24")
        await sent(store, "news")
        await store.ledger.expand(1, now=NOON, zone=ZONE)
        topics = Subscriptions({"laws": Pace.NOW, "prisoners": Pace.NOW}, settings=settings)
        entry = Subscriptions(follows=("kem-sokha",))
        first = Row(1, "one/", "one", "paper", True, "en", topics, MONTH, 1, "2026-11-23", "", 0)
        second = Row(2, "one/thread", "one", "paper", True, "en", entry, MONTH, 0, "", "2026-11-24", 1)
        assert await people.kept(THREAD) == Kept("one", "km", (first, second))


# --- what a place hears of


async def subscribed(store: Store, where: Place, *topics: str, pace: Pace = Pace.NOW) -> None:
    await store.subscribers.subscribe(where, b"sealed " + where.key.encode(), "en", topics, pace, MONTH)


async def follows(store: Store, where: Place, entry: str) -> None:
    await store.subscribers.follow(where, b"sealed " + where.key.encode(), "en", entry, MONTH)


async def hears(store: Store, where: Place = HERE) -> Subscriptions:
    return (await store.subscribers.prefs(where)).subscriptions


async def test_a_place_hears_of_what_it_subscribed_to_however_often_it_did(file: Path) -> None:
    async with at(file) as store:
        assert not await hears(store)
        for _ in range(2):
            await subscribed(store, HERE, "laws", "prisoners")
            await follows(store, HERE, "kem-sokha")
        await subscribed(store, HERE, "laws", pace=Pace.WEEKLY)
        await subscribed(store, THREAD)
        wanted = Subscriptions({"laws": Pace.WEEKLY, "prisoners": Pace.NOW}, ("kem-sokha",))
        assert (await hears(store), await hears(store, THREAD)) == (wanted, Subscriptions())
    async with at(file) as store:
        assert await hears(store) == wanted
    assert rows(file, "SELECT chat, language, contact FROM subscriber") == [("one", "en", MONTH)]


async def test_with_the_last_subscription_the_address_goes_and_not_before(file: Path) -> None:
    async with at(file) as store:
        await subscribed(store, HERE, "laws", "prisoners")
        await follows(store, HERE, "kem-sokha")
        await store.subscribers.unsubscribe(HERE, ["laws", "never heard of"])
        await store.subscribers.unsubscribe(HERE, ["prisoners"])
        assert await hears(store) == Subscriptions({}, ("kem-sokha",))
        assert b"sealed one" in bytes_of(file)
        for _ in range(2):
            await store.subscribers.unfollow(HERE, "kem-sokha")
        assert not await hears(store)
        assert b"sealed one" not in bytes_of(file)
    assert rows(file, "SELECT * FROM subscriber") == rows(file, "SELECT * FROM subscription") == []


async def test_stop_ends_every_thread_of_a_chat_and_leaves_its_language(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(HERE, "km")
        for where in (HERE, THREAD, place("two")):
            await subscribed(store, where, "laws")
            assert await hears(store, where)
        await store.subscribers.stop(THREAD)
        assert [bool(await hears(store, where)) for where in (HERE, THREAD, place("two"))] == [False, False, True]
        assert await store.subscribers.prefs(THREAD) == Prefs("km")
        await store.subscribers.forget(place("two"))
        assert await store.subscribers.prefs(place("two")) == Prefs()
    assert rows(file, "SELECT chat FROM subscriber") == []


async def test_settings_are_those_of_a_place_and_its_language_that_of_the_chat(file: Path) -> None:
    night = Settings("Europe/Paris", Quiet(22 * 60, 7 * 60), True, True, 18, 4)
    async with at(file) as store:
        for where in (HERE, THREAD):
            await subscribed(store, where, "laws")
            await hears(store, where)
        await store.subscribers.configure(THREAD, night)
        await store.subscribers.configure(place("nobody"), night)
        await store.subscribers.choose_language(HERE, "km")
        assert [(await hears(store, where)).settings for where in (HERE, THREAD)] == [Settings(), night]
        assert (await store.subscribers.prefs(THREAD)).language == "km"
        await store.subscribers.configure(THREAD, Settings())
        assert (await hears(store, THREAD)).settings == Settings()
    assert rows(file, "SELECT DISTINCT language FROM subscriber") == [("km",)]


async def test_three_days_of_refusal_end_a_subscription_and_a_word_starts_the_count_anew(file: Path) -> None:
    async with at(file) as store:
        await subscribed(store, HERE, "laws")
        people = store.subscribers
        refused = [await people.refused(1, day) for day in ("2026-11-01", "2026-11-02", "2026-11-02")]
        assert rows(file, "SELECT failures, failed_on FROM subscriber") == [(2, "2026-11-02")]
        await people.heard(HERE, "2026-12")
        assert rows(file, "SELECT failures, failed_on, contact FROM subscriber") == [(0, "", "2026-12")]
        refused += [await people.refused(1, day) for day in ("2026-12-03", "2026-12-04", "2026-12-05", "2026-12-06")]
        assert refused == [False, False, False, False, False, True, False]
        assert not await hears(store)
        assert b"sealed one" not in bytes_of(file)


async def test_a_word_is_written_down_once_a_month_and_of_subscribers_only(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.heard(HERE, MONTH)
        assert rows(file, "SELECT * FROM subscriber") == []
        await subscribed(store, HERE, "laws")
        change(file, "CREATE TRIGGER never BEFORE UPDATE ON subscriber BEGIN SELECT RAISE(FAIL, 'written'); END")
        await store.subscribers.heard(HERE, MONTH)
        with pytest.raises(StoreFailed):
            await store.subscribers.heard(HERE, "2026-12")


async def test_a_chat_that_moves_takes_everything_along(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(HERE, "km")
        await subscribed(store, HERE, "laws")
        assert not await hears(store, place("new"))
        for _ in range(2):
            await store.subscribers.moved(1, place("new", private=False), b"sealed new")
        assert await store.subscribers.prefs(HERE) == Prefs()
        assert await store.subscribers.prefs(place("new")) == Prefs("km", Subscriptions({"laws": Pace.NOW}))
        await store.subscribers.moved(99, HERE, b"")
    assert rows(file, "SELECT id, chat, address, private FROM subscriber") == [(1, "new", b"sealed new", 0)]


async def test_a_chat_that_moves_to_where_it_was_subscribed_already_becomes_one_with_it(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(place("new"), "en")
        await store.subscribers.choose_language(HERE, "km")
        await subscribed(store, HERE, "laws", pace=Pace.DAILY)
        await subscribed(store, place("new"), "laws", "prisoners")
        await store.subscribers.moved(1, place("new"), b"sealed new")
        wanted = Prefs("en", Subscriptions({"laws": Pace.DAILY, "prisoners": Pace.NOW}))
        assert await store.subscribers.prefs(place("new")) == wanted
    assert rows(file, "SELECT id FROM subscriber") == [(1,)]


async def test_a_thread_that_moves_within_its_chat_leaves_the_language_alone(file: Path) -> None:
    async with at(file) as store:
        await store.subscribers.choose_language(HERE, "km")
        await subscribed(store, HERE, "laws")
        await store.subscribers.moved(1, THREAD, b"sealed thread")
        assert await store.subscribers.prefs(THREAD) == Prefs("km", Subscriptions({"laws": Pace.NOW}))
        assert await store.subscribers.prefs(HERE) == Prefs("km")


async def test_who_follows_an_entry_follows_it_under_its_new_name(file: Path) -> None:
    async with at(file) as store:
        for where, entries in ((HERE, ["old"]), (place("two"), ["new", "old"]), (place("three"), ["other"])):
            for entry in entries:
                await follows(store, where, entry)
            await hears(store, where)
        await store.subscribers.renamed("old", "new")
        found = [(await hears(store, place(name))).follows for name in ("one", "two", "three")]
        assert found == [("new",), ("new",), ("other",)]


async def test_channels_are_those_that_the_pack_names_and_never_erased_for_refusing(file: Path) -> None:
    laws, both = place("laws", private=False), place("both", private=False)
    async with at(file) as store:
        await subscribed(store, HERE, "laws")
        one, two, three = (
            Channel(laws, b"1", "en", "laws"),
            Channel(both, b"2", "km", "laws"),
            Channel(both, b"2", "km", "x"),
        )
        await store.subscribers.channels([one, two, three])
        assert await hears(store, both) == Subscriptions({"laws": Pace.NOW, "x": Pace.NOW})
        for day in "1234":
            assert not await store.subscribers.refused(2, day)
        assert await store.subscribers.counts(["laws"], []) == Audience({"paper": 1}, 2)
        await store.subscribers.choose_language(both, "en")
        await store.subscribers.channels([two])
        assert await hears(store, laws) == Subscriptions()
        assert await hears(store, both) == Subscriptions({"laws": Pace.NOW})
    channels = "SELECT place, address, language FROM subscriber WHERE channel = 1"
    assert rows(file, channels) == [("both/", b"2", "km")]


async def test_everybody_is_counted_once(file: Path) -> None:
    async with at(file) as store:
        for where in (HERE, THREAD, place("else", platform="stone")):
            await subscribed(store, where, "laws", "prisoners")
            await follows(store, where, "kem-sokha")
        await follows(store, place("two"), "kem-sokha")
        count = store.subscribers.counts
        assert await count(["laws", "prisoners"], ["kem-sokha"]) == Audience({"paper": 3, "stone": 1})
        assert await count(["laws"], []) == Audience({"paper": 2, "stone": 1})
        assert await count([], []) == await count(["none"], ["none"]) == Audience({})
