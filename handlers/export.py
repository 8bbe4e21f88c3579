"""Export: the whole pack as a file, to keep and to work with."""

from __future__ import annotations

from bot.core.messages import Button, Context, Document, Reply, Request
from bot.core.router import Bare, Router
from bot.core.text import paragraphs

router = Router()
FORMS = ("xlsx", "csv", "json")


@router.command("export", bare=Bare.ALONE)
def export(request: Request, context: Context) -> Reply:
    """The pack in one of the forms that there are; in a group it would be a file for everybody."""
    say, form = context.content.say, request.argument.casefold()
    if not request.chat.private:
        return Reply(say("export.private"))
    if form not in FORMS:
        buttons = tuple(Button(str(say(f"export.form.{each}")), f"export {each}") for each in FORMS)
        return Reply(say("export.which"), tuple((button,) for button in buttons))
    terms = context.content.pack.licence or say("export.unlicensed")
    return Reply(paragraphs(say("export.done"), terms), document=Document(form))
