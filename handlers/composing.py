"""Composing: an update in a moderator's own words, typed line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from bot.core.broadcast import Desk, Policy
from bot.core.change import Compose
from bot.core.content import Content
from bot.core.messages import Button, Context, Reply, Request
from bot.core.router import Router
from bot.core.spelling import closest, normalize
from bot.core.text import Limit, Text, lines, paragraphs, parse
from handlers.newsdesk import command

router = Router()

LONGEST = Limit(2_500, "utf16")  # of composed words: topics, caution and notes need room beside them
_HEADED = re.compile(r"([a-z]{2,3}):\s*(.*)", re.IGNORECASE | re.DOTALL)


class Misread(Exception):
    """What was composed cannot become a draft; says why, to the moderator."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


@command(router, "compose")
def compose(request: Request, context: Context, desk: Desk) -> Reply:
    """A draft in a moderator's own words: topics and options in the first line, the text below it."""
    content = context.content
    how = content.say("desk.compose.how", topics=", ".join(content.terms.get("topics", {})))
    if not request.typed:
        return Reply(how)
    options, _, words = request.typed.partition("\n")
    try:
        change = replace(_options(options, context), words=words_by_language(words, content))
    except Misread as problem:
        return Reply(paragraphs(problem.text, how))
    return composed(change, desk, content)


def composed(change: Compose, desk: Desk, content: Content) -> Reply:
    """That the draft is made, and what it waits for."""
    button = Button(str(content.say("desk.button.drafts")), "drafts")
    without = [name for code, name in content.languages.items() if code not in change.words]
    missing = content.say("desk.compose.missing", languages=content.locale.listing(without)) if without else None
    return Reply(lines(content.say("desk.compose.done", n=desk.needed), missing), ((button,),), changes=(change,))


def _options(line: str, context: Context) -> Compose:
    """Topics and options, without the text. Raises Misread."""
    made, topics = Compose(()), []
    words = iter(re.findall(r"[^\s,]+", line))
    for word in words:
        match word.casefold():
            case "urgent":
                made = replace(made, urgent=True)
            case "hold":
                made = replace(made, policy=Policy.HOLD)
            case "expires":
                made = replace(made, expires_at=_expiry(next(words, ""), context))
            case _:
                topics.append(_topic(word, context.content))
    if not topics:
        raise Misread(context.content.say("desk.compose.topicless"))
    return replace(made, topics=tuple(dict.fromkeys(topics)))


def _topic(word: str, content: Content) -> str:
    """The topic of an id, a name or an alias. Raises Misread."""
    terms = content.terms.get("topics", {}).values()
    names = {normalize(name): term.id for term in terms for name in (*term.aliases, str(term.name), term.id)}
    wanted = normalize(word)
    if wanted in names:
        return names[wanted]
    near = closest(wanted, names)
    phrase = "desk.compose.near" if near else "desk.compose.unknown"
    raise Misread(content.say(phrase, word=word, near=names[near] if near else ""))


def _expiry(word: str, context: Context) -> datetime:
    """The end of a day in the pack's time zone. Raises Misread for no day, and for one that is over."""
    try:
        after = date.fromisoformat(word) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise Misread(context.content.say("desk.compose.no_day", word=word or "—")) from None
    if after <= context.now.date():
        raise Misread(context.content.say("desk.compose.past", word=word))
    return datetime.combine(after, time(), context.now.tzinfo).astimezone(UTC)


def words_by_language(typed: str, content: Content) -> Mapping[str, str]:
    """The text in each language; a line that begins with "km:" begins that language. Raises Misread."""
    code, found = content.locale.code, dict[str, list[str]]()
    for line in typed.splitlines():
        headed = _HEADED.fullmatch(line.strip())
        if headed and headed[1].casefold() in content.languages:
            code, line = headed[1].casefold(), headed[2]  # noqa: PLW2901 (the rest of the line is the line)
        found.setdefault(code, []).append(line)
    words = {code: text for code, some in found.items() if (text := "\n".join(some).strip())}
    _check(words, content)
    return words


def _check(words: Mapping[str, str], content: Content) -> None:
    """Raises Misread for words that cannot go out: none, none in the reference language, or too many."""
    reference = content.pack.reference_language
    if not any(parse(text) for text in words.values()):
        raise Misread(content.say("desk.compose.empty"))
    if reference not in words:
        raise Misread(content.say("desk.compose.reference", language=content.languages[reference], code=reference))
    for code, text in words.items():
        if LONGEST.measure(parse(text).plain) > LONGEST.size:
            raise Misread(content.say("desk.compose.long", language=content.languages[code], n=LONGEST.size))
