"""Subscriptions: the topics that this chat is told of, how often, and what is said to a new subscriber."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from bot.core.change import Subscribe, Unsubscribe
from bot.core.messages import Button, Context, Reply, Request, Role
from bot.core.query import spelled
from bot.core.router import Bare, Router
from bot.core.spelling import closest, clusters
from bot.core.subscription import Pace, Subscriptions
from bot.core.text import Text, join, paragraphs
from handlers.following import ending, follow, followed, nearest_followed, unfollow
from handlers.hearing import named_topics, paced, paced_topics, remaining, topic_name, welcomed
from handlers.listing import named, suggestion

router = Router()
Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Topics and a pace, as somebody wrote them, and the words that are neither."""

    topics: tuple[str, ...]
    pace: Pace | None
    strange: str = ""


@router.command("subscribe", bare=Bare.ALWAYS, needs=Role.ADMIN)
def subscribe(request: Request, context: Context) -> Reply:
    """Every topic with a tick to press; or the topics that were named, from now on; an entry is followed."""
    asked = _asked(request.argument, context.content.terms["topics"], context)
    if asked.strange and named(request.argument, context):
        return follow(request, context)
    if asked.strange:
        return _unknown(asked, "subscribe", context.content.terms["topics"], context)
    if not asked.topics:
        return _pointed(_ticks(context.prefs.subscriptions, context), context.content.terms["topics"], request, context)
    topics = context.prefs.subscriptions.topics
    wanted = {topic: asked.pace or topics.get(topic, Pace.NOW) for topic in asked.topics}
    new = tuple(topic for topic, pace in wanted.items() if topics.get(topic) is not pace)
    said = _said("subscribe.done" if new else "subscribe.already", wanted, context)
    reply = Reply(said, (_row(context, "subscribe", "settings"),))
    if new:
        reply = welcomed(replace(reply, changes=(Subscribe(new, asked.pace or Pace.NOW),)), request, context)
    return _pointed(reply, wanted, request, context)


@router.command("unsubscribe", bare=Bare.ALWAYS, needs=Role.ADMIN, listed=False)
def unsubscribe(request: Request, context: Context) -> Reply:
    """The topics that one may leave; or the topics that were named, no more; an entry is followed no more."""
    topics = context.prefs.subscriptions.topics
    asked = _asked(request.argument, topics, context)
    if asked.strange:
        return _unfollowed(request, context) or _unknown(asked, "unsubscribe", topics, context)
    ended = tuple(topic for topic in asked.topics if topic in topics)
    if not ended:
        missed = context.content.say("unsubscribe.not", topics=named_topics(asked.topics, context))
        return _leaving(missed if asked.topics else None, context)
    after = _without(context.prefs.subscriptions, ended)
    said = context.content.say("unsubscribe.done", topics=named_topics(ended, context))
    text = paragraphs(said, remaining(after, context))
    return Reply(text, (_row(context, "subscribe", "following"),), changes=(Unsubscribe(ended),))


def _unfollowed(request: Request, context: Context) -> Reply | None:
    """Where an entry was named: it is followed no more, or there is this to leave; None where it was none."""
    name = followed(request.argument, context)
    if not name:
        return None
    if name in context.prefs.subscriptions.follows:
        return unfollow(replace(request, argument=name), context)
    return _leaving(context.content.say("unfollow.not", name=context.content.entries[name].heading), context)


@router.command("topic", bare=Bare.NEVER, needs=Role.ADMIN, listed=False)
def topic(request: Request, context: Context) -> Reply:
    """A tick that was pressed: the topic's id and on or off, which is what shall hold: pressing twice is harmless."""
    before = context.prefs.subscriptions
    name, _, switch = request.argument.partition(" ")
    if switch == "on" and name in context.content.terms["topics"] and name not in before.topics:
        after = replace(before, topics={**before.topics, name: Pace.NOW})
        said = _said("subscribe.done", {name: Pace.NOW}, context)
        return _ticked(welcomed(Reply(said, changes=(Subscribe((name,)),)), request, context), after, context)
    if switch == "off" and name in before.topics:
        after = _without(before, [name])
        said = context.content.say("unsubscribe.done", topics=named_topics([name], context))
        text = paragraphs(said, remaining(after, context))
        return _ticked(Reply(text, changes=(Unsubscribe((name,)),)), after, context)
    return replace(_ticks(before, context), replaces=True)


# ---------------------------------------------------------------------------- what was asked for


def _asked(argument: str, every: Iterable[str], context: Context) -> _Asked:
    """The argument as topics and a pace; "all" is every one of these."""
    kept = "-".join(clusters(argument))
    if kept in context.prefs.subscriptions.topics:
        return _Asked((kept,), None)  # the pack may have it no more, and it can be left all the same
    query = context.content.vocabularies["subscription"].read(argument)
    meant = [(each.facet, each.value) for each in query.filters if not each.without]
    topics = [value for facet, value in meant if facet == "topic"]
    paces = [Pace(value) for facet, value in meant if facet == "pace"]
    if "all" in topics:
        topics = list(every)
    return _Asked(tuple(topics), paces[-1] if paces else None, query.words)


