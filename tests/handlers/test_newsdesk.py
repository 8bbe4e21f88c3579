"""Newsdesk: a moderator sees exactly what goes out, decides knowingly, and hears clearly what cannot be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.announcement import digest, text
from bot.core.broadcast import Approval, Broadcast, Desk, Item, Kind, Outcome, Outlook, Policy, Sheet, State
from bot.core.change import Approve, Cancel, Change, Compose, Pause, Reject, Resume, Show, Withdraw
from bot.core.content import Snapshot
from bot.core.messages import Chat, Role
from bot.core.text import Style
from handlers.broadcasts import _possible, _progress
from tests.conversation import Answer, Reader
from tests.packs import entry, pack, person

ME, OTHER, THIRD = "telegram:1", "telegram:2", "matrix:@third:example.org"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FILES = {
    "topics.yaml": "- {id: prisoners, name: Prisoners, aliases: [cases]}\n- {id: laws, name: Laws}\n",
    "prisoners/kem-sokha.yaml": person("Kem Sokha", custody="free", as_of="'2026-11'"),
    "laws/a-law.yaml": entry(title="A law", kind="law", status="in-force", as_of="'2026-10'"),
}
FREED = Item("kem-sokha", {"custody": "detained", "case": "charged"}, {"custody": "free", "case": "charged"})
NEWS = Broadcast(12, State.DRAFT, Kind.NEWS, NOON - timedelta(hours=3), ("prisoners",), (FREED,))
NOTE = Broadcast(
    13, State.DRAFT, Kind.NOTE, NOON - timedelta(days=4), ("laws",), words={"en": "Some *words*."}, author=ME
)
TALLY = {
    "telegram": {Outcome.SENT: 1_200, Outcome.QUEUED: 700, Outcome.UNKNOWN: 3},
    "matrix": {Outcome.SENT: 4, Outcome.SENDING: 2},
}
SENDING = replace(NEWS, number=14, state=State.SENDING, tally=TALLY, urgent=True, policy=Policy.RESEND)
PAUSED = replace(SENDING, number=15, state=State.PAUSED, why="a platform refuses it")
ENDED = replace(SENDING, number=16, state=State.ENDED, tally={"matrix": {Outcome.SENT: 3}})
CANCELLED = replace(SENDING, number=17, state=State.CANCELLED, tally={})
REJECTED = replace(NEWS, number=18, state=State.REJECTED, why="it is not true")
WITHDRAWAL = replace(SENDING, number=19, kind=Kind.WITHDRAWAL, original=16)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return pack(tmp_path_factory.mktemp("pack"), FILES, "en", "km")


class Moderator(Reader):
    """A moderator at a desk with broadcasts; the command's number chooses the sheet, as the newsroom does."""

    def __init__(self, small: Snapshot, *broadcasts: Broadcast, needed: int = 2, language: str = "") -> None:
        super().__init__(language, pack=small, role=Role.MODERATOR, desk=Desk(ME, needed, broadcasts))
        self.seen = True

    def at(self, about: Broadcast, words: str, **fields: Any) -> Answer:
        """What is answered at the sheet of a broadcast."""
        assert self.desk
        self.desk = replace(self.desk, sheet=replace(self.sheet(about), **fields))
        return self.asks(words)

    def sheet(self, about: Broadcast) -> Sheet:
        """A broadcast as a moderator looks at it, in both languages."""
        contexts = {code: replace(self.context, content=view) for code, view in self.pack.views.items()}
        texts = {code: text(about, context) for code, context in contexts.items()}
        return Sheet(about, texts, digest(texts), self.seen, {"telegram": 1_204, "matrix": 1}, 2, {"telegram": 41})

    def name(self, about: Broadcast) -> str:
        """The digest of the texts of a broadcast."""
        return self.sheet(about).digest


def changes(answer: Answer) -> tuple[Change, ...]:
    return answer.reply.changes


def approved(about: Broadcast, digest: str, *moderators: str) -> Broadcast:
    return replace(about, approvals=tuple(Approval(each, digest) for each in moderators))


# ---------------------------------------------------------------------------- who may


NUMBERED = ("draft", "approve", "reject", "broadcast", "pause", "resume", "cancel", "correct", "withdraw")
ALL = ("drafts", "compose", "broadcasts", *NUMBERED)


