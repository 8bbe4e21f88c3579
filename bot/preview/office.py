"""Office: asks the real handlers for the page, and remembers the answers while the content stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from bot.clock import Clock
from bot.core.content import Content, Snapshot
from bot.core.kept import Kept
from bot.core.messages import Chat, Context, Reply, Request, Role, read
from bot.core.router import Router
from bot.core.subscription import zone
from bot.log import log
from bot.preview.address import Address
from bot.preview.bubble import Bubble, Measure, card_measure, on_matrix, on_telegram
from bot.preview.pack import Pack
from bot.preview.place import Places

_KEPT = Kept("0" * 8)  # of a chat about which nothing is kept


@dataclass
class Office:
    """What every page is made from."""

    router: Router
    pack: Pack
    clock: Clock
    database: str  # an address; there need not be a database
    rates: Mapping[str, float]  # messages a second, by platform
    _places: tuple[int, Places | None] = (0, None)
    _measured: dict[tuple[int, date, str, str], Measure] = field(default_factory=dict)

    def context(self, content: Content) -> Context:
        """What a handler may know of a reader about whom nothing is kept."""
        return Context(content, self.now(content), kept=_KEPT)

    def now(self, content: Content) -> datetime:
        """The moment, where the pack is."""
        return self.clock.now().astimezone(zone(content.pack.time_zone))

    def answer(self, platform: str, line: str, content: Content) -> Reply | None:
        """What the bot answers on a platform to what is typed in private; nothing is changed by it."""
        request = read(Chat(platform, "0"), line)
        if request is None:
            return None
        try:
            return self.router.dispatch(replace(request, role=Role.ADMIN), self.context(content))
        except Exception as problem:  # noqa: BLE001 (a mistake of one handler is shown as the bot would show it)
            log.error("handler_failed", exc_info=problem)
            return Reply(content.say("bad.failed"))

    def understood(self, line: str, content: Content) -> Request | None:
        """What is typed, as the command that it is."""
        request = read(Chat("telegram", "0"), line)
        return request and self.router.understood(request, self.context(content))

    def bubbles(self, address: Address, line: str, content: Content) -> tuple[Bubble, ...]:
        """The answer in one language, on each platform."""
        telegram = self.answer("telegram", line, content)
        matrix = self.answer("matrix", line, content)
        drawn = (telegram and on_telegram(telegram, content, address.asking), matrix and on_matrix(matrix, content))
        return tuple(bubble for bubble in drawn if bubble)

    def measure(self, entry: str, content: Content) -> Measure:
        """How much of a phone an entry's card takes."""
        key = (self.pack.edition.number, self.now(content).date(), entry, content.locale.code)
        if key not in self._measured:
            reply = self.answer("telegram", f"/show {entry}", content)
            self._measured[key] = card_measure(reply.text if reply else content.say("bad.failed"))
        return self._measured[key]

    def places(self, snapshot: Snapshot) -> Places:
        """Where the entries stand."""
        number, found = self._places
        if found is None or number != self.pack.edition.number:
            self._measured.clear()
            number, entries = self.pack.edition.number, snapshot.views[snapshot.default].entries
            found = Places(self.pack.folder, self.pack.kinds, entries)
            self._places = (number, found)
        return found