def _unknown(asked: _Asked, command: str, among: Collection[str], context: Context) -> Reply:
    """No such topic: those of these that may be meant, those that were understood, and all behind a button."""
    near = [Button(topic_name(each, context), f"{command} {each}") for each in nearest(asked.strange, among, context)]
    if command == "unsubscribe":
        near += [ending(name, context) for name in nearest_followed(asked.strange, context)]
    understood = (Button(topic_name(each, context), f"{command} {each}") for each in asked.topics)
    text = paragraphs(
        context.content.say("subscribe.unknown", words=asked.strange),
        suggestion([button.label for button in near], context),
    )
    buttons = dict.fromkeys((*near, *understood, *_row(context, command)))
    return Reply(text, tuple((button,) for button in buttons))


def nearest(words: str, among: Collection[str], context: Context) -> Iterable[str]:
    """The topics whose names the words resemble, all of them or one by one."""
    phrases = context.content.vocabularies["subscription"].phrases
    own = {("topic", topic) for topic in ("all", *among)}
    names = {spelled(tokens): each.value for tokens, each in phrases.items() if (each.facet, each.value) in own}
    return dict.fromkeys(names[name] for word in (words, *words.split()) if (name := closest(word, names)))


# ---------------------------------------------------------------------------- what is said


def _pointed(reply: Reply, topics: Collection[str], request: Request, context: Context) -> Reply:
    """The reply, and under it the announcement channels for these topics where one asks, in one's language."""
    platform, code = request.chat.platform, context.content.locale.code
    links = [
        Text(topic_name(channel.topic, context)) + " " + link
        for channel in context.content.pack.channels
        if channel.topic in topics and channel.language == code and (link := channel.link(platform))
    ]
    if not links:
        return reply
    said = context.content.say(f"subscribe.channel.{platform}", channels=join(links, ", "))
    return replace(reply, text=paragraphs(reply.text, said))


def _said(phrase: str, paces: Mapping[str, Pace], context: Context) -> Text:
    return context.content.say(phrase, topics=paced_topics(paces, context))


def _without(subscriptions: Subscriptions, topics: Collection[str]) -> Subscriptions:
    kept = {topic: pace for topic, pace in subscriptions.topics.items() if topic not in topics}
    return replace(subscriptions, topics=kept)


# ---------------------------------------------------------------------------- what is pressed


def _row(context: Context, *commands: str) -> tuple[Button, ...]:
    return tuple(Button(str(context.content.say(f"button.{command}")), command) for command in commands)


def _ticked(reply: Reply, subscriptions: Subscriptions, context: Context) -> Reply:
    """The reply to a tick, above all topics as they are now; it takes the place of the message that was pressed."""
    ticks = _ticks(subscriptions, context)
    return Reply(paragraphs(reply.text, ticks.text), (*reply.rows, *ticks.rows), replaces=True, changes=reply.changes)


def _ticks(subscriptions: Subscriptions, context: Context) -> Reply:
    """All topics, the chosen ones ticked, also those that the pack has no more."""
    say = context.content.say
    topics = dict.fromkeys((*context.content.terms["topics"], *subscriptions.topics))
    ticks = tuple((_tick(topic, subscriptions, context),) for topic in topics)
    lead = say("subscribe.lead" if topics else "subscribe.none")
    return Reply(lead, (*ticks, _row(context, "settings", "following")))


def _tick(topic: str, subscriptions: Subscriptions, context: Context) -> Button:
    pace = subscriptions.topics.get(topic)
    if pace is None:
        return Button(topic_name(topic, context), f"topic {topic} on")
    return Button(str(context.content.say("subscribe.on", topic=paced(topic, pace, context))), f"topic {topic} off")


def _leaving(missed: Text | None, context: Context) -> Reply:
    """The topics one may leave, a button each, and the way to what is followed; first a word on what was missed."""
    subscriptions, say = context.prefs.subscriptions, context.content.say
    if not subscriptions.topics:
        text = paragraphs(
            missed or say("unsubscribe.none"), remaining(subscriptions, context) if subscriptions else None
        )
        return Reply(text, (_row(context, "subscribe", "following"),))
    each = (Button(topic_name(topic, context), f"topic {topic} off") for topic in subscriptions.topics)
    every = Button(context.content.label("topic", "all"), "unsubscribe all")
    follows = _row(context, "following") if subscriptions.follows else ()
    return Reply(paragraphs(missed, say("unsubscribe.which")), tuple((button,) for button in (*each, every, *follows)))