@pytest.mark.parametrize("name", ALL)
def test_only_moderators_learn_that_there_is_such_a_command(small: Snapshot, name: str) -> None:
    for role in (Role.READER, Role.ADMIN):
        reader = Reader(pack=small, role=role)
        assert not changes(reader.asks(f"/{name} 12"))
        assert "approv" not in reader.answers[-1].text
        assert f"/{name} " not in reader.asks("/help").text
    assert f"/{name} —" in Moderator(small).asks("/help").text


def test_a_word_of_a_command_alone_is_a_question(small: Snapshot) -> None:
    assert Moderator(small).asks("drafts").text == Reader(pack=small).asks("drafts").text


@pytest.mark.parametrize("name", ALL)
def test_in_a_group_nothing_is_shown(small: Snapshot, name: str) -> None:
    moderator = Moderator(small, NEWS)
    moderator.chat = Chat("telegram", "-1", private=False)
    assert moderator.at(NEWS, f"/{name} 12").text == moderator.phrase("desk.private")


@pytest.mark.parametrize("name", NUMBERED)
@pytest.mark.parametrize("asked", ["", "twelve", "-12", "1234567890", "²"])
def test_a_missing_number_is_asked_for(small: Snapshot, name: str, asked: str) -> None:
    Moderator(small, NEWS).asks(f"/{name} {asked}").says(f"Which one? For example: /{name} 12")


@pytest.mark.parametrize("name", NUMBERED)
def test_an_unknown_number_is_said_to_be_unknown(small: Snapshot, name: str) -> None:
    moderator = Moderator(small, NEWS)
    answer = moderator.asks(f"/{name} 99").says("There is no draft and no broadcast 99.")
    assert answer.commands == ["drafts", "broadcasts"]
    assert moderator.at(NEWS, f"/{name} 99").text == answer.text


# ---------------------------------------------------------------------------- drafts


def test_drafts_are_listed_with_age_topics_gist_approvals_and_ones_own_part(small: Snapshot) -> None:
    moderator = Moderator(small, approved(NOTE, "new", OTHER, ME), SENDING, approved(NEWS, "old", OTHER))
    answer = moderator.asks("/drafts").says("2 drafts wait.")
    assert answer.items == [
        "1. Draft 13 · 4 days old · Laws · Some words. · approvals: 2 of 2 · written by you · you approved it",
        "2. Draft 12 · 3 h old · Prisoners · Kem Sokha · approvals: 1 of 2",
    ]
    assert answer.commands == ["draft 13", "draft 12"]


def test_approvals_of_earlier_texts_do_not_count_in_the_list(small: Snapshot) -> None:
    about = replace(NEWS, approvals=(Approval(ME, "old"), Approval(OTHER, "new")))
    Moderator(small, about).asks("/drafts").says("approvals: 1 of 2").hides("you approved it")


def test_no_drafts_are_no_list(small: Snapshot) -> None:
    answer = Moderator(small, SENDING).asks("/drafts").says("0 drafts wait.")
    assert answer.commands == []


def test_moderators_who_cannot_be_reached_yet_are_named(small: Snapshot) -> None:
    moderator = Moderator(small)
    moderator.desk = Desk(ME, 2, unreachable=(OTHER, THIRD))
    moderator.asks("/drafts").says(f"I cannot reach these moderators until they write to me: {OTHER} and {THIRD}.")


def test_several_hundred_drafts_are_a_readable_list(small: Snapshot) -> None:
    many = [replace(NEWS, number=number, created_at=NOON - timedelta(minutes=number)) for number in range(400, 0, -1)]
    pages = list(Moderator(small, *many).pages("/drafts"))
    assert all(len(each.text) < 900 for each in pages)
    found = [command for each in pages for command in each.commands if command.startswith("draft ")]
    assert found == [f"draft {number}" for number in range(400, 0, -1)]


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=41), "41 s"),
        (timedelta(minutes=82), "82 min"),
        (timedelta(hours=13.9), "14 h"),
        (timedelta(days=30), "30 days"),
    ],
)
def test_an_age_is_said_in_one_unit(small: Snapshot, age: timedelta, said: str) -> None:
    Moderator(small, replace(NEWS, created_at=NOON - age)).asks("/drafts").says(f"Draft 12 · {said} old")


