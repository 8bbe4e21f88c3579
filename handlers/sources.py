"""Sources: where an entry's facts stand."""

from __future__ import annotations

from bot.core.entry import Entry, Source
from bot.core.messages import Context, Reply, Request
from bot.core.router import Bare, Router
from bot.core.text import Style, Text
from handlers import show
from handlers.listing import page, turned

router = Router()


@router.command("sources", bare=Bare.ALWAYS)
def sources(request: Request, context: Context) -> Reply:
    """All sources of an entry, newest first, each a plain link."""
    number = turned(request)[1]
    return show.of(request, context, lambda entry: _sources(request, context, entry, number))


def _sources(request: Request, context: Context, entry: Entry, number: int) -> Reply:
    items = [_source(source, context) for source in entry.newest_sources()]
    lead = context.content.say("sources.lead", name=entry.heading.styled(Style.BOLD), n=len(items))
    return page(request, context, lead, items, (), number)


def _source(source: Source, context: Context) -> Text:
    say = context.content.say
    title = Text(source.title)
    named = title.styled(Style.LINK, source.url) if source.url else title
    date = context.content.locale.date(source.date) if source.date else say("sources.undated")
    seen = say("figure.seen_at", where=source.seen_at) if source.seen_at else Text()
    withheld = say("sources.withheld") if source.withheld else Text()
    return say("sources.line", title=named, publisher=source.publisher, date=date) + seen + withheld
