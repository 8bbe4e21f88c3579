"""Subscriptions: topics are chosen by a press or in words, and it is said what is kept and who sees it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.change import Configure, Follow, Stop, Subscribe, Unfollow, Unsubscribe
from bot.core.messages import Chat, Prefs, Role
from bot.core.subscription import NOTHING, Pace, Quiet, Settings, Subscriptions
from bot.core.text import Style
from tests.conversation import Answer, Reader
from tests.packs import pack, person

LANGUAGES = pytest.mark.parametrize("language", ["en", "km"])
GROUP = Chat("telegram", "-1", private=False)
TOPICS = ("prisoners", "laws", "recommendations", "claims", "actions")


def subscribed(language: str = "", *topics: str, chat: Chat | None = None, **paces: Pace) -> Reader:
    """Somebody who hears of these topics at once, and of others at their pace."""
    reader = Reader(language, chat=chat, role=Role.ADMIN)
    reader.prefs = Prefs(language, Subscriptions({**dict.fromkeys(topics, Pace.NOW), **paces}))
    return reader


def name(reader: Reader, topic: str) -> str:
    return str(reader.content.terms["topics"][topic].name)


# ---------------------------------------------------------------------------- ticks


@LANGUAGES
def test_every_topic_is_a_button_that_switches_it_on_and_off(language: str) -> None:
    reader = Reader(language)
    shown = reader.asks("/subscribe").says(reader.phrase("subscribe.lead"))
    assert shown.commands == [*(f"topic {topic} on" for topic in TOPICS), "settings", "following"]
    assert (shown.reply.changes, shown.reply.replaces) == ((), False)
    on = reader.presses(name(reader, "laws"))
    on.says(reader.phrase("subscribe.done", topics=name(reader, "laws")), reader.phrase("subscribe.lead"))
    assert on.reply.replaces
    assert on.reply.changes == (Subscribe(("laws",)),)
    assert reader.prefs.subscriptions.topics == {"laws": Pace.NOW}
    off = reader.presses(f"✓ {name(reader, 'laws')}")
    off.says(reader.phrase("unsubscribe.done", topics=name(reader, "laws")), reader.phrase("unsubscribe.nothing"))
    assert off.reply.replaces
    assert off.reply.changes == (Unsubscribe(("laws",)),)
    assert reader.prefs.subscriptions == NOTHING
    assert off.commands == shown.commands


@pytest.mark.parametrize("command", ["topic laws on", "topic claims off", "topic nothing on", "topic laws", "topic"])
def test_a_tick_that_changes_nothing_shows_what_holds(command: str) -> None:
    reader = subscribed("", "laws")
    answer = reader.asks(f"/{command}")
    assert answer.text == reader.phrase("subscribe.lead")
    assert (answer.reply.changes, answer.reply.replaces) == ((), True)
    assert "✓ Laws and bills" in answer.labels


def test_a_tick_says_the_pace_where_it_is_not_at_once() -> None:
    reader = subscribed("", "prisoners", laws=Pace.WEEKLY)
    assert reader.asks("/subscribe").labels[:2] == ["✓ Prisoners and cases", "✓ Laws and bills (weekly)"]


def test_a_topic_that_the_pack_has_no_more_can_be_left() -> None:
    reader = subscribed("", "old-topic")
    reader.asks("/subscribe")
    reader.presses("✓ old topic").says("No more updates on: old topic.")
    assert reader.prefs.subscriptions == NOTHING
    reader = subscribed("", "old-topic", "laws")
    reader.asks("/unsubscribe old-topic").says("No more updates on: old topic.")
    assert list(reader.prefs.subscriptions.topics) == ["laws"]


def test_a_pack_without_topics_says_what_can_be_followed(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, {"prisoners/sok-vanna.yaml": person()}))
    reader.asks("/subscribe").says("There are no topics here yet.", "Follow")
    reader.asks("/subscribe all").says("There are no topics here yet.")
    assert reader.asks("/subscribe xyzzy").labels == ["Topics"]


# ---------------------------------------------------------------------------- in words


@pytest.mark.parametrize(
    ("words", "topics", "pace"),
    [
        ("/subscribe prisoners", ("prisoners",), Pace.NOW),
        ("/subscribe Prisoners and cases", ("prisoners",), Pace.NOW),
        ("subscribe to the prisoners", ("prisoners",), Pace.NOW),
        ("/subscribe prisoners laws daily", ("prisoners", "laws"), Pace.DAILY),
        ("/subscribe weekly bills", ("laws",), Pace.WEEKLY),
        ("/subscribe all", TOPICS, Pace.NOW),
        ("/subscribe everything every day", TOPICS, Pace.DAILY),
        ("/subscribe អ្នកទោស", ("prisoners",), Pace.NOW),
        ("/ជាវច្បាប់រាល់សប្តាហ៍", ("laws",), Pace.WEEKLY),
        ("ជាវ អ្នកទោស និងករណី", ("prisoners",), Pace.NOW),
        ("/ជាវ ទាំងអស់ ប្រចាំថ្ងៃ", TOPICS, Pace.DAILY),
        ("/ជាវ ការអះអាងនិងតួលេខ", ("claims",), Pace.NOW),
    ],
)
@LANGUAGES
def test_topics_go_by_every_name_in_every_language(
    language: str, words: str, topics: tuple[str, ...], pace: Pace
) -> None:
    reader = Reader(language)
    answer = reader.asks(words)
    assert answer.reply.changes == (Subscribe(topics, pace),)
    assert not answer.reply.replaces
    answer.says(*(name(reader, topic) for topic in topics), reader.phrase("subscribe.kept"))
    assert reader.prefs.subscriptions.topics == dict.fromkeys(topics, pace)


@LANGUAGES
def test_subscribing_twice_is_said_and_changes_nothing(language: str) -> None:
    reader = Reader(language)
    reader.asks("/subscribe laws daily")
    daily = reader.phrase("subscribe.paced", topic=name(reader, "laws"), pace=reader.content.label("pace", "daily"))
    again = reader.asks("/subscribe laws").says(reader.phrase("subscribe.already", topics=daily))
    assert again.reply.changes == ()
    faster = reader.asks("/subscribe laws now").hides(reader.phrase("subscribe.kept"))
    assert faster.reply.changes == (Subscribe(("laws",), Pace.NOW),)
    both = reader.asks("/subscribe laws claims")
    assert both.reply.changes == (Subscribe(("claims",), Pace.NOW),)


@LANGUAGES
@pytest.mark.parametrize(
    ("words", "near"),
    [("prisonrs", "prisoners"), ("weekly prisonrs", "prisoners"), ("lawz xyzzy", "laws"), ("អ្នកទោសស", "prisoners")],
)
def test_an_unknown_topic_changes_nothing_and_the_nearest_is_offered(language: str, words: str, near: str) -> None:
    reader = Reader(language)
    answer = reader.asks(f"/subscribe {words}").says(reader.phrase("subscribe.unknown", words="\0").partition("\0")[0])
    assert answer.reply.changes == ()
    assert (answer.labels[0], answer.commands) == (name(reader, near), [f"subscribe {near}", "subscribe"])
    reader.presses(name(reader, near))
    assert list(reader.prefs.subscriptions.topics) == [near]


def test_what_was_understood_beside_an_unknown_topic_is_offered_and_not_done() -> None:
    answer = Reader().asks("/subscribe laws prisonrs")
    answer.says("I know no topic “prisonrs”. Nothing was changed.", "Did you mean “Prisoners and cases”?")
    assert answer.commands == ["subscribe prisoners", "subscribe laws", "subscribe"]
    assert answer.reply.changes == ()


def test_what_resembles_no_topic_leads_to_all_of_them() -> None:
    answer = Reader().asks("/subscribe the weather in Bern").says("I know no topic “weather in bern”.")
    assert answer.commands == ["subscribe"]


@pytest.mark.parametrize("words", ["/subscribe daily", "/subscribe to the", "/subscribe not prisoners", "subscribe"])
def test_words_without_a_topic_show_the_topics(words: str) -> None:
    answer = Reader().asks(words)
    assert (answer.text, answer.reply.changes) == (Reader().phrase("subscribe.lead"), ())


# ---------------------------------------------------------------------------- what is said at first


@LANGUAGES
def test_the_first_subscription_says_in_two_sentences_what_is_kept_and_offers_discretion_and_hours(
    language: str,
) -> None:
    for ask in ("/subscribe laws", "/topic laws on", "/follow kem-sokha"):
        reader = Reader(language)
        kept = reader.phrase("subscribe.kept")
        assert sum(map(kept.count, ".។")) == 2
        first = reader.asks(ask).says(kept, reader.phrase("subscribe.discreet"))
        first.says(reader.phrase("subscribe.hours", zone="Asia/Phnom_Penh")).hides(reader.phrase("subscribe.group"))
        assert first.commands[:3] == ["set discreet on", "set quiet", "set zone"]
        pressed = reader.presses(reader.phrase("button.discreet"))
        assert pressed.reply.changes == (Configure(Settings(discreet=True)),)
        later = reader.asks("/subscribe claims").hides(kept, reader.phrase("subscribe.discreet"))
        assert "set zone" not in later.commands


@LANGUAGES
def test_a_new_subscriber_chooses_the_time_zone_with_a_press_and_a_word(language: str) -> None:
    reader = Reader(language)
    reader.asks("/subscribe laws")
    reader.presses(reader.phrase("button.zone")).says(reader.phrase("settings.zone.ask"))
    reader.asks("/settings zone paris")
    reader.presses("Europe/Paris")
    reader.asks("/subscribe claims")
    reader.asks("/set quiet")
    reader.presses("22:00")
    assert reader.prefs.subscriptions.settings == Settings(zone="Europe/Paris", quiet=Quiet(22 * 60, 7 * 60))


@LANGUAGES
def test_a_group_is_told_that_everybody_in_it_sees_the_updates(language: str) -> None:
    group = Reader(language, chat=GROUP, role=Role.ADMIN)
    group.asks("/subscribe laws").says(group.phrase("subscribe.kept"), group.phrase("subscribe.group"))


@LANGUAGES
@pytest.mark.parametrize(
    "command",
    [
        *("subscribe laws", "unsubscribe", "topic laws on", "follow kem-sokha", "unfollow kem-sokha", "following"),
        *("settings", "set discreet on", "stop", "forget"),
    ],
)
def test_in_a_group_only_its_administrators_decide(language: str, command: str) -> None:
    group = subscribed(language, "claims", chat=GROUP)
    group.role = Role.READER
    answer = group.asks(f"/{command}")
    assert answer.text.startswith(group.phrase("bad.admins"))
    assert answer.reply.changes == ()


# ---------------------------------------------------------------------------- leaving


@LANGUAGES
def test_leaving_without_words_offers_what_there_is_to_leave(language: str) -> None:
    reader = subscribed(language, "laws", "claims")
    answer = reader.asks("/unsubscribe").says(reader.phrase("unsubscribe.which"))
    assert answer.commands == ["topic laws off", "topic claims off", "unsubscribe all"]
    reader.presses(name(reader, "laws"))
    reader.asks("/unsubscribe")
    reader.presses(reader.phrase("topic.all")).says(reader.phrase("unsubscribe.nothing"))
    assert reader.prefs.subscriptions == NOTHING
    reader.asks("/unsubscribe").says(reader.phrase("unsubscribe.none")).hides(reader.phrase("unsubscribe.which"))


@LANGUAGES
def test_leaving_a_topic_ends_that_one_alone(language: str) -> None:
    reader = subscribed(language, "laws", "claims")
    reader.asks("/unsubscribe laws").says(reader.phrase("unsubscribe.done", topics=name(reader, "laws")))
    again = reader.asks("/unsubscribe laws").says(reader.phrase("unsubscribe.not", topics=name(reader, "laws")))
    assert (again.reply.changes, again.commands) == ((), ["topic claims off", "unsubscribe all"])
    unknown = reader.asks("/unsubscribe claimz").says(
        reader.phrase("subscribe.unknown", words="claimz"), reader.phrase("list.meant", word=name(reader, "claims"))
    )
    assert (unknown.reply.changes, unknown.commands) == ((), ["unsubscribe claims", "unsubscribe"])
    assert reader.asks("/unsubscribe lawz").commands == ["unsubscribe"]  # nothing like it is there to leave
    assert list(reader.prefs.subscriptions.topics) == ["claims"]


@LANGUAGES
def test_who_leaves_all_topics_hears_what_is_still_followed(language: str) -> None:
    reader = subscribed(language, "laws")
    reader.asks("/follow kem-sokha")
    reader.asks("/unsubscribe all").says(reader.phrase("unsubscribe.follows", n=1))
    reader.asks("/unsubscribe").says(reader.phrase("unsubscribe.none"), reader.phrase("unsubscribe.follows", n=1))


@LANGUAGES
@pytest.mark.parametrize("words", ["kem-sokha", "Kem Sokha", "កឹម សុខា"])
def test_an_entry_is_left_as_a_topic_is(language: str, words: str) -> None:
    reader = subscribed(language, "laws")
    reader.asks("/follow kem-sokha")
    heading = reader.content.entries["kem-sokha"].heading
    left = reader.asks(f"/unsubscribe {words}")
    if not left.reply.changes:  # a name that is written so in the other language alone is asked about
        left = reader.presses(str(heading))
    assert left.says(reader.phrase("unfollow.done", name=heading)).reply.changes == (Unfollow("kem-sokha"),)
    again = reader.asks("/unsubscribe kem-sokha").says(
        reader.phrase("unfollow.not", name=heading), reader.phrase("unsubscribe.which")
    )
    assert (again.reply.changes, again.commands) == ((), ["topic laws off", "unsubscribe all"])


@LANGUAGES
def test_leaving_an_entry_that_is_not_followed_offers_what_is_heard_of(language: str) -> None:
    reader = subscribed(language, "laws")
    reader.asks("/follow kem-sokha")
    law = reader.content.entries["lango-2015"].heading
    missed = reader.asks("/unsubscribe lango-2015").says(reader.phrase("unfollow.not", name=law))
    assert (missed.reply.changes, missed.commands) == ((), ["topic laws off", "unsubscribe all", "following"])
    name_ = str(reader.content.entries["kem-sokha"].heading)
    misspelt = reader.asks("/unsubscribe kem soka").says(reader.phrase("list.meant", word=name_))
    assert (misspelt.reply.changes, misspelt.commands) == ((), ["unfollow kem-sokha", "unsubscribe"])
    reader.pushes(misspelt.reply.buttons[0])
    assert reader.prefs.subscriptions.follows == ()
    nothing = Reader(language).asks("/unsubscribe kem-sokha")
    assert (nothing.reply.changes, nothing.commands) == ((), ["subscribe", "following"])


def test_an_entry_that_left_the_pack_is_left_by_its_id() -> None:
    reader = subscribed("", "laws")
    reader.prefs = Prefs(subscriptions=replace(reader.prefs.subscriptions, follows=("left-the-pack",)))
    reader.asks("/unsubscribe left-the-pack").says("This chat no longer follows left-the-pack.")
    assert reader.prefs.subscriptions.follows == ()


@LANGUAGES
@pytest.mark.parametrize("words", ["kem-sokha", "kem sokha"])
def test_who_subscribes_to_an_entry_follows_it(language: str, words: str) -> None:
    reader = Reader(language)
    followed = reader.asks(f"/subscribe {words}").says(reader.phrase("subscribe.kept"))
    assert followed.reply.changes == (Follow("kem-sokha"),)


def test_who_gets_nothing_and_leaves_a_topic_is_told_so() -> None:
    answer = Reader().asks("/unsubscribe laws").says("This chat gets no updates on: Laws and bills.")
    assert (answer.reply.changes, answer.commands) == ((), ["subscribe", "following"])


# ---------------------------------------------------------------------------- ending it all


@LANGUAGES
def test_stop_says_what_ended_and_what_remains(language: str) -> None:
    reader = subscribed(language, "laws")
    reader.asks("/follow kem-sokha")
    ended = reader.asks("/stop").says(name(reader, "laws"), reader.phrase("privacy.follows", n=1))
    ended.says(reader.phrase("privacy.remains"))
    assert ended.reply.changes == (Stop(),)
    assert reader.prefs == Prefs(language)
    again = reader.asks("/stop").says(reader.phrase("privacy.quiet"))
    assert again.reply.changes == (Stop(),)  # it may get updates in another of its threads


@LANGUAGES
def test_help_lists_what_is_used_most_and_not_what_buttons_press(language: str) -> None:
    listed = [line.partition(" ")[0] for line in Reader(language).asks("/help").text.splitlines() if " — " in line]
    assert [name for name in listed if name in ("/subscribe", "/follow", "/following", "/settings", "/stop")] == [
        "/subscribe",
        "/follow",
        "/following",
        "/settings",
        "/stop",
    ]
    assert not {"/topic", "/set", "/news", "/unsubscribe", "/unfollow"} & set(listed)


@LANGUAGES
def test_the_words_of_updates_tell_nothing_that_discretion_hides(language: str) -> None:
    reader = Reader(language)
    discreet = reader.phrase("push.discreet").casefold()
    telling = [*(name(reader, topic) for topic in TOPICS), str(reader.content.pack.country), "Pratip", "ប្រទីប"]
    assert [word for word in telling if word.casefold() in discreet] == []
    assert reader.phrase("push.footer") == "/settings · /stop"
    assert "2" in reader.phrase("push.digest", n=2, date="2026")
    assert reader.phrase("push.open")
    assert reader.phrase("push.repeat")


# ---------------------------------------------------------------------------- announcement channels


CHANNELS = """
title: A tiny pack
languages: [en, km]
default_language: en
time_zone: Asia/Phnom_Penh
channels:
  - {topic: laws, language: en, telegram: '@laws_en', matrix: '#laws-en:example.org'}
  - {topic: laws, language: km, telegram: '@laws_km', matrix: '!laws:example.org'}
  - {topic: prisoners, language: en, telegram: '-1001234'}