def test_a_draft_that_has_expired_and_an_urgent_one_say_so(small: Snapshot) -> None:
    over = replace(NEWS, expires_at=NOON, urgent=True)
    Moderator(small, over).asks("/drafts").says("Draft 12 · urgent", "expired")


def test_a_draft_shows_exactly_what_each_language_will_show(small: Snapshot) -> None:
    moderator = Moderator(small, NEWS)
    sheet = moderator.sheet(NEWS)
    answer = moderator.at(NEWS, "/draft 12")
    answer.says("— English —", sheet.texts["en"], "— ខ្មែរ —", sheet.texts["km"], "— End of draft 12 —")
    assert changes(answer) == (Show(12, sheet.digest),)
    assert answer.commands == [f"approve 12 {sheet.digest}", "reject 12"]
    assert "/show kem-sokha" in answer.marked(Style.COMMAND)
    assert answer.text.count(moderator.phrase("note.fallback")) == sheet.texts["km"].plain.count(
        moderator.phrase("note.fallback")
    )


def test_a_draft_says_why_from_where_to_whom_how_long_and_at_what_price(small: Snapshot) -> None:
    moderator = Moderator(small, NEWS)
    answer = moderator.at(approved(NEWS, moderator.name(NEWS), OTHER), "/draft 12", stars=600)
    answer.says(
        "Draft 12\na change of the content · Prisoners · 3 h old\n",
        "better never than twice",
        "• changed (custody): Kem Sokha · A publisher 2024 · /show kem-sokha\n",
        "• Telegram and Matrix: 1,205 subscribers, about 41 s\n",
        "And 2 announcement channels and rooms.\n",
        "It costs 600 Telegram Stars.",
        "approvals: 1 of 2",
    )


def test_a_draft_says_who_hears_later_and_what_is_different_for_whom_in_a_line_each(small: Snapshot) -> None:
    outlook = Outlook(at_once=1_100, quiet=80, daily=20, weekly=10, discreet=1)
    Moderator(small).at(NEWS, "/draft 12", outlook=outlook).says(
        "If it is approved now: at once 1,100 · after their quiet hours 80 · in a daily digest 20 · "
        "in a weekly digest 10.",
        "and these buttons (on Matrix, commands to type): Kem Sokha. In channels it stands alone.\n",
        "• In a digest it stands below a line with the number and day of its updates",
        "• Who is discreet reads only “There is news.” and a button that opens it.\n\n— English —",
    )


def test_a_small_group_of_an_audience_is_not_told_apart(small: Snapshot) -> None:
    answer = Moderator(small).at(NEWS, "/draft 12", outlook=Outlook(at_once=1_100, weekly=9))
    answer.says("If it is approved now: at once · in a weekly digest.").hides("1,100")
    answer = Moderator(small).at(NEWS, "/draft 12", audience={"telegram": 10, "matrix": 20})
    answer.says("• Telegram: 10 subscribers, about 41 s\n• Matrix: 20 subscribers, about 0 s\n")


def test_where_nobody_gets_it_at_once_no_time_is_said(small: Snapshot) -> None:
    later = Outlook(quiet=900, daily=205, weekly=100)
    answer = Moderator(small).at(NEWS, "/draft 12", outlook=later)
    answer.says("Who will get it:\n• Telegram and Matrix: 1,205 subscribers\n").hides("how long", "41 s")
    answer = Moderator(small).at(NEWS, "/draft 12", outlook=replace(later, at_once=1))
    answer.says("Who will get it, and how long it takes:\n• Telegram and Matrix: 1,205 subscribers, about 41 s\n")


def test_what_is_the_same_for_everybody_takes_no_line(small: Snapshot) -> None:
    answer = Moderator(small).at(NOTE, "/draft 13", outlook=Outlook(at_once=3))
    answer.says("at once 3.", "for stopping. In channels").hides("digest", "discreet", "buttons", "quiet")


def test_a_draft_for_nobody_says_so(small: Snapshot) -> None:
    answer = Moderator(small).at(NEWS, "/draft 12", audience={}, channels=0)
    answer.says("Nobody has subscribed to this yet.").hides("announcement", "Stars")


