"""My data: every row that is kept of a chat, as it stands in the database."""

from __future__ import annotations

from bot.core.kept import Row, shortened
from bot.core.messages import Context, Reply, Request, Role
from bot.core.router import Bare, Router
from bot.core.text import Text, lines, paragraphs
from handlers.settings import described

router = Router()
_NONE = "–"


@router.command("mydata", bare=Bare.ALONE, needs=Role.ADMIN, kept=True)
def mydata(request: Request, context: Context) -> Reply:
    """The rows of this chat: in a group its administrators may see them."""
    kept, say = context.kept, context.content.say
    if not kept:
        return Reply(say("mydata.nothing"))
    language = say("mydata.language", code=shortened(kept.code), language=_language(kept.language, context))
    moderator = say("mydata.moderator", name=kept.moderator) if kept.moderator else None
    rows = (_row(row, context) for row in kept.rows)
    chosen = language if kept.language else None
    return Reply(paragraphs(say("mydata.lead"), chosen, *rows, moderator, say("mydata.end")))


def _row(row: Row, context: Context) -> Text:
    say = context.content.say
    columns: dict[str, Text | str] = {
        "number": str(row.number),
        "place": shortened(row.place),
        "chat": shortened(row.chat),
        "kind": say("mydata.private" if row.private else "mydata.group"),
        "platform": row.platform,
        "language": _language(row.language, context),
        "contact": row.contact,
        "failures": str(row.failures),
        "failed_on": row.failed_on or _NONE,
        "asked_on": row.asked_on or _NONE,
        "deliveries": str(row.deliveries),
        "follows": ", ".join(row.subscriptions.follows) or _NONE,
    }
    return lines(say("mydata.row", **columns), *map(Text, described(row.subscriptions, context)))


def _language(code: str, context: Context) -> str:
    return context.content.languages.get(code, code)
