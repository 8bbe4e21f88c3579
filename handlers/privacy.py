"""Privacy: what is kept, what others see, and how to be forgotten."""

from __future__ import annotations

from bot.core.change import Forget
from bot.core.messages import Context, Reply, Request
from bot.core.router import Bare, Router
from bot.core.text import paragraphs

router = Router()


@router.command("privacy")
def privacy(request: Request, context: Context) -> Reply:
    """What is kept and what the platform sees."""
    content = context.content
    seen = f"privacy.platform.{request.chat.platform}"
    return Reply(paragraphs(content.say("privacy.kept"), content.say(seen) if seen in content.phrases else None))


@router.command("forget", bare=Bare.ALONE)
def forget(request: Request, context: Context) -> Reply:
    """Erase everything kept of this chat, at once."""
    return Reply(context.content.say("privacy.forgotten"), changes=(Forget(),))


@router.command("stop", bare=Bare.ALONE, listed=False)
def stop(request: Request, context: Context) -> Reply:
    """End all subscriptions; there are none to end yet, and it says so."""
    return Reply(context.content.say("privacy.stopped"))
