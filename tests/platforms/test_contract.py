"""The contract: what every platform does with an update, and what each of its refusals means, asked of all alike."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.core.messages import Chat, Reply, Request
from bot.core.text import Text
from bot.platforms import (
    Envelope,
    Gone,
    Moved,
    Past,
    Platform,
    Push,
    Refusal,
    Rejected,
    Unavailable,
    Unknown,
)
from bot.platforms.console import Console
from bot.platforms.matrix import Matrix
from bot.platforms.telegram import Telegram
from bot.privacy import Keys
from tests.platforms.paper import Paper
from tests.platforms.test_matrix import Gate, Lantern, group, says
from tests.synapse import PASSWORD, Synapse
from tests.telegram_server import TelegramServer

Spoil = Callable[[str], None]  # makes what the platform is asked next go wrong in that way


@dataclass(frozen=True, slots=True)
class Stand:
    """A platform in a group with an administrator and a member, and the means to make it refuse."""

    platform: Platform
    here: Chat
    administrator: str
    member: str
    refusals: Mapping[str, type[Refusal]]  # what each fault has to mean
    spoil: Spoil

    def envelope(self, sender: str, *, private: bool = False) -> Envelope:
        """What somebody says."""
        chat = Chat(self.here.platform, self.here.id, private=private)
        return Envelope(Request(chat, "subscribe"), "in:1", sender=sender)


@asynccontextmanager
async def paper(_: Synapse, __: Path) -> AsyncIterator[Stand]:
    """The platform of the other tests, which must not behave better than the real ones."""
    platform = Paper()
    platform.administrators.add("1")
    made: dict[str, Callable[[], Refusal]] = {
        "busy": lambda: Unavailable("busy", 3),
        "gone": lambda: Gone("gone"),
        "moved": lambda: Moved("moved", "9"),
        "malformed": lambda: Rejected("malformed"),
        "lost": lambda: Unknown("lost"),
        "past": lambda: Past("past"),
    }
    refusals = {name: type(make()) for name, make in made.items()}
    here = Chat("paper", "7", private=False)
    yield Stand(platform, here, "1", "2", refusals, lambda fault: platform.refuses(made[fault]()))


@asynccontextmanager
async def terminal(_: Synapse, __: Path) -> AsyncIterator[Stand]:
    """It has no group and refuses nobody."""
    async with Console(["x"]) as platform:
        yield Stand(platform, Chat("console", "console"), "", "", {}, lambda _: None)


@asynccontextmanager
async def telegram(_: Synapse, __: Path) -> AsyncIterator[Stand]:
    """Against the local Bot API."""
    faults: dict[str, dict[str, Any]] = {
        "busy": {"retry_after": 3},
        "gone": {"status": 403, "description": "Forbidden: bot was kicked from the supergroup chat"},
        "moved": {"migrate_to": -100_9},
        "malformed": {"status": 400, "description": "Bad Request: can't parse entities"},
        "lost": {"drop": True, "accept": True},
        "past": {"status": 400, "description": "Bad Request: message can't be edited"},
    }
    meanings = {"busy": Unavailable, "gone": Gone, "moved": Moved, "malformed": Rejected, "lost": Unknown, "past": Past}
    async with TelegramServer() as server:

        def spoil(fault: str) -> None:
            server.fail(**faults[fault])

        members = server.group(-1_001_000_000_007)
        await members.appoints(server.user(1), "administrator")
        await members.appoints(server.user(2), "member")
        here = Chat("telegram", str(members.id), private=False)
        async with Telegram(server.token, api_url=server.url, answer_seconds=2) as platform:
            yield Stand(platform, here, "1", "2", meanings, spoil)


@asynccontextmanager
async def matrix(synapse: Synapse, folder: Path) -> AsyncIterator[Stand]:
    """Against the real Synapse, with a gate before it."""
    keys, user = Keys.generate(), synapse.register()["user_id"]
    meanings = {"busy": Unavailable, "gone": Gone, "malformed": Rejected, "lost": Unavailable}  # a repeat is harmless

    async with Gate(synapse).open() as gate:

        def light(**options: Any) -> Lantern:
            return Lantern(Matrix(gate.address, user, PASSWORD, folder=folder, keys=keys, **options))

        def spoil(fault: str) -> None:
            answers = {
                "busy": says(429, json.dumps({"errcode": "M_LIMIT_EXCEEDED"}), Retry_After="3"),
                "gone": says(403, json.dumps({"errcode": "M_FORBIDDEN"})),
                "malformed": says(400, json.dumps({"errcode": "M_BAD_JSON"})),
                "lost": gate.lose,
            }
            gate.spoilt = dict.fromkeys(("/send/", "/redact/", "/state/"), answers[fault])

        async with group(synapse, light) as (alice, bob, bot, room):
            here = Chat("matrix", room, private=False)
            yield Stand(bot.matrix, here, alice.id, bob.id, meanings, spoil)


Place = Callable[[Synapse, Path], AbstractAsyncContextManager[Stand]]
EVERY = pytest.mark.parametrize("place", [paper, terminal, telegram, matrix])
pytestmark = pytest.mark.xdist_group("synapse")  # one server, on one worker


@EVERY
async def test_an_update_is_sent_amended_and_taken_back(synapse: Synapse, tmp_path: Path, place: Place) -> None:
    async with place(synapse, tmp_path) as stand:
        platform, here = stand.platform, stand.here
        message = await platform.send(here, Reply(Text("arrested")), key="1", push=Push())
        assert message
        await platform.send(here, Reply(Text("urgent")), key="2", push=Push(urgent=True, paid=True))
        assert platform.can.amend
        for words in ("released", "released", "free"):  # to say it again is no mistake
            await platform.amend(here, message, Reply(Text(words)), key=f"3 {words}")
        for _ in range(2):  # nor to take it back again
            await platform.delete(here, message, key="4")


@EVERY
async def test_the_same_key_again_is_the_same_message_where_that_is_promised(
    synapse: Synapse, tmp_path: Path, place: Place
) -> None:
    async with place(synapse, tmp_path) as stand:
        platform, here = stand.platform, stand.here
        first, second = [await platform.send(here, Reply(Text("news")), key="1", push=Push()) for _ in range(2)]
        assert not platform.can.repeatable or first == second


@EVERY
async def test_administrators_decide_for_a_group_and_everybody_for_themselves(
    synapse: Synapse, tmp_path: Path, place: Place
) -> None:
    async with place(synapse, tmp_path) as stand:
        asked = stand.platform.administers
        assert await asked(stand.envelope(stand.administrator))
        assert await asked(stand.envelope(stand.member, private=True))
        assert await asked(stand.envelope(stand.member)) is stand.here.private


@EVERY
async def test_every_refusal_means_the_same_for_whatever_is_asked(
    synapse: Synapse, tmp_path: Path, place: Place
) -> None:
    async with place(synapse, tmp_path) as stand:
        platform, here = stand.platform, stand.here
        message = await platform.send(here, Reply(Text("x")), key="1", push=Push())
        for number, (fault, meaning) in enumerate(stand.refusals.items()):
            for ask in (
                lambda: platform.send(here, Reply(Text("y")), key=f"{number} send", push=Push()),  # noqa: B023
                lambda: platform.amend(here, message, Reply(Text(f"z{number}")), key=f"{number} amend"),  # noqa: B023
            ):
                stand.spoil(fault)
                with pytest.raises(Refusal) as refusal:
                    await ask()
                found = Past if meaning is Moved and isinstance(refusal.value, Past) else meaning
                assert type(refusal.value) in (found, *found.__subclasses__()), fault
                if isinstance(refusal.value, Unavailable) and fault == "busy":
                    assert refusal.value.retry_after == 3
                if isinstance(refusal.value, Moved):
                    assert refusal.value.to


@EVERY
async def test_it_is_told_whether_we_may_post_somewhere(synapse: Synapse, tmp_path: Path, place: Place) -> None:
    async with place(synapse, tmp_path) as stand:
        assert await stand.platform.hindrance(stand.here) == ""
        if "busy" in stand.refusals:
            stand.spoil("busy")
            with pytest.raises(Unavailable):
                await stand.platform.hindrance(stand.here)


@EVERY
async def test_where_the_platform_cannot_say_nobody_is_an_administrator(
    synapse: Synapse, tmp_path: Path, place: Place
) -> None:
    async with place(synapse, tmp_path) as stand:
        for fault in ("busy", "gone"):
            if fault in stand.refusals:
                stand.spoil(fault)
                with pytest.raises(Refusal):
                    await stand.platform.administers(stand.envelope(stand.administrator))


@EVERY
async def test_the_allowance_can_be_kept(synapse: Synapse, tmp_path: Path, place: Place) -> None:
    async with place(synapse, tmp_path) as stand:
        allowance = stand.platform.can.allowance
        assert 0 < allowance.slowest <= allowance.rate
        for messages, seconds in (allowance.private, allowance.group):
            assert messages >= 1
            assert seconds > 0
