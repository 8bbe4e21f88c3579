"""Message: one update, or a digest of several, as one subscriber receives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.clock import Clock
from bot.core import announcement
from bot.core.broadcast import Broadcast
from bot.core.content import Content, Snapshot
from bot.core.messages import Button, Reply
from bot.core.text import Limit, Style, Text, join, paragraphs
from bot.delivery.reference import Digest
from bot.delivery.rendering import thawed
from bot.store import Store
from bot.store.ledger import Claim

_KEPT = 100  # broadcasts whose words are kept in memory

Rows = tuple[tuple[Button, ...], ...]


@dataclass(slots=True)
class Composer:
    """Puts frozen words together; the bot's own words around them are those of the day."""

    store: Store
    clock: Clock
    snapshot: Callable[[], Snapshot]
    _texts: dict[int, dict[str, Text]] = field(default_factory=dict)

    async def compose(
        self, claim: Claim, broadcasts: Sequence[Broadcast], *, buttons: bool, swept: Digest | None = None
    ) -> Reply:
        """What a claim says. Without buttons, what they would ask stands in the text.

        swept: the digest that it is about, which had to be deleted whole.
        """
        content = self.snapshot().view(claim.language)
        texts = [await self._text(each.number, content) for each in broadcasts]
        body = announcement.together(texts, self.clock.now().date(), content) if claim.digest else texts[0]
        body = paragraphs(body, content.say("news.swept")) if swept else body
        rows = await self._rows(claim, broadcasts, swept.numbers if swept else claim.numbers, content)
        return _received(claim, body, rows, content, buttons=buttons)

    async def again(self, claim: Claim, digest: Digest, *, buttons: bool, traces: bool) -> Reply | None:
        """What a digest says by now: as corrected, and without what was withdrawn.

        None where it has to go: nothing is left, or something was withdrawn and would leave traces.
        """
        content, standing = self.snapshot().view(claim.language), await self.store.broadcasts.standing(digest.numbers)
        if not any(standing.values()) or (traces and not all(standing.values())):
            return None
        gone = content.say("news.gone").styled(Style.ITALIC)
        texts = [await self._text(number, content) if number else gone for number in standing.values()]
        found = [await self.store.broadcasts.one(number) for number, now in standing.items() if now]
        body = announcement.together(texts, digest.day, content)
        rows = await self._rows(
            claim, [each for each in found if each], [number for number, now in standing.items() if now], content
        )
        return _received(claim, body, rows, content, buttons=buttons)

    async def _rows(
        self, claim: Claim, broadcasts: Sequence[Broadcast], numbers: Sequence[int], content: Content
    ) -> Rows:
        """What one can open: an entry each, or all the updates of a discreet message, which names nothing."""
        if not claim.discreet:
            return opened(broadcasts, content)
        firsts = dict.fromkeys([await self._first(number) for number in numbers])
        return ((Button(str(content.say("push.open")), f"news {' '.join(map(str, firsts))}"),),)

    async def _first(self, number: int) -> int:
        """The update that a correction or withdrawal goes back to: the one that readers can open."""
        while (found := await self.store.broadcasts.one(number)) and found.original:
            number = found.original
        return number

    async def _text(self, number: int, content: Content) -> Text:
        """The frozen words of a broadcast in a language, or in the pack's own."""
        if number not in self._texts:
            bodies = await self.store.broadcasts.renderings(number)
            self._texts[number] = {code: thawed(body) for code, body in bodies.items()}
            for old in list(self._texts)[:-_KEPT]:
                del self._texts[old]
        texts = self._texts[number]
        wishes = (content.locale.code, content.pack.default_language, content.pack.reference_language, *texts)
        return next((texts[code] for code in wishes if code in texts), Text("…"))


def _received(claim: Claim, body: Text, rows: Rows, content: Content, *, buttons: bool) -> Reply:
    """Words, or for whom they must be discreet none, as the subscriber of a claim receives them."""
    body = content.say("push.discreet") if claim.discreet else body
    repeat = content.say("push.repeat").styled(Style.ITALIC) if claim.doubtful else None
    if claim.channel:  # whoever presses there would be answered before everybody
        return Reply(paragraphs(body, repeat))
    return private(body, rows, content, buttons=buttons, repeat=repeat)


def private(body: Text, rows: Rows, content: Content, *, buttons: bool, repeat: Text | None = None) -> Reply:
    """Words with what belongs under them in a chat; without buttons, what they would ask stands in the text.

    repeat: that it may have arrived before.
    """
    typed = _typed(rows) if rows and not buttons else None
    return Reply(paragraphs(body, typed, repeat, content.say("push.footer")), rows if buttons else ())


def opened(broadcasts: Sequence[Broadcast], content: Content) -> Rows:
    """A button for each entry that updates are about."""
    return tuple((button,) for button in announcement.opens(broadcasts, content))


def _typed(rows: Rows) -> Text:
    """Buttons as commands that one can type."""
    return join((Text(f"/{button.command}").styled(Style.COMMAND) for row in rows for button in row), " · ")


def parts(reply: Reply, limit: Limit) -> Iterator[Reply]:
    """The messages that a reply takes; the buttons stand under the last words, and a file comes after them."""
    texts = list(reply.text.split(limit)) or [Text("…")]
    for text in texts[:-1]:
        yield Reply(text)
    yield replace(reply, text=texts[-1], document=None)
    if reply.document:
        yield Reply(Text(reply.document.name), document=reply.document)