def test_a_draft_says_what_is_new_and_what_is_gone(small: Snapshot) -> None:
    items = (Item("a-law", None, {}), Item("gone", None, {}), *(Item(f"x{n}", None, {}) for n in range(9)))
    answer = Moderator(small).at(replace(NEWS, items=items), "/draft 12")
    answer.says("• new: A law · A publisher 2024 · /show a-law\n• no longer here: gone\n", "• (+3 more)")


@pytest.mark.parametrize("known", [True, False])
def test_a_status_that_changed_without_its_date_or_sources_is_to_be_looked_at_twice(
    small: Snapshot, known: bool
) -> None:
    evidence = small.view().entries["kem-sokha"].evidence() if known else "what bore it out before"
    answer = Moderator(small).at(replace(NEWS, items=(replace(FREED, evidence=evidence),)), "/draft 12")
    assert ("Look twice: neither its date nor its sources changed with it." in answer.text) is known


def test_a_composed_draft_says_who_wrote_it_and_until_when_it_is_sent(small: Snapshot) -> None:
    about = replace(NOTE, expires_at=datetime(2026, 12, 2, tzinfo=UTC), policy=Policy.RESEND)
    answer = Moderator(small).at(about, "/draft 13")
    answer.says("written by a moderator · Laws · 4 days old · written by you", "better twice than never")
    answer.says("Is sent until the end of 1 December 2026.")


def test_a_correction_names_what_it_corrects(small: Snapshot) -> None:
    about = replace(NOTE, kind=Kind.CORRECTION, original=7)
    Moderator(small).at(about, "/draft 13").says("a correction · Laws · corrects 7: Some words.")


def test_a_correction_says_that_it_changes_messages_in_place_and_silently_where_it_can(small: Snapshot) -> None:
    said = (
        "changed in place, without a new message or a sound, where it still can be (Telegram, Matrix). Everybody else"
    )
    Moderator(small).at(replace(NOTE, kind=Kind.CORRECTION, original=7), "/draft 13").says(said)
    Moderator(small).at(NOTE, "/draft 13").hides(said)


def test_an_expired_draft_can_only_be_rejected(small: Snapshot) -> None:
    answer = Moderator(small).at(replace(NEWS, expires_at=NOON), "/draft #12").says("Expired: 23 November 2026 was")
    assert answer.commands == ["reject 12"]


@pytest.mark.parametrize("command", ["draft", "approve"])
def test_what_is_no_draft_any_more_is_said(small: Snapshot, command: str) -> None:
    moderator = Moderator(small)
    answer = moderator.at(SENDING, f"/{command} 14").says("That cannot be done with 14 now: it is being sent.")
    assert answer.commands == ["broadcast 14"]
    moderator.at(REJECTED, f"/{command} 18").says("Draft 18 was rejected: it is not true")
    assert not any(map(changes, moderator.answers))


# ---------------------------------------------------------------------------- deciding


def test_an_approval_counts_for_the_texts_that_were_seen(small: Snapshot) -> None:
    moderator = Moderator(small)
    name = moderator.name(NEWS)
    for words in (f"/approve 12 {name}", "/approve 12"):
        answer = moderator.at(NEWS, words).says("Approved: 1 of 2.")
        assert changes(answer) == (Approve(12, name, last=False),)


def test_the_last_approval_sends_it(small: Snapshot) -> None:
    moderator = Moderator(small)
    name = moderator.name(NEWS)
    answer = moderator.at(approved(NEWS, name, OTHER), f"/approve 12 {name}").says("Broadcast 12 goes out now.")
    assert changes(answer) == (Approve(12, name, last=True),)
    assert answer.commands == ["broadcast 12"]


def test_who_approved_what_is_being_sent_hears_that_it_goes_out(small: Snapshot) -> None:
    moderator = Moderator(small)
    answer = moderator.at(approved(SENDING, moderator.name(SENDING), ME), "/approve 14")
    assert changes(answer.says("Broadcast 14 goes out now.")) == ()


def test_a_reason_of_the_bots_own_is_said_in_words(small: Snapshot) -> None:
    gone, stopped = replace(REJECTED, why="changed-back"), replace(PAUSED, why="refused")
    Moderator(small).at(gone, "/draft 18").says("what it tells has changed back")
    Moderator(small).at(stopped, "/broadcast 15").says("a platform refuses what it says")


