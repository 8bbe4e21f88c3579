"""Following: an entry's changes are told to those who pressed its button or named it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.change import Follow, Unfollow
from bot.core.entry import Entry
from bot.core.messages import Prefs
from bot.core.subscription import NOTHING, Pace, Subscriptions
from tests.conversation import Reader
from tests.packs import pack, person

LANGUAGES = pytest.mark.parametrize("language", ["en", "km"])


def follower(*entries: str, language: str = "") -> Reader:
    reader = Reader(language)
    reader.prefs = Prefs(language, Subscriptions(follows=entries))
    return reader


@LANGUAGES
def test_every_card_has_a_button_to_follow_it_and_to_stop_that(language: str) -> None:
    reader = Reader(language)
    for entry in ("kem-sokha", "lango-2015", reader.content.of(Entry)[-1].id):
        reader.asks(f"/show {entry}")
        done = reader.presses(reader.phrase("button.follow"))
        assert done.reply.changes == (Follow(entry),)
        assert not done.reply.replaces  # the card stays
        reader.asks(f"/full {entry}")
        assert reader.presses(reader.phrase("button.unfollow")).reply.changes == (Unfollow(entry),)
    assert reader.prefs.subscriptions == NOTHING


@LANGUAGES
@pytest.mark.parametrize("words", ["/follow kem-sokha", "/follow Kem Sokha", "follow kem sokha", "/តាមដាន kem sokha"])
def test_an_entry_is_followed_by_its_id_or_its_name(language: str, words: str) -> None:
    reader = Reader(language)
    done = reader.asks(words).says(reader.phrase("follow.done", name=reader.content.entries["kem-sokha"].heading))
    assert done.reply.changes == (Follow("kem-sokha"),)
    again = reader.asks(words).says(reader.phrase("follow.already", name=reader.content.entries["kem-sokha"].heading))
    assert again.reply.changes == ()
    assert again.commands == ["unfollow kem-sokha", "following"]


@LANGUAGES
@pytest.mark.parametrize("words", ["kem-soka", "sokha kem", "kem sokah"])
def test_an_unknown_entry_changes_nothing_and_the_nearest_is_offered(language: str, words: str) -> None:
    reader = Reader(language)
    answer = reader.asks(f"/follow {words}").says(reader.phrase("bad.entry", words=words))
    assert answer.reply.changes == ()
    assert answer.commands[0] == "follow kem-sokha"
    assert len(answer.commands) <= 3
    one = reader.phrase("list.meant", word=answer.labels[0])
    answer.says(one if len(answer.commands) == 1 else reader.phrase("list.which"))


def test_a_name_in_the_other_language_is_followed_in_that_and_offered_here() -> None:
    assert Reader("km").asks("/តាមដាន កឹម សុខា").reply.changes == (Follow("kem-sokha"),)
    assert Reader("en").asks("/follow កឹម សុខា").commands == ["follow kem-sokha"]


def test_of_a_name_that_fits_several_entries_these_are_offered(tmp_path: Path) -> None:
    files = {f"prisoners/{name}.yaml": person("Sok Vanna") for name in ("sok-a", "sok-b")}
    answer = Reader(pack=pack(tmp_path, files)).asks("/follow sok vanna").says("Did you mean one of these?")
    assert answer.commands == ["follow sok-a", "follow sok-b"]


def test_where_nothing_is_near_nothing_is_offered() -> None:
    assert Reader().asks("/follow qqqqqqqq").commands == []
    words = Reader().asks("/follow labour confederation").commands  # no name, but somebody's card says so
    assert words


def test_without_a_name_it_is_asked_which() -> None:
    answer = Reader().asks("/follow").says("Which entry?", "/follow kem-sokha")
    assert (answer.reply.changes, answer.commands) == ((), ["following"])


@LANGUAGES
def test_what_is_followed_is_listed_and_ended_with_one_press_each(language: str) -> None:
    reader = follower("kem-sokha", "lango-2015", language=language)
    listed = reader.asks("/following").says(reader.phrase("following.lead", n=2))
    assert listed.commands == ["unfollow kem-sokha page 1", "unfollow lango-2015 page 1"]
    assert (len(listed.items), listed.reply.replaces) == (2, False)
    ended = reader.presses("✕").says(reader.phrase("following.lead", n=1))
    assert (ended.commands, ended.reply.replaces) == (["unfollow lango-2015 page 1"], True)
    assert ended.reply.changes == (Unfollow("kem-sokha"),)
    last = reader.presses("✕").says(reader.phrase("following.none"))
    assert last.reply.replaces
    assert reader.prefs.subscriptions == NOTHING
    nothing = reader.asks("/following").says(reader.phrase("following.none"))
    assert not nothing.reply.replaces


@LANGUAGES
def test_the_topics_that_are_heard_of_are_said_whether_or_not_an_entry_is_followed(language: str) -> None:
    reader = Reader(language)
    reader.asks("/following").says(reader.phrase("following.none"))
    reader.prefs = Prefs(language, Subscriptions({"laws": Pace.DAILY, "claims": Pace.NOW}))
    names = {topic: reader.content.terms["topics"][topic].name for topic in ("laws", "claims")}
    daily = reader.phrase("subscribe.paced", topic=names["laws"], pace=reader.content.label("pace", "daily"))
    topics = reader.phrase("following.topics", topics=f"{daily}, {names['claims']}")
    alone = reader.asks("/following").says(reader.phrase("following.none"), topics)
    assert alone.commands == ["subscribe"]
    reader.asks("/follow kem-sokha")
    both = reader.asks("/following").says(topics, reader.phrase("following.lead", n=1)).hides("/follow")
    assert both.commands == ["unfollow kem-sokha page 1"]


def test_a_long_list_has_pages_and_stays_on_the_one_where_something_was_ended() -> None:
    entries = [entry.id for entry in Reader().content.of(Entry)[:15]]
    reader = follower(*entries)
    pages = list(reader.pages("/following"))
    shown = [command.split()[1] for page in pages for command in page.commands if command.startswith("unfollow ")]
    assert (len(pages) > 1, shown) == (True, entries)
    assert [page.reply.replaces for page in pages] == [False, *[True] * (len(pages) - 1)]
    second = pages[1].commands[0]
    after = reader.asks(f"/{second}").says("Page 2 of")
    assert second not in after.commands
    assert "following page 1" in after.commands
    twice = reader.asks(f"/{second}")
    assert (twice.reply.changes, twice.text) == ((), after.text)


@LANGUAGES
def test_an_entry_that_left_the_pack_is_shown_by_its_id_and_can_be_ended(language: str) -> None:
    reader = follower("left-the-pack", "kem-sokha", language=language)
    reader.asks("/following").says(f"1. {reader.phrase('following.gone', id='left-the-pack')}")
    reader.presses("✕ left-the-pack")
    assert reader.prefs.subscriptions.follows == ("kem-sokha",)
    reader = follower("left-the-pack", language=language)
    ended = reader.asks("/unfollow left-the-pack").says(reader.phrase("unfollow.done", name="left-the-pack"))
    assert ended.commands == ["following"]
    ended.says(reader.phrase("unsubscribe.nothing"))


@LANGUAGES
def test_ending_one_in_words_ends_that_one_and_can_be_undone(language: str) -> None:
    reader = follower("kem-sokha", "lango-2015", language=language)
    ended = reader.asks("/unfollow kem sokha").hides(reader.phrase("unsubscribe.nothing"))
    assert ended.reply.changes == (Unfollow("kem-sokha"),)
    reader.presses(reader.phrase("button.follow"))
    assert reader.prefs.subscriptions.follows == ("lango-2015", "kem-sokha")


def test_ending_the_last_one_says_that_nothing_is_sent_unless_a_topic_is() -> None:
    reader = follower("kem-sokha")
    reader.asks("/unfollow kem-sokha").says("Nothing is sent to this chat any more.")
    reader.prefs = Prefs(subscriptions=Subscriptions({"laws": Pace.NOW}, ("kem-sokha",)))
    reader.asks("/unfollow kem-sokha").hides("Nothing is sent")


@LANGUAGES
def test_ending_what_is_not_followed_changes_nothing_and_offers_what_is(language: str) -> None:
    reader = follower("kem-sokha", language=language)
    unknown = reader.asks("/unfollow kem-soka").says(reader.phrase("unfollow.not", name="kem-soka"))
    unknown.says(reader.phrase("list.meant", word=unknown.labels[0]))
    assert (unknown.reply.changes, unknown.commands) == ((), ["unfollow kem-sokha", "following"])
    law = reader.content.entries["lango-2015"].heading.shortened(60)
    other = reader.asks("/unfollow lango-2015").says(reader.phrase("unfollow.not", name=law))
    assert (other.reply.changes, other.commands) == ((), ["following"])


def test_ending_without_a_name_shows_the_list() -> None:
    reader = follower("kem-sokha")
    assert reader.asks("/unfollow").text == reader.asks("/following").text
