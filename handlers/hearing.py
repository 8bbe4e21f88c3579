"""Hearing: what this chat hears of, in words: its topics and their paces, what is left, what a new one is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.core.messages import Button, Context, Reply, Request
from bot.core.subscription import Pace, Subscriptions
from bot.core.text import Text, lines, paragraphs
from handlers.privacy import seen


def topic_name(topic: str, context: Context) -> str:
    """What a topic is called; one that the pack has no more, its id."""
    return context.content.label("topic", topic)


def named_topics(topics: Iterable[str], context: Context) -> str:
    """What topics are called, one after the other."""
    return ", ".join(topic_name(topic, context) for topic in topics)


def paced(topic: str, pace: Pace, context: Context) -> str:
    """A topic with its pace, where that is not "at once"."""
    name = topic_name(topic, context)
    if pace is Pace.NOW:
        return name
    return str(context.content.say("subscribe.paced", topic=name, pace=context.content.label("pace", pace)))


def paced_topics(paces: Mapping[str, Pace], context: Context) -> str:
    """Topics with their paces, one after the other."""
    return ", ".join(paced(*each, context) for each in paces.items())


def remaining(subscriptions: Subscriptions, context: Context) -> Text | None:
    """What still arrives after topics were left, where one might not think of it."""
    if not subscriptions:
        return context.content.say("unsubscribe.nothing")
    follows = len(subscriptions.follows)
    return context.content.say("unsubscribe.follows", n=follows) if follows and not subscriptions.topics else None


def welcomed(reply: Reply, request: Request, context: Context) -> Reply:
    """The reply; to a new subscriber also who sees this chat, what is kept, and the settings that matter first."""
    if context.prefs.subscriptions:
        return reply
    say = context.content.say
    group = None if request.chat.private else say("subscribe.group")
    hours = say("subscribe.hours", zone=context.content.pack.time_zone)
    offered = lines(say("subscribe.discreet"), hours)
    text = paragraphs(reply.text, seen(request, context), say("subscribe.kept"), group, offered)
    offers = {"discreet": "set discreet on", "quiet": "set quiet", "zone": "set zone"}
    discreet, *others = (Button(str(say(f"button.{name}")), command) for name, command in offers.items())
    return replace(reply, text=text, rows=((discreet,), tuple(others), *reply.rows))
