"""About: what this bot is, how to use it, and the answers to what is no question."""

from __future__ import annotations

from bot.core.entry import Entry
from bot.core.messages import Button, Context, Mishap, Reply, Request
from bot.core.router import Bare, Router
from bot.core.text import Style, Text, lines, paragraphs
from handlers import card
from handlers.listing import named
from handlers.privacy import seen

router = Router()


@router.command("about")
def about(request: Request, context: Context) -> Reply:
    """The pack, its age, its limits, and the bot's own handle against impersonators."""
    content, pack = context.content, context.content.pack
    newest = max((entry.as_of for entry in content.of(Entry) if entry.as_of), default=None)
    return Reply(
        paragraphs(
            pack.title.styled(Style.BOLD),
            pack.about,
            content.say("about.newest", date=newest) if newest else None,
            content.say("about.handle", handle=context.me) if context.me else None,
            content.say("about.limits"),
            pack.licence,
            context.content.caution(),
        )
    )


@router.command("help")
def help_(request: Request, context: Context) -> Reply:
    """Every command with a summary, and examples."""
    content = context.content
    listed = (
        Text("/" + name).styled(Style.COMMAND) + " — " + content.say(f"command.{name}") for name in context.commands
    )
    return Reply(paragraphs(content.say("help.lead"), lines(*listed), content.say("help.examples")))


@router.command("start", bare=Bare.ALONE, listed=False)
def start(request: Request, context: Context) -> Reply:
    """First contact: who sees this chat and what is kept, or the entry a deep link names."""
    content = context.content
    entry = named(request.argument, context) if request.argument else None
    if entry:
        return card.reply(entry, context)
    text = paragraphs(
        content.say("start.welcome", title=content.pack.title.styled(Style.BOLD)),
        seen(request, context),
        content.pack.first_contact,
        content.say("start.how"),
    )
    names = ("prisoners", "laws", "recommendations", "claims", "act", "help")
    buttons = tuple(Button(str(content.say(f"button.{name}")), name) for name in names)
    return Reply(text, (buttons[:2], buttons[2:4], buttons[4:]))


@router.command("thanks", bare=Bare.ALONE, listed=False)
def thanks(request: Request, context: Context) -> Reply:
    """A word of thanks, or a farewell."""
    return Reply(context.content.say("thanks.said"))


@router.mishap(Mishap.EXPIRED)
def expired(request: Request, context: Context) -> Reply:
    """A button or a number whose list is not in memory, or no longer."""
    if request.argument:
        return unoffered(request.argument, context)
    return Reply(context.content.say("bad.expired"), ((Button("/help", "help"),),))


def unoffered(words: str, context: Context) -> Reply:
    """A number or "next" where there is no list it could mean."""
    return Reply(context.content.say("bad.unoffered", words=words), ((Button("/help", "help"),),))


@router.mishap(Mishap.CHOICE)
def choice(request: Request, context: Context) -> Reply:
    """A number that the last list does not have."""
    return Reply(context.content.say("bad.choice", number=request.argument))


@router.mishap(Mishap.UNREADABLE)
def unreadable(request: Request, context: Context) -> Reply:
    """A photo, a sticker, a voice message."""
    return Reply(context.content.say("bad.unreadable"))


@router.mishap(Mishap.UNDECRYPTABLE)
def undecryptable(request: Request, context: Context) -> Reply:
    """A message whose keys were not shared with us."""
    return Reply(context.content.say("bad.undecryptable"))


@router.mishap(Mishap.VERIFICATION)
def verification(request: Request, context: Context) -> Reply:
    """Somebody wants to compare emoji; a program sees none, so it says how to compare keys."""
    session, _, key = request.argument.partition(" ")
    return Reply(context.content.say("bad.verification", session=session, key=key))
