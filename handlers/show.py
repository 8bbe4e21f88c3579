"""Show: one entry of any kind: its card, its whole record, what it is linked with."""

from __future__ import annotations

from collections.abc import Callable

from bot.core.entry import Entry
from bot.core.messages import Button, Context, Reply, Request
from bot.core.router import Bare, Router
from bot.core.spelling import closest
from bot.core.text import Style, paragraphs
from handlers import card
from handlers.listing import named, opening, page, suggestion, turned

router = Router()


def of(request: Request, context: Context, answer: Callable[[Entry], Reply]) -> Reply:
    """The answer about the entry that the argument names, or what to do when it names none."""
    asked, _ = turned(request)
    if entry := named(asked, context):
        return answer(entry)
    if not asked:
        return Reply(context.content.say("bad.which", command=request.command))
    near = closest(asked, context.content.entries)
    text = paragraphs(context.content.say("bad.entry", words=asked), suggestion([near] if near else [], context))
    return Reply(text, ((Button(near, f"{request.command} {near}"),),) if near else ())


@router.command("show", bare=Bare.NEVER, listed=False)
def show(request: Request, context: Context) -> Reply:
    """An entry's card."""
    return of(request, context, lambda entry: card.reply(entry, context))


@router.command("full", bare=Bare.NEVER, listed=False)
def full(request: Request, context: Context) -> Reply:
    """An entry's whole record."""
    return of(request, context, lambda entry: card.full(entry, context))


@router.command("related", bare=Bare.NEVER, listed=False)
def related(request: Request, context: Context) -> Reply:
    """What an entry names or is named by, and for a law the recommendations that only share a theme with it."""
    number = turned(request)[1]
    return of(request, context, lambda entry: _related(request, context, entry, number))


def _related(request: Request, context: Context, entry: Entry, number: int) -> Reply:
    content = context.content
    near = content.linked(entry, Entry)
    lead = content.say("related.lead", name=entry.heading.styled(Style.BOLD), n=len(near))
    items = [
        content.say("related.line", kind=content.say(f"{each.noun}.kind"), entry=each.line(context)) for each in near
    ]
    return page(request, context, lead, items, [opening(each) for each in near], number)
