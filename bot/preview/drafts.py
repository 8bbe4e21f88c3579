"""Drafts: the page of what may be sent next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.core.announcement import span
from bot.preview import updates
from bot.preview.updates import Reach, Update
from bot.preview.view import View


async def drafts(view: View) -> Mapping[str, Any]:
    """What the page shows."""
    outlook = await updates.outlook(view.office, view.snapshot)
    sections = (("drafts", outlook.drafts), ("foreseen", outlook.foreseen), ("written", outlook.written))
    return {
        "trouble": outlook.trouble,
        "sections": [(name, [_update(each, view) for each in some]) for name, some in sections],
    }


def _update(update: Update, view: View) -> Mapping[str, Any]:
    """One update: its topics, whom it reaches, its messages in each language."""
    content, broadcast = view.content, update.broadcast
    names = [content.entries[item.entry].heading for item in broadcast.items if item.entry in content.entries]
    today = view.office.now(content).date()
    return {
        "number": broadcast.number,
        "title": str(names[0]) if names else content.label("topic", "".join(broadcast.topics[:1])),
        "others": max(0, len(names) - 1),
        "topics": [(content.label("topic", each), _topic(each, update.reach)) for each in broadcast.topics],
        "urgent": broadcast.urgent,
        "due": str(content.written(update.due)) if update.due and update.due.first > today else "",
        "href": view.address.asking(f"show {update.entry}") if update.entry else "",
        "place": view.places.of(update.entry),
        "reach": update.reach,
        "platforms": {content.label("platform", name): n for name, n in update.reach.platforms.items()}
        if update.reach
        else {},
        "span": str(span(update.reach.seconds, content)) if update.reach else "",
        "groups": [view.group(each, updates.bubbles(view, update, each)) for each in view.spoken],
    }


def _topic(topic: str, reach: Reach | None) -> int | None:
    return reach.topics.get(topic) if reach else None
