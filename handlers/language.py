"""Language: which one the bot answers in."""

from __future__ import annotations

from bot.core.change import SetLanguage
from bot.core.messages import Button, Context, Reply, Request
from bot.core.router import Bare, Router
from bot.core.spelling import normalize

router = Router()


@router.command("language", bare=Bare.ALONE)
def language(request: Request, context: Context) -> Reply:
    """The choice of languages, or the choice made."""
    content = context.content
    code = _code(request.argument, context)
    if code and not request.chat.private:
        return Reply(content.say("language.private"))
    if code:
        return Reply(content.chosen[code], changes=(SetLanguage(code),))
    buttons = tuple((Button(name, f"language {each}"),) for each, name in content.languages.items())
    unknown = content.say("language.unknown", words=request.argument) + " " if request.argument else None
    ask = content.say("language.ask", language=content.languages[content.locale.code])
    return Reply((unknown + ask) if unknown else ask, buttons)


def _code(asked: str, context: Context) -> str | None:
    """The code of a language named by its code, or by its name in any of the pack's languages."""
    content, wanted = context.content, normalize(asked)
    if (code := wanted.split("-")[0]) in content.languages:
        return code
    names = {
        normalize(content.locale.language(code, other)): code
        for code in content.languages
        for other in content.languages
    }
    return names.get(wanted) or {normalize(name): code for code, name in content.languages.items()}.get(wanted)
