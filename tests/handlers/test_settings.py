"""Settings: what holds is a screen of buttons; the same can be typed in either language, and nonsense is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.change import Configure, SetLanguage, Subscribe
from bot.core.messages import Chat, Prefs, Role
from bot.core.subscription import Pace, Quiet, Settings, Subscriptions, due, is_zone
from bot.core.text import Style
from tests.conversation import Reader
from tests.packs import pack

LANGUAGES = pytest.mark.parametrize("language", ["en", "km"])
HELD = Settings("Asia/Tokyo", Quiet(60, 120), urgent_breaks_quiet=True, discreet=True, digest_hour=9, digest_day=3)


def subscriber(language: str = "", settings: Settings = HELD, **topics: Pace) -> Reader:
    reader = Reader(language)
    reader.prefs = Prefs(language, Subscriptions(topics or {"laws": Pace.NOW}, settings=settings))
    return reader


def night(start: int, end: int) -> Quiet:
    return Quiet(start * 60, end * 60)


def held(words: str, language: str = "", settings: Settings = Settings()) -> Settings:  # noqa: B008 (frozen)
    """The settings after somebody wrote this to /settings; a change, and only one, must have been made."""
    reader = subscriber(language, settings)
    changes = reader.asks(f"/settings {words}").reply.changes
    assert changes == (Configure(reader.prefs.subscriptions.settings),)
    return reader.prefs.subscriptions.settings


# ---------------------------------------------------------------------------- the screen


@LANGUAGES
def test_the_screen_shows_what_holds_and_every_button_changes_it(language: str) -> None:
    reader = subscriber(language, laws=Pace.DAILY)
    screen = reader.asks("/settings").says(reader.phrase("settings.lead", zone="Asia/Tokyo"))
    assert (screen.reply.changes, screen.reply.replaces) == ((), False)
    label = reader.content.label
    on = label("switch", "on")
    law = str(reader.content.terms["topics"]["laws"].name)
    assert screen.labels == [
        reader.phrase("settings.button.topic", topic=law, pace=label("pace", "daily")),
        reader.phrase("settings.button.digest.daily", hour="9:00"),
        reader.phrase("settings.button.quiet", quiet="1:00–2:00"),
        reader.phrase("settings.button.zone", zone="Asia/Tokyo"),
        reader.phrase("settings.button.urgent", state=on),
        reader.phrase("settings.button.discreet", state=on),
        reader.phrase("settings.button.language", language=reader.content.languages[language]),
        reader.phrase("button.subscribe"),
        reader.phrase("button.following"),
    ]
    for button in screen.reply.buttons:
        assert reader.pushes(button).reply.replaces is button.command.startswith("set ")


def test_the_defaults_are_shown_as_they_are() -> None:
    screen = subscriber(settings=Settings()).asks("/settings").says("Asia/Phnom_Penh")
    assert screen.labels[1:4] == ["Quiet hours: off", "Time zone: Asia/Phnom_Penh", "Discreet mode: off"]


@LANGUAGES
@pytest.mark.parametrize(
    ("paces", "name"),
    [
        ({"laws": Pace.NOW}, None),
        ({"laws": Pace.NOW, "claims": Pace.DAILY}, "daily"),
        ({"laws": Pace.WEEKLY, "claims": Pace.NOW}, "weekly"),
        ({"laws": Pace.WEEKLY, "claims": Pace.DAILY}, "both"),
    ],
)
def test_the_hour_and_the_day_of_the_digest_are_shown_where_they_count(
    language: str, paces: dict[str, Pace], name: str | None
) -> None:
    reader = subscriber(language, HELD, **paces)
    thursday = reader.content.label("weekday", "thursday")
    digests = [each.label for each in reader.asks("/settings").reply.buttons if each.command == "set digest"]
    shown = [reader.phrase(f"settings.button.digest.{name}", hour="9:00", day=thursday)] if name else []
    assert digests == shown


@LANGUAGES
def test_what_changes_nothing_yet_is_set_all_the_same_and_it_is_said_when_it_will(language: str) -> None:
    reader = subscriber(language, Settings())
    done = reader.phrase("settings.done")
    reader.asks("/settings digest 9").says(done, reader.phrase("settings.digest.idle"))
    reader.asks("/settings urgent on").says(done, reader.phrase("settings.urgent.idle"))
    assert reader.prefs.subscriptions.settings == Settings(digest_hour=9, urgent_breaks_quiet=True)
    reader.asks("/settings urgent off").hides(reader.phrase("settings.urgent.idle"))
    reader.asks("/settings quiet 22-7")
    reader.asks("/settings urgent on").hides(reader.phrase("settings.urgent.idle"))
    reader.asks("/settings daily 9").hides(reader.phrase("settings.digest.idle"))
    reader.asks("/settings digest 10").hides(reader.phrase("settings.digest.idle"))


@LANGUAGES
def test_a_topics_pace_goes_round_with_every_press(language: str) -> None:
    reader = subscriber(language, laws=Pace.NOW, claims=Pace.NOW)
    reader.asks("/settings")
    for pace in (Pace.DAILY, Pace.WEEKLY, Pace.NOW):
        pressed = reader.pushes(reader.answers[-1].reply.buttons[0])
        assert pressed.reply.changes == (Subscribe(("laws",), pace),)
        assert reader.prefs.subscriptions.topics == {"laws": pace, "claims": Pace.NOW}
        assert pressed.text.startswith(reader.phrase("settings.done"))


@LANGUAGES
@pytest.mark.parametrize("name", ["urgent", "discreet"])
def test_a_switch_is_one_press(language: str, name: str) -> None:
    quiet = night(22, 7)
    reader = subscriber(language, Settings(quiet=quiet))
    for state in ("on", "off"):
        reader.asks("/settings")
        button = next(each for each in reader.answers[-1].reply.buttons if each.command == f"set {name} {state}")
        reader.pushes(button)
        settings = reader.prefs.subscriptions.settings
        switched = {"urgent": settings.urgent_breaks_quiet, "discreet": settings.discreet}
        assert switched == {"urgent": False, "discreet": False, name: state == "on"}


@LANGUAGES
@pytest.mark.parametrize(
    ("press", "then", "expected"),
    [
        ("set digest", "18:00", Settings(digest_hour=18)),
        ("set quiet", "22:00–7:00", Settings(quiet=night(22, 7))),
        ("set zone", "Asia/Phnom_Penh", Settings(zone="Asia/Phnom_Penh")),
    ],
)
def test_hours_and_zone_are_two_presses(language: str, press: str, then: str, expected: Settings) -> None:
    reader = subscriber(language, Settings())
    asked = reader.asks(f"/{press}")
    assert (asked.reply.changes, asked.reply.replaces) == ((), True)
    reader.presses(then)
    assert reader.prefs.subscriptions.settings == expected


@LANGUAGES
def test_every_choice_that_is_offered_can_be_made(language: str) -> None:
    for ask in ("quiet", "digest", "zone", "urgent", "discreet", "pace"):
        reader = subscriber(language)
        for button in reader.asks(f"/settings {ask}").reply.buttons:
            pressed = reader.pushes(button)
            assert pressed.reply.replaces
            assert bool(pressed.reply.changes) is (button.command != "set"), button


def test_the_days_of_the_weekly_digest_are_seven_in_order() -> None:
    reader = subscriber()
    days = [button for button in reader.asks("/set digest").reply.buttons if button.label.endswith("day")]
    chosen = []
    for day in days:
        reader.pushes(day)
        chosen.append(reader.prefs.subscriptions.settings.digest_day)
    assert chosen == [0, 1, 2, 3, 4, 5, 6]


# ---------------------------------------------------------------------------- typed


@LANGUAGES
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("quiet 22-7", Settings(quiet=night(22, 7))),
        ("quiet hours from 10pm to 6 am", Settings(quiet=night(22, 6))),
        ("quiet 22:30-06:15", Settings(quiet=Quiet(22 * 60 + 30, 6 * 60 + 15))),
        ("quiet 21.30 – 5", Settings(quiet=Quiet(21 * 60 + 30, 5 * 60))),
        ("quiet 22-24", Settings(quiet=night(22, 0))),
        ("quiet 12am 12pm", Settings(quiet=night(0, 12))),
        ("quiet 10 at night 5 at night", Settings(quiet=night(22, 5))),
        ("quiet 12 at night - 8 in the morning", Settings(quiet=night(0, 8))),
        ("ម៉ោងស្ងាត់ ២២-៧", Settings(quiet=night(22, 7))),
        ("ម៉ោងស្ងាត់១០យប់ដល់៦ព្រឹក", Settings(quiet=night(22, 6))),
        ("digest 8", Settings(digest_hour=8)),
        ("digest 8pm", Settings(digest_hour=20)),
        ("digest 8 in the evening", Settings(digest_hour=20)),
        ("digest monday 18", Settings(digest_hour=18)),
        ("hour 18", Settings(digest_hour=18)),
        ("ម៉ោង ១៨", Settings(digest_hour=18)),
        ("digest friday", Settings(digest_day=4)),
        ("sunday 7:00", Settings(digest_day=6, digest_hour=7)),
        ("digest 0", Settings(digest_hour=0)),
        ("សង្ខេប ថ្ងៃសុក្រ ម៉ោង ៨ ល្ងាច", Settings(digest_day=4, digest_hour=20)),
        ("zone Asia/Phnom_Penh", Settings(zone="Asia/Phnom_Penh")),
        ("time zone europe/paris", Settings(zone="Europe/Paris")),
        ("zone america/new york", Settings(zone="America/New_York")),
        ("តំបន់ម៉ោង asia/tokyo", Settings(zone="Asia/Tokyo")),
        ("urgent on", Settings(urgent_breaks_quiet=True)),
        ("urgent breaks quiet on", Settings(urgent_breaks_quiet=True)),
        ("បន្ទាន់ បើក", Settings(urgent_breaks_quiet=True)),
        ("discreet on", Settings(discreet=True)),
        ("លាក់ខ្លឹមសារបើក", Settings(discreet=True)),
    ],
)
def test_what_is_typed_holds_in_either_language(language: str, words: str, expected: Settings) -> None:
    assert held(words, language) == expected


@pytest.mark.parametrize(
    ("words", "off"),
    [("quiet off", "quiet"), ("ម៉ោងស្ងាត់ បិទ", "quiet"), ("urgent off", "urgent"), ("discreet no", "discreet")],
)
def test_what_is_on_is_switched_off_in_words(words: str, off: str) -> None:
    settings = held(words, settings=HELD)
    found = {
        "quiet": settings.quiet is None,
        "urgent": not settings.urgent_breaks_quiet,
        "discreet": not settings.discreet,
    }
    assert [name for name, is_off in found.items() if is_off] == [off]


@LANGUAGES
@pytest.mark.parametrize(
    ("words", "paces"),
    [
        ("laws daily", {"laws": Pace.DAILY, "claims": Pace.NOW}),
        ("daily", {"laws": Pace.DAILY, "claims": Pace.DAILY}),
        ("digest daily", {"laws": Pace.DAILY, "claims": Pace.DAILY}),
        ("all weekly", {"laws": Pace.WEEKLY, "claims": Pace.WEEKLY}),
        ("Laws and bills weekly", {"laws": Pace.WEEKLY, "claims": Pace.NOW}),
        ("ច្បាប់ រាល់ថ្ងៃ", {"laws": Pace.DAILY, "claims": Pace.NOW}),
        ("pace claims weekly", {"laws": Pace.NOW, "claims": Pace.WEEKLY}),
    ],
)
def test_a_pace_is_set_for_the_topics_named_or_for_all(language: str, words: str, paces: dict[str, Pace]) -> None:
    reader = subscriber(language, laws=Pace.NOW, claims=Pace.NOW)
    reader.asks(f"/settings {words}")
    assert reader.prefs.subscriptions == Subscriptions(paces, settings=HELD)


def test_a_pace_and_its_hour_are_set_together_or_not_at_all() -> None:
    reader = subscriber(settings=Settings())
    done = reader.asks("/settings weekly monday 18")
    assert done.reply.changes == (Subscribe(("laws",), Pace.WEEKLY), Configure(Settings(digest_hour=18)))
    assert reader.asks("/settings daily 25").says("I need a full hour from 0 to 23").reply.changes == ()


def test_a_topic_without_a_pace_asks_for_one() -> None:
    reader = subscriber()
    asked = reader.asks("/settings laws").says("How often?")
    assert asked.commands == ["set laws now", "set laws daily", "set laws weekly"]
    reader.presses("weekly")
    assert reader.prefs.subscriptions.topics == {"laws": Pace.WEEKLY}


def test_a_topic_that_left_the_pack_keeps_its_pace_button() -> None:
    reader = Reader()
    reader.prefs = Prefs(subscriptions=Subscriptions({"topic-2019": Pace.NOW}))
    reader.asks("/settings")
    reader.presses("topic 2019: at once")
    assert reader.prefs.subscriptions.topics == {"topic-2019": Pace.DAILY}


# ---------------------------------------------------------------------------- nonsense


@LANGUAGES
@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        *(
            (f"quiet {words}", "settings.quiet.bad")
            for words in ("25-7", "22", "22-22", "banana", "22:75-7", "1 2 3", "on")
        ),
        *(
            (f"quiet {words}", "settings.quiet.bad")
            for words in ("13pm-7", "0am-7", "22:5-7", "99999999999-7", "24:30-7")
        ),
        *((f"digest {words}", "settings.digest.bad") for words in ("25", "8:30", "8-9", "-5", "noon", "monday banana")),
        *((f"digest {words}", "settings.digest.bad") for words in ("8 9", "monday 25", "២៥", "off")),
        *((words, "settings.digest.bad") for words in ("hour 25", "hours 24:30", "ម៉ោង ២៥", "ម៉ោងសង្ខេប ២៥", "daily ២៥")),
        *((words, "settings.quiet.bad") for words in ("ម៉ោងស្ងាត់ ២៥-៧", "ម៉ោងស្ងាត់ ២២", "ម៉ោងស្ងាត់ ប្រហែល")),
    ],
)
def test_an_hour_that_no_clock_shows_changes_nothing(language: str, words: str, phrase: str) -> None:
    answer = subscriber(language).asks(f"/settings {words}")
    assert answer.text.startswith(subscriber(language).phrase(phrase))
    assert answer.reply.changes == ()


@LANGUAGES
@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("paris", "Europe/Paris"),
        ("phnom penh", "Asia/Phnom_Penh"),
        ("Asia/Phnom_Pen", "Asia/Phnom_Penh"),
        ("Europe/Pariss", "Europe/Paris"),
        ("Paris/Nowhere", "Europe/Paris"),
        ("Nowhere/Paris", "Europe/Paris"),
        ("Pariss/Nowhere", "Europe/Paris"),
        ("Nowhere/New York", "America/New_York"),
    ],
)
def test_a_zone_that_does_not_exist_changes_nothing_and_the_nearest_is_offered(
    language: str, words: str, near: str
) -> None:
    reader = subscriber(language)
    answer = reader.asks(f"/settings zone {words}").says(reader.phrase("settings.zone.bad", words=words))
    answer.says(reader.phrase("list.meant", word=near) if len(answer.labels) == 2 else reader.phrase("list.which"))
    assert answer.reply.changes == ()
    assert near in answer.labels
    reader.presses(near)
    assert reader.prefs.subscriptions.settings.zone == near


@LANGUAGES
@pytest.mark.parametrize("words", ["mars", "ប៉ារីស", "២៥", "GMT+7", "Europe/Mars"])
def test_where_no_zone_is_near_it_is_said_how_to_name_one_and_the_packs_own_is_offered(
    language: str, words: str
) -> None:
    reader = subscriber(language)
    said = reader.phrase("settings.zone.bad", words=words)
    answer = reader.asks(f"/settings zone {words}").says(said, reader.phrase("settings.zone.ask"))
    assert (answer.reply.changes, answer.commands) == ((), ["set zone Asia/Phnom_Penh", "set"])


def test_words_before_the_setting_are_not_guessed_at() -> None:
    answer = subscriber().asks("/settings my zone is paris").says("I know no time zone “my zone is paris”.")
    assert (answer.reply.changes, answer.labels[0]) == ((), "Asia/Phnom_Penh")


def test_every_zone_that_is_offered_exists() -> None:
    for words in ("paris", "new", "asia", "san juan", "…"):
        offered = subscriber().asks(f"/settings zone {words}").labels[:-1]
        assert offered
        assert all(map(is_zone, offered))
        assert len(offered) <= 5


@LANGUAGES
@pytest.mark.parametrize("name", ["urgent", "discreet"])
def test_a_switch_without_on_or_off_says_what_it_does(language: str, name: str) -> None:
    reader = subscriber(language)
    setting = reader.content.label("setting", name)
    bad = reader.phrase("settings.switch", setting=setting)
    for words in (name, setting):
        reader.asks(f"/settings {words}").says(reader.phrase(f"settings.{name}.ask")).hides(bad)
    for words in ("maybe", "25", "១", "ប្រហែល", "on off", "not on"):
        answer = reader.asks(f"/settings {name} {words}").says(bad, reader.phrase(f"settings.{name}.ask"))
        assert (answer.reply.changes, answer.commands) == ((), [f"set {name} on", f"set {name} off", "set"])


@LANGUAGES
@pytest.mark.parametrize("name", ["urgent", "discreet"])
def test_what_a_switch_is_asked_for_can_be_sent_as_it_is_written(language: str, name: str) -> None:
    answer = subscriber(language, Settings(quiet=night(22, 7))).asks(f"/settings {name} maybe")
    example = next(words for words in answer.marked(Style.CODE) if words.startswith("/settings"))
    on = {"urgent": Settings(quiet=night(22, 7), urgent_breaks_quiet=True), "discreet": Settings(discreet=True)}
    settings = held(example.removeprefix("/settings "), language, Settings(quiet=on[name].quiet))
    assert settings == on[name]


@LANGUAGES
@pytest.mark.parametrize(
    "words", ["pace sometimes", "laws sometimes", "laws ១", "pace friday", "ល្បឿន ប្រហែល", "pace on"]
)
def test_what_is_no_pace_changes_nothing_and_each_is_offered(language: str, words: str) -> None:
    reader = subscriber(language)
    answer = reader.asks(f"/settings {words}").says(reader.phrase("settings.pace.bad", words=words))
    assert (answer.reply.changes, answer.commands) == ((), ["set laws now", "set laws daily", "set laws weekly", "set"])


@LANGUAGES
def test_a_pace_for_a_misspelt_topic_is_offered_for_the_one_that_was_meant(language: str) -> None:
    reader = subscriber(language, laws=Pace.NOW, claims=Pace.NOW)
    claims = str(reader.content.terms["topics"]["claims"].name)
    answer = reader.asks("/settings claimz daily").says(reader.phrase("list.meant", word=claims))
    assert (answer.reply.changes, answer.commands) == ((), ["set claims daily", "set"])
    reader.presses(claims)
    assert reader.prefs.subscriptions.topics == {"laws": Pace.NOW, "claims": Pace.DAILY}
    unlike = reader.asks("/settings xyzzy daily").says(reader.phrase("settings.pace.bad", words="xyzzy daily"))
    assert (unlike.reply.changes, unlike.commands) == ((), ["set"])


@LANGUAGES
@pytest.mark.parametrize(
    ("words", "near"),
    [("discreat on", "discreet"), ("quite", "quiet"), ("banana", None), ("on", None), ("not quiet", None)],
)
def test_an_unknown_setting_changes_nothing(language: str, words: str, near: str | None) -> None:
    reader = subscriber(language)
    answer = reader.asks(f"/settings {words}").says(reader.phrase("settings.unknown", words=words))
    assert answer.reply.changes == ()
    assert answer.commands == [*([f"settings {near}"] if near else []), "set"]
    answer.says(*([reader.phrase("list.meant", word=answer.labels[0])] if near else []))


def test_a_topic_that_is_not_subscribed_to_has_no_pace() -> None:
    answer = subscriber().asks("/settings claims daily").says("This chat gets no updates on: Claims and figures.")
    assert (answer.reply.changes, answer.commands) == ((), ["subscribe"])
    follower = Reader()
    follower.prefs = Prefs(subscriptions=Subscriptions(follows=("kem-sokha",)))
    assert follower.asks("/settings daily").says("updates on no topic").reply.changes == ()


# ---------------------------------------------------------------------------- nothing to set, and languages


@LANGUAGES
@pytest.mark.parametrize("words", ["", "quiet 22-7", "zone Asia/Tokyo", "discreet on", "laws daily", "banana"])
def test_who_gets_no_updates_has_nothing_to_set_but_the_language(language: str, words: str) -> None:
    reader = Reader(language)
    answer = reader.asks(f"/settings {words}").says(reader.phrase("settings.nothing"))
    assert (answer.reply.changes, answer.commands) == ((), ["subscribe", "language"])


@pytest.mark.parametrize("words", ["/settings language km", "/settings lang ខ្មែរ", "/ការកំណត់ ភាសា km"])
def test_the_language_is_set_as_by_its_own_command(words: str) -> None:
    for reader in (Reader(), subscriber()):
        assert reader.asks(words).reply.changes == (SetLanguage("km"),)


def test_a_group_has_no_language_to_set() -> None:
    group = Reader(chat=Chat("telegram", "-1", private=False), role=Role.ADMIN)
    assert group.asks("/settings").commands == ["subscribe"]
    group.asks("/subscribe laws")
    assert "language" not in group.asks("/settings").commands
    group.asks("/settings language km").says("The language of a group cannot be changed here")


def test_a_pack_with_words_of_its_own_needs_none_for_the_halves_of_a_day(tmp_path: Path) -> None:
    reader = Reader(pack=pack(tmp_path, {"topics.yaml": "- {id: news, name: News}\n"}))
    reader.asks("/subscribe news")
    reader.asks("/settings quiet 22-7")
    at = datetime(2026, 11, 23, 20, tzinfo=UTC)  # three at night there
    zone = reader.content.pack.time_zone
    assert due(at, reader.prefs.subscriptions.settings, Pace.NOW, zone) == datetime(2026, 11, 24, 0, tzinfo=UTC)
