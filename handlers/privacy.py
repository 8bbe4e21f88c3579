"""Privacy: what is kept, what others see, and how to be forgotten."""

from __future__ import annotations

from bot.core.change import Forget, Panic, Stop
from bot.core.messages import Context, Reply, Request, Role
from bot.core.router import Bare, Router
from bot.core.text import Text, lines, paragraphs

router = Router()


@router.command("privacy")
def privacy(request: Request, context: Context) -> Reply:
    """What is kept, for how long and where, and what the platform sees."""
    say, held = context.content.say, _where("privacy.held", request.chat.platform, context)
    return Reply(paragraphs(seen(request, context), say("privacy.kept"), held, say("privacy.remaining")))


def seen(request: Request, context: Context) -> Text | None:
    """Who else sees this chat; of an unknown platform nothing is claimed."""
    return _where("privacy.platform", request.chat.platform, context)


@router.command("forget", bare=Bare.ALONE, needs=Role.ADMIN)
def forget(request: Request, context: Context) -> Reply:
    """Erase everything kept of this chat, at once; what stays elsewhere is another thing on each platform."""
    chat, say = request.chat, context.content.say
    stays = _where("privacy.stays", chat.platform, context)
    leaves = _where(f"privacy.leaves.{chat.platform}", "private" if chat.private else "group", context)
    text = paragraphs(say("privacy.forgotten"), lines(stays, say("privacy.backups")), leaves)
    return Reply(text, changes=(Forget(),))


def _where(phrase: str, place: str, context: Context) -> Text | None:
    """What is said of a place; None where nothing is."""
    name = f"{phrase}.{place}"
    return context.content.say(name) if name in context.content.phrases else None


@router.command("panic", bare=Bare.ALONE, needs=Role.ADMIN)
def panic(request: Request, context: Context) -> Reply:
    """Erase everything, and what the bot wrote here lately too; no question is asked and nothing is said."""
    return Reply(Text(), changes=(Panic(),))


@router.command("keep", bare=Bare.ALONE, listed=False)
def keep(request: Request, context: Context) -> Reply:
    """After a year without a word: updates go on. Any word does that, and this one says so."""
    return Reply(context.content.say("privacy.keeps" if context.prefs.subscriptions else "privacy.keeps_nothing"))


@router.command("stop", bare=Bare.ALONE, needs=Role.ADMIN)
def stop(request: Request, context: Context) -> Reply:
    """End all subscriptions of the chat, in its other threads too, of which nothing is known here."""
    subscriptions, say = context.prefs.subscriptions, context.content.say
    names = [context.content.label("topic", topic) for topic in subscriptions.topics]
    if subscriptions.follows:
        names.append(str(say("privacy.follows", n=len(subscriptions.follows))))
    ended = say("privacy.stopped", what=", ".join(names)) if names else say("privacy.quiet")
    return Reply(lines(ended, say("privacy.remains")), changes=(Stop(),))