def test_approvals_of_other_texts_do_not_count(small: Snapshot) -> None:
    about = approved(NEWS, "0123456789ab", OTHER, ME)
    Moderator(small).at(about, "/approve 12").says("Approved: 1 of 2.")


def test_a_draft_that_changed_since_is_shown_anew(small: Snapshot) -> None:
    moderator = Moderator(small)
    answer = moderator.at(NEWS, "/approve 12 0123456789ab").says("It has changed since you saw it.", "— English —")
    assert changes(answer) == (Show(12, moderator.name(NEWS)),)
    assert answer.commands[0] == f"approve 12 {moderator.name(NEWS)}"


def test_nobody_approves_unseen(small: Snapshot) -> None:
    moderator = Moderator(small)
    moderator.seen = False
    for words in ("/approve 12", f"/approve 12 {moderator.name(NEWS)}"):
        answer = moderator.at(NEWS, words).says("You have not seen exactly these texts yet.", "— English —")
        assert changes(answer) == (Show(12, moderator.name(NEWS)),)


def test_approving_twice_counts_once(small: Snapshot) -> None:
    moderator = Moderator(small)
    about = approved(NEWS, moderator.name(NEWS), ME)
    answer = moderator.at(about, "/approve 12").says("You have approved draft 12 already: 1 of 2.")
    assert changes(answer) == ()


def test_the_author_cannot_be_the_only_approver(small: Snapshot) -> None:
    moderator = Moderator(small, needed=1)
    assert changes(moderator.at(NOTE, "/approve 13").says("somebody else must approve it")) == ()
    assert changes(moderator.at(NEWS, "/approve 12").says("goes out now"))


def test_the_author_may_be_one_of_two(small: Snapshot) -> None:
    assert changes(Moderator(small).at(NOTE, "/approve 13").says("Approved: 1 of 2."))


def test_what_has_expired_is_not_approved(small: Snapshot) -> None:
    answer = Moderator(small).at(replace(NEWS, expires_at=NOON), "/approve 12").says("Draft 12 has expired")
    assert changes(answer) == ()


def test_a_draft_is_rejected_with_a_reason(small: Snapshot) -> None:
    moderator = Moderator(small)
    assert changes(moderator.at(NEWS, "/reject 12").says("Why? Send for example: /reject 12 ")) == ()
    answer = moderator.at(NEWS, "/reject 12 not in the *source*").says("Draft 12 is rejected: not in the *source*")
    assert changes(answer) == (Reject(12, "not in the *source*"),)
    expired = moderator.at(replace(NEWS, expires_at=NOON), "/reject 12 expired")
    assert changes(expired) == (Reject(12, "expired"),)


@pytest.mark.parametrize("about", [SENDING, ENDED, REJECTED])
def test_only_drafts_are_rejected(small: Snapshot, about: Broadcast) -> None:
    assert changes(Moderator(small).at(about, f"/reject {about.number} why")) == ()


# ---------------------------------------------------------------------------- composing


def composed(moderator: Reader, words: str) -> Compose:
    (change,) = changes(moderator.asks(words))
    assert isinstance(change, Compose)
    return change


def test_composing_without_words_tells_how(small: Snapshot) -> None:
    Moderator(small).asks("/compose").says("First topics and options", "Topics: prisoners, laws. Options: urgent")


def test_an_update_is_composed_in_lines(small: Snapshot) -> None:
    moderator = Moderator(small)
    options = "cases, Laws prisoners urgent hold expires 2026-12-01"
    words = "First *line*.\n\nkm: ពាក្យ\nkm:  ពាក្យពីរ\nEN: Last."
    change = composed(moderator, f"/compose {options}\n{words}")
    assert change == Compose(
        ("prisoners", "laws"),
        {"en": "First *line*.\n\nLast.", "km": "ពាក្យ\nពាក្យពីរ"},
        urgent=True,
        policy=Policy.HOLD,
        expires_at=datetime(2026, 12, 2, tzinfo=UTC),
    )
    answer = moderator.answers[-1].says("2 approvals are needed")
    assert answer.commands == ["drafts"]


