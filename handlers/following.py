"""Following: single entries whose changes this chat is told of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.change import Follow, Unfollow
from bot.core.messages import Button, Context, Reply, Request, Role
from bot.core.router import Bare, Router
from bot.core.spelling import closest, clusters
from bot.core.text import Text, paragraphs
from handlers.hearing import paced_topics, welcomed
from handlers.listing import named, page, suggestion, turned

router = Router()
_OFFERED = 3  # entries that may have been meant


@router.command("follow", bare=Bare.ALWAYS, needs=Role.ADMIN)
def follow(request: Request, context: Context) -> Reply:
    """Be told when this entry changes."""
    asked, say = request.argument, context.content.say
    entry = named(asked, context)
    if entry is None and not asked:
        return Reply(say("bad.which", command="follow"), (_more(context),))
    if entry is None:
        return _unknown(asked, context)
    end = Button(str(say("button.unfollow")), f"unfollow {entry.id}")
    rows = ((end, *_more(context)),)
    if entry.id in context.prefs.subscriptions.follows:
        return Reply(say("follow.already", name=entry.heading), rows)
    return welcomed(Reply(say("follow.done", name=entry.heading), rows, changes=(Follow(entry.id),)), request, context)


@router.command("following", needs=Role.ADMIN)
def following(request: Request, context: Context) -> Reply:
    """What is followed, with a button each to stop that; and the topics that are heard of."""
    return _list(request, context, context.prefs.subscriptions.follows, turned(request)[1])


@router.command("unfollow", bare=Bare.ALWAYS, needs=Role.ADMIN, listed=False)
def unfollow(request: Request, context: Context) -> Reply:
    """Be told of this entry no more; pressed in the list of /following, the list goes on without it."""
    asked, number = turned(request)
    follows = context.prefs.subscriptions.follows
    name = followed(asked, context)
    changes = (Unfollow(name),) if name in follows else ()
    if asked != request.argument or not asked:
        return replace(_list(request, context, [each for each in follows if each != name], number), changes=changes)
    if not changes:
        return _not_followed(asked, name, context)
    nothing = not context.prefs.subscriptions.topics and len(follows) == 1
    ended = context.content.say("unfollow.done", name=_name(name, context))
    text = paragraphs(ended, context.content.say("unsubscribe.nothing") if nothing else None)
    again = Button(str(context.content.say("button.follow")), f"follow {name}")
    row = _more(context) if name not in context.content.entries else (again, *_more(context))
    return Reply(text, (row,), changes=changes)


def followed(asked: str, context: Context) -> str:
    """The id that is meant: one that is followed, whether or not the pack still has it; "" for no entry."""
    name = "-".join(clusters(asked))
    if name in context.prefs.subscriptions.follows:
        return name
    entry = named(asked, context)
    return entry.id if entry else ""


def nearest_followed(asked: str, context: Context) -> Sequence[str]:
    """The ids of what is followed and perhaps meant: by a name like this, else by one in another language."""
    follows = context.prefs.subscriptions.follows
    names = {_name(each, context): each for each in follows} | {each: each for each in follows}
    if near := closest(asked, names):
        return (names[near],)
    return [hit.id for hit in context.content.search(asked, set(follows), _OFFERED) if hit.named]


def ending(name: str, context: Context) -> Button:
    """The button that ends the following of an entry."""
    return Button(_name(name, context), f"unfollow {name}")


def _more(context: Context) -> tuple[Button, ...]:
    return (Button(str(context.content.say("button.following")), "following"),)


def _name(name: str, context: Context) -> str:
    """What an entry is called, shortly; one that the pack has no more, its id."""
    entry = context.content.entries.get(name)
    return str(entry.heading.shortened(60)) if entry else name


def _near(asked: str, context: Context) -> Sequence[str]:
    """The entries that may have been meant: of that name, else found by the words, those that they name first."""
    called = [entry.id for entry in context.content.called(asked)]
    hits = context.content.search(asked)
    found = called or [hit.id for hit in hits if hit.named] or [hit.id for hit in hits]
    return found[:_OFFERED]


def _unknown(asked: str, context: Context) -> Reply:
    """No such entry to follow: those that may have been meant."""
    meant = [Button(_name(each, context), f"follow {each}") for each in _near(asked, context)]
    said = context.content.say("bad.entry", words=asked)
    text = paragraphs(said, suggestion([button.label for button in meant], context))
    return Reply(text, tuple((button,) for button in meant))


def _not_followed(asked: str, name: str, context: Context) -> Reply:
    """Nothing to end: what was perhaps meant of what is followed."""
    meant = [ending(each, context) for each in nearest_followed(asked, context)]
    said = context.content.say("unfollow.not", name=_name(name, context) if name else asked)
    text = paragraphs(said, suggestion([button.label for button in meant], context))
    return Reply(text, (*((button,) for button in meant), _more(context)))


def _list(request: Request, context: Context, follows: Sequence[str], number: int) -> Reply:
    """A page of what is followed; it takes the place of the one that was pressed."""
    say = context.content.say
    pressed = turned(request)[0] != request.argument
    topics = _topics(context)
    if not follows:
        row = (Button(str(say("button.subscribe")), "subscribe"),)
        return Reply(paragraphs(say("following.none"), topics), (row,) if topics else (), replaces=pressed)
    items = [_line(name, context) for name in follows]
    buttons = [
        Button(str(say("following.end", name=_name(name, context))), f"unfollow {name} page {number}", listed=True)
        for name in follows
    ]
    argument = f"page {number}" if pressed else ""
    listed = replace(request, command="following", argument=argument)
    lead = paragraphs(topics, say("following.lead", n=len(follows)))
    return page(listed, context, lead, items, buttons, number)


def _topics(context: Context) -> Text | None:
    """The topics that this chat hears of, and how often."""
    topics = context.prefs.subscriptions.topics
    return context.content.say("following.topics", topics=paced_topics(topics, context)) if topics else None


def _line(name: str, context: Context) -> Text:
    entry = context.content.entries.get(name)
    return entry.line(context).shortened(200) if entry else context.content.say("following.gone", id=name)