"""
TWO_TOPICS = "- {id: prisoners, name: Prisoners}\n- {id: laws, name: Laws}\n"


def offered(folder: Path, platform: str, language: str = "") -> Reader:
    """Somebody on a platform where the pack names announcement channels."""
    channels = pack(folder, {"pack.yaml": CHANNELS, "topics.yaml": TWO_TOPICS}, "en", "km")
    return Reader(language, pack=channels, chat=Chat(platform, "1"))


def links(answer: Answer) -> list[str]:
    return [mark.target for mark in answer.reply.text.marks if mark.style is Style.LINK]


@LANGUAGES
def test_a_room_is_pointed_to_in_the_readers_language_and_that_its_members_may_see_each_other(
    tmp_path: Path, language: str
) -> None:
    reader = offered(tmp_path, "matrix", language)
    room = {"en": "#laws-en:example.org", "km": "!laws:example.org"}[language]
    said = reader.phrase("subscribe.channel.matrix", channels=f"Laws {room}")
    for asked in ("/subscribe", "/subscribe laws", "/subscribe laws", "/subscribe all"):
        answer = reader.asks(asked).says(said)
        assert links(answer) == [f"https://matrix.to/#/{room.replace('#', '%23')}"]
    assert "see each other" in Reader(pack=reader.pack).phrase("subscribe.channel.matrix", channels="")
    assert "see each other" not in Reader(pack=reader.pack).phrase("subscribe.channel.telegram", channels="")


def test_a_channel_without_an_address_to_share_and_one_for_another_topic_are_not_pointed_to(tmp_path: Path) -> None:
    reader = offered(tmp_path, "telegram")
    assert links(reader.asks("/subscribe")) == links(reader.asks("/subscribe laws")) == ["https://t.me/laws_en"]
    assert links(reader.asks("/subscribe prisoners")) == []
    assert links(offered(tmp_path, "telegram", "km").asks("/subscribe")) == ["https://t.me/laws_km"]
    assert links(offered(tmp_path, "console").asks("/subscribe")) == []