def test_a_line_that_only_looks_like_a_language_is_text(small: Snapshot) -> None:
    change = composed(Moderator(small), "/compose laws\nps: https://example.org\nhttps://example.org")
    assert change.words == {"en": "ps: https://example.org\nhttps://example.org"}
    assert change.policy is Policy.RESEND


def test_a_long_text_is_composed_and_a_longer_one_refused(small: Snapshot) -> None:
    moderator = Moderator(small)
    assert composed(moderator, "/compose laws\n" + "word " * 499).words["en"].startswith("word word")
    answer = moderator.asks("/compose laws\n" + "word " * 501).says("The text in English is too long for one message")
    assert changes(answer) == ()


def test_other_long_questions_are_refused_to_moderators_too(small: Snapshot) -> None:
    Moderator(small).asks("/search " + "word " * 100).says("That is too long")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("urgent\nText.", "No topic is named in the first line."),
        ("lawz\nText.", "There is no topic “lawz”. Did you mean laws?"),
        ("weather\nText.", "There is no topic “weather”."),
        ("laws", "There is no text below the first line."),
        ("laws\nen:\n ", "There is no text below the first line."),
        ("laws\nkm: ពាក្យ", "The text in English is missing, and other languages fall back to it. Begin it with en:"),
        ("laws expires soon\nText.", "“soon” is not a day."),
        ("laws expires\nText.", "“—” is not a day."),
        ("laws expires 9999-12-31\nText.", "“9999-12-31” is not a day."),
        ("laws expires 2026-11-22\nText.", "2026-11-22 is over already."),
    ],
)
def test_what_cannot_become_a_draft_is_explained(small: Snapshot, words: str, said: str) -> None:
    answer = Moderator(small).asks(f"/compose {words}").says(said, "First topics and options")
    assert changes(answer) == ()


def test_an_update_may_expire_today(small: Snapshot) -> None:
    change = composed(Moderator(small), "/compose laws expires 2026-11-23\nText.")
    assert change.expires_at == datetime(2026, 11, 24, tzinfo=UTC)


def test_text_without_a_language_is_in_the_moderators_own(small: Snapshot) -> None:
    moderator = Moderator(small, language="km")
    assert composed(moderator, "/compose laws\nពាក្យ\nen: Words").words == {"km": "ពាក្យ", "en": "Words"}


# ---------------------------------------------------------------------------- broadcasts


def test_broadcasts_are_listed_with_state_bar_and_totals(small: Snapshot) -> None:
    answer = Moderator(small, PAUSED, NEWS, CANCELLED, REJECTED).asks("/broadcasts").says("2 broadcasts, newest first.")
    answer.says(
        "1. Broadcast 15 · urgent · Kem Sokha\npaused: a platform refuses it\n▓▓▓▓▓▓░░░░ 63 %\n"
        "queued 700 · on its way 2 · sent 1,204 · unknown whether it arrived 3\n",
        "2. Broadcast 17 · urgent · Kem Sokha\ncancelled\nnothing of it was sent",
    )
    assert answer.commands == ["broadcast 15", "broadcast 17"]


def test_no_broadcasts_are_no_list(small: Snapshot) -> None:
    assert Moderator(small, NEWS).asks("/broadcasts").says("0 broadcasts").commands == []


@pytest.mark.parametrize(
    ("about", "buttons"),
    [
        (SENDING, ["pause 14", "cancel 14", "withdraw 14"]),
        (PAUSED, ["resume 15", "cancel 15", "withdraw 15"]),
        (ENDED, ["withdraw 16"]),
        (CANCELLED, ["withdraw 17"]),
        (WITHDRAWAL, ["pause 19", "cancel 19"]),
        (replace(WITHDRAWAL, state=State.ENDED), []),
    ],
)
def test_a_broadcast_offers_what_can_be_done(small: Snapshot, about: Broadcast, buttons: list[str]) -> None:
    assert Moderator(small).at(about, f"/broadcast {about.number}").commands == buttons


def test_a_broadcast_shows_small_numbers_exactly(small: Snapshot) -> None:
    answer = Moderator(small).at(ENDED, "/broadcast 16")
    answer.says(
        "Broadcast 16 · urgent\na change of the content · Prisoners\nKem Sokha\n\nsent\n▓▓▓▓▓▓▓▓▓▓ 100 %\nsent 3"
    )


