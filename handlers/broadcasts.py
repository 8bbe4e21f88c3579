"""Broadcasts: what was sent and is being sent, how far it is, and what can still be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta

from bot.core import announcement
from bot.core.broadcast import FINAL, Broadcast, Desk, Kind, Outcome, State
from bot.core.change import Cancel, Compose, Pause, Resume, Withdraw
from bot.core.content import Content
from bot.core.messages import Button, Context, Reply, Request
from bot.core.router import Router
from bot.core.text import Text, lines, paragraphs
from handlers.composing import Misread, composed, words_by_language
from handlers.listing import page, turned
from handlers.newsdesk import SENT, Visit, about, command, dotted, opening, rejected, titled

router = Router()

_BLOCKS = 10  # of a progress bar
_COUNTED = timedelta(days=7)  # for which small counts are kept, at least


@command(router, "broadcasts")
def broadcasts(request: Request, context: Context, desk: Desk) -> Reply:
    """What was sent or is being sent, newest first, with its progress."""
    content = context.content
    sent = [each for each in desk.broadcasts if each.state in SENT]
    lead = content.say("desk.broadcasts", n=len(sent))
    if not sent:
        return Reply(lead)
    items = [
        lines(dotted(titled(each, content), announcement.gist(each, content)), *_progress(each, desk, context))
        for each in sent
    ]
    shown = page(request, context, lead, items, opening("broadcast", sent, content), turned(request)[1])
    return replace(shown, live=any(map(_goes_on, sent)))


def _goes_on(broadcast: Broadcast) -> bool:
    """Whether its totals may still change."""
    return broadcast.state in (State.SENDING, State.PAUSED)


def _progress(broadcast: Broadcast, desk: Desk, context: Context) -> Iterator[Text]:
    """State, bar and totals, which are live, to the last one: they are counts and no persons."""
    content, withdrawal = context.content, _withdrawal(broadcast.number, desk)
    folded = broadcast.sent_at is not None and broadcast.sent_at <= context.now - _COUNTED
    if withdrawal and not folded and _reached_nobody(broadcast):
        yield content.say("desk.later.unsent", number=str(withdrawal.number))
        return
    state = announcement.state(broadcast, content)
    yield state + f": {announcement.why(broadcast, content)}" if broadcast.why else state
    for later in _later(broadcast, desk):
        yield content.say(f"desk.later.{later.kind}", number=str(later.number))
    if bar := _bar(broadcast, content):
        yield bar
    yield announcement.totals(broadcast, content, folded=folded)


def _reached_nobody(broadcast: Broadcast) -> bool:
    """Whether it was cancelled before anything of it was sent."""
    tried = announcement.summed(broadcast.tally).keys() - {Outcome.CANCELLED}
    return broadcast.state is State.CANCELLED and not tried


def _later(broadcast: Broadcast, desk: Desk) -> list[Broadcast]:
    """What was sent to correct or withdraw it."""
    return [each for each in desk.broadcasts if each.original == broadcast.number and each.state in SENT]


def _withdrawal(number: int, desk: Desk) -> Broadcast | None:
    """What withdrew a broadcast."""
    found = (each for each in desk.broadcasts if each.original == number and each.kind is Kind.WITHDRAWAL)
    return next(found, None)


def _bar(broadcast: Broadcast, content: Content) -> Text | None:
    """ "▓▓▓▓▓▓░░░░ 61 %": how many of the deliveries are done, cancelled ones left out; None where there are none."""
    outcomes = announcement.summed(broadcast.tally)
    if not outcomes.total():
        return None
    done = sum(n for outcome, n in outcomes.items() if outcome in FINAL - {Outcome.CANCELLED})
    filled = "▓" * (done * _BLOCKS // outcomes.total())
    return content.say("desk.bar", bar=filled.ljust(_BLOCKS, "░"), n=done * 100 // outcomes.total())


@about(router, "broadcast")
def broadcast(visit: Visit) -> Reply:
    """One broadcast and how far it is."""
    content, about = visit.context.content, visit.broadcast
    if about.state is State.REJECTED:
        return rejected(visit)
    if about.state is State.DRAFT:
        return visit.says("desk.state_of", "draft")
    topics = announcement.topics(about.topics, content)
    kind = dotted(content.say(f"desk.kind.{about.kind}"), topics)
    text = paragraphs(
        lines(titled(about, content), kind, announcement.gist(about, content)),
        lines(*_progress(about, visit.desk, visit.context)),
    )
    named = (announcement.button(name, str(about.number), content) for name in _possible(about, visit.desk))
    return Reply(text, (tuple(named),), live=_goes_on(about))


def _possible(broadcast: Broadcast, desk: Desk) -> tuple[str, ...]:
    """The commands that make sense for a broadcast in its state."""
    gone = broadcast.kind is Kind.WITHDRAWAL or _withdrawal(broadcast.number, desk)
    withdraw = () if gone else ("withdraw",)
    match broadcast.state:
        case State.SENDING:
            return ("pause", "cancel", *withdraw)
        case State.PAUSED:
            return ("resume", "cancel", *withdraw)
        case _:
            return withdraw


@about(router, "pause")
def pause(visit: Visit) -> Reply:
    """A broadcast that is being sent shall wait."""
    if visit.broadcast.state is not State.SENDING:
        return visit.says("desk.state_of")
    return visit.says("desk.paused", "resume", "cancel", changes=(Pause(visit.broadcast.number, visit.words),))


@about(router, "resume")
def resume(visit: Visit) -> Reply:
    """A paused broadcast shall go on."""
    if visit.broadcast.state is not State.PAUSED:
        return visit.says("desk.state_of")
    return visit.says("desk.resumed", "broadcast", changes=(Resume(visit.broadcast.number),))


@about(router, "cancel")
def cancel(visit: Visit) -> Reply:
    """Nothing more of a broadcast shall be sent."""
    if visit.broadcast.state is State.DRAFT:
        return visit.says("desk.state_of", "reject")
    if visit.broadcast.state not in (State.SENDING, State.PAUSED):
        return visit.says("desk.state_of")
    return visit.says("desk.cancelled", "broadcast", changes=(Cancel(visit.broadcast.number),))


@about(router, "correct")
def correct(visit: Visit) -> Reply:
    """A draft that corrects what was sent; it goes to the same topics in the same way."""
    about, content = visit.broadcast, visit.context.content
    if refusal := _unsent(visit):
        return refusal
    if not visit.typed:
        return visit.says("desk.correct")
    try:
        words = words_by_language(visit.typed, content)
    except Misread as problem:
        return Reply(problem.text)
    end = _wished_end(about, visit.context)
    change = Compose(about.topics, words, about.urgent, about.policy, about.number, end)
    return composed(change, visit.desk, content)


def _wished_end(broadcast: Broadcast, context: Context) -> datetime | None:
    """The end that somebody wished for, which holds for its correction too; None where that is over.

    What was sent then still stands with readers, and wants correcting. Only a wish ends with a day; the ledger ends
    every other broadcast so many days after its moment.
    """
    end = broadcast.expires_at
    if end is None or end <= context.now or end.astimezone(context.now.tzinfo).time() != time():
        return None
    return end


def _unsent(visit: Visit) -> Reply | None:
    """Only what was sent, says something and was not withdrawn can be corrected or withdrawn."""
    if visit.broadcast.kind is Kind.WITHDRAWAL:
        return visit.says("desk.withdrawal")
    if later := _withdrawal(visit.broadcast.number, visit.desk):
        return visit.says("desk.withdrawn_before", "broadcast", by=str(later.number))
    return None if visit.broadcast.state in SENT else visit.says("desk.state_of")


@about(router, "withdraw")
def withdraw(visit: Visit) -> Reply:
    """What was sent is deleted where the platform can; once the moderator said yes."""
    if refusal := _unsent(visit):
        return refusal
    if visit.words.casefold() == "yes":
        return visit.says("desk.withdrawn", "broadcast", changes=(Withdraw(visit.broadcast.number),))
    yes = Button(str(visit.context.content.say("desk.button.yes")), f"withdraw {visit.broadcast.number} yes")
    return replace(_sure(visit), rows=((yes,),))


def _sure(visit: Visit) -> Reply:
    """Whether to withdraw it; of a correction whose original is gone, only its own messages are left."""
    original = visit.broadcast.original
    later = _withdrawal(original, visit.desk) if original else None
    if later is None:
        return visit.says("desk.sure")
    return visit.says("desk.sure_rest", original=str(original), by=str(later.number))
