"""Language: which one the bot answers in."""

from __future__ import annotations

from bot.core.messages import Button, Context, Reply, Request, SetLanguage
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
    """The code of a language named by its code or its own name."""
    wanted = normalize(asked).split("-")[0]
    names = {normalize(name): code for code, name in context.content.languages.items()}
    return wanted if wanted in context.content.languages else names.get(normalize(asked))