def test_a_draft_is_no_broadcast_yet(small: Snapshot) -> None:
    moderator = Moderator(small)
    assert moderator.at(NEWS, "/broadcast 12").says("it is still a draft").commands == ["draft 12"]
    moderator.at(REJECTED, "/broadcast 18").says("Draft 18 was rejected: it is not true")


@pytest.mark.parametrize(
    ("words", "about", "change"),
    [
        ("/pause 14", SENDING, Pause(14)),
        ("/pause 14 a doubt", SENDING, Pause(14, "a doubt")),
        ("/resume 15", PAUSED, Resume(15)),
        ("/cancel 14", SENDING, Cancel(14)),
        ("/cancel 15", PAUSED, Cancel(15)),
        ("/withdraw 16 yes", ENDED, Withdraw(16)),
        ("/withdraw 14 YES", SENDING, Withdraw(14)),
    ],
)
def test_a_broadcast_is_steered(small: Snapshot, words: str, about: Broadcast, change: Change) -> None:
    assert changes(Moderator(small).at(about, words)) == (change,)


WRONG: Mapping[str, tuple[Broadcast, ...]] = {
    "pause": (NEWS, PAUSED, ENDED, CANCELLED, REJECTED),
    "resume": (NEWS, SENDING, ENDED, CANCELLED, REJECTED),
    "cancel": (NEWS, ENDED, CANCELLED, REJECTED),
    "correct": (NEWS, REJECTED),
    "withdraw": (NEWS, REJECTED),
}


@pytest.mark.parametrize(("name", "about"), [(name, about) for name, some in WRONG.items() for about in some])
def test_what_cannot_be_done_in_a_state_is_said(small: Snapshot, name: str, about: Broadcast) -> None:
    moderator = Moderator(small)
    answer = moderator.at(about, f"/{name} {about.number} yes")
    answer.says(f"That cannot be done with {about.number} now: it is {moderator.phrase(f'desk.state.{about.state}')}.")
    assert changes(answer) == ()


def test_withdrawing_asks_first(small: Snapshot) -> None:
    moderator = Moderator(small)
    answer = moderator.at(ENDED, "/withdraw 16").says("Delete what broadcast 16 sent")
    assert changes(answer) == ()
    assert changes(moderator.presses("Yes")) == (Withdraw(16),)


@pytest.mark.parametrize("name", ["withdraw", "correct"])
def test_a_withdrawal_is_not_withdrawn_or_corrected(small: Snapshot, name: str) -> None:
    answer = Moderator(small).at(WITHDRAWAL, f"/{name} 19 yes").says("19 is a withdrawal itself.")
    assert changes(answer) == ()


def test_a_correction_goes_where_the_original_went(small: Snapshot) -> None:
    moderator = Moderator(small)
    answer = moderator.at(SENDING, "/correct 14 He is *free*.\nSince today.\nkm: ពាក្យ").says("It is a draft now")
    words = {"en": "He is *free*.\nSince today.", "km": "ពាក្យ"}
    assert changes(answer) == (Compose(("prisoners",), words, urgent=True, policy=Policy.RESEND, original=14),)


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        (datetime(2026, 12, 1, tzinfo=UTC), True),  # the end of a day: somebody's wish
        (datetime(2026, 11, 30, 12, 34, tzinfo=UTC), False),  # the ledger's own, so many days after it was sent
        (datetime(2026, 11, 21, tzinfo=UTC), False),  # who has it keeps it, and must hear what is right
    ],
)
def test_a_correction_is_sent_as_long_as_the_original_was_to_be(small: Snapshot, end: datetime, kept: bool) -> None:
    answer = Moderator(small).at(replace(ENDED, expires_at=end), "/correct 16 He is free.")
    (change,) = changes(answer)
    assert isinstance(change, Compose)
    assert change.expires_at == (end if kept else None)


def test_a_correction_needs_words(small: Snapshot) -> None:
    moderator = Moderator(small)
    assert changes(moderator.at(ENDED, "/correct 16").says("What is right? Send /correct 16 and the text")) == ()
    assert changes(moderator.at(ENDED, "/correct 16 km: ពាក្យ").says("The text in English is missing")) == ()


@pytest.mark.parametrize("name", ALL)
def test_every_answer_exists_in_khmer(small: Snapshot, name: str) -> None:
    moderator = Moderator(small, NEWS, NOTE, SENDING, language="km")
    for about in (NEWS, NOTE, SENDING, PAUSED, REJECTED):
        answer = moderator.at(about, f"/{name} {about.number}")
        assert not answer.reply.text.has(Style.FALLBACK)
        assert answer.text.endswith(moderator.phrase("note.draft"))


def test_an_empty_pack_has_no_topic_to_compose_for(tmp_path: Path) -> None:
    moderator = Moderator(pack(tmp_path, {}))
    moderator.asks("/compose laws\nText.").says("There is no topic “laws”.")


# ---------------------------------------------------------------------------- what stays true


@pytest.mark.parametrize("about", [SENDING, PAUSED, ENDED, CANCELLED])
def test_an_answer_is_live_while_its_totals_may_change(small: Snapshot, about: Broadcast) -> None:
    live = about in (SENDING, PAUSED)
    assert Moderator(small, about).at(about, f"/broadcast {about.number}").reply.live is live
    assert Moderator(small, about).asks("/broadcasts").reply.live is live
    assert not Moderator(small, NEWS).asks("/drafts").reply.live


def test_what_was_withdrawn_says_so_and_is_not_withdrawn_again(small: Snapshot) -> None:
    desk = Desk("telegram:1", 2, (replace(SENDING, number=15, kind=Kind.WITHDRAWAL, original=14),))
    said = [str(each) for each in _progress(SENDING, desk, Reader(pack=small).context)]
    assert "withdrawn by broadcast 15" in said
    assert _possible(SENDING, desk) == ("pause", "cancel")


@pytest.mark.parametrize("words", ["/withdraw 16", "/withdraw 16 yes", "/correct 16 He is free."])
def test_what_was_withdrawn_is_neither_withdrawn_nor_corrected_again(small: Snapshot, words: str) -> None:
    answer = Moderator(small, WITHDRAWAL, ENDED).at(ENDED, words)
    assert changes(answer.says("Broadcast 16 was withdrawn already, by broadcast 19.")) == ()
    assert answer.commands == ["broadcast 16"]


def test_of_a_correction_whose_original_is_withdrawn_only_its_new_messages_are_left(small: Snapshot) -> None:
    correction = replace(ENDED, number=18, kind=Kind.CORRECTION, original=16)
    moderator = Moderator(small, WITHDRAWAL, correction, ENDED)
    moderator.at(correction, "/withdraw 18").says(
        "Broadcast 16, which 18 corrects, was withdrawn by broadcast 19", "Delete also the new messages that 18 sent"
    )
    assert changes(moderator.presses("Yes")) == (Withdraw(18),)
    Moderator(small, correction, ENDED).at(correction, "/withdraw 18").says("Delete what broadcast 18 sent")


def test_what_was_withdrawn_before_anything_was_sent_is_one_line(small: Snapshot) -> None:
    about = replace(CANCELLED, number=16, tally={"telegram": {Outcome.CANCELLED: 7}}, sent_at=NOON)
    answer = Moderator(small, WITHDRAWAL, about).at(about, "/broadcast 16")
    assert answer.text.endswith("Kem Sokha\n\nwithdrawn by broadcast 19 before anything of it was sent")
    some = replace(about, tally={"telegram": {Outcome.CANCELLED: 7, Outcome.SENT: 1}})
    answer = Moderator(small, WITHDRAWAL, some).at(some, "/broadcast 16")
    answer.says("cancelled\nwithdrawn by broadcast 19\n").hides("before")


@pytest.mark.parametrize("days", [6, 8])
def test_what_has_no_deliveries_says_why_while_small_counts_are_kept(small: Snapshot, days: int) -> None:
    at = NOON - timedelta(days=days)
    for about, said in (
        (replace(WITHDRAWAL, state=State.ENDED, tally={}, sent_at=at), "done\nthere was nothing to delete"),
        (replace(ENDED, tally={}, sent_at=at), "sent\nthere was nobody to send it to"),
        (replace(CANCELLED, sent_at=at), "cancelled\nnothing of it was sent"),
    ):
        kept = said if days < 7 else said.partition("\n")[0] + "\nits counts were small and are no longer kept"
        Moderator(small, about).asks("/broadcasts").says(f"\n{kept}")
