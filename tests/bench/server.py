"""Server: the local Bot API in a process of its own, with people who ask; it measures by its own clock.

A bench holds a Server; the process reads one command a line, as JSON, and answers each with a line.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.telegram_server import TOKEN, Call, Group, Limits, Person, TelegramServer

HOUSE = Path(__file__).parents[2]
FIRST_CHAT = 1_000_000  # subscriber n of a new database is the chat FIRST_CHAT + n
_QUESTIONS = ("/prisoners kem sokha", "/laws draft", "/about", "/prisoners detained")
_SAID = {"sendmessage", "editmessagetext"}
_LINE_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Said:
    """A message that reached the server, or tried to."""

    at: float
    chat: int
    status: int
    push: bool  # an update; else an answer


@dataclass(frozen=True, slots=True)
class Report:
    """What the server saw; times are seconds by its clock."""

    said: Sequence[Said]
    asked: Sequence[tuple[float, int]]  # when, in which chat

    def latencies(self) -> list[float]:
        """From each question to its answer; endless where there is none."""
        answers: dict[int, list[float]] = {}
        for each in self.said:
            if each.status == 200 and not each.push:
                answers.setdefault(each.chat, []).append(each.at)
        return [_until(answers.get(chat, []), at) for at, chat in self.asked]

    def crowded(self) -> set[int]:
        """Questions, by their place, of a chat that got an update within that second: its own limit comes first."""
        pushed = {each.chat: each.at for each in self.said if each.push and each.status == 200}
        return {i for i, (at, chat) in enumerate(self.asked) if -0.1 <= at - pushed.get(chat, -9.0) <= 1.0}


def _until(answers: Sequence[float], at: float) -> float:
    return next((moment - at for moment in answers if moment >= at), float("inf"))


class Server:
    """The process, from outside."""

    def __init__(self, chats: int, *, groups: int = 0, strict: bool = True) -> None:
        """Chats subscribe, of which the last are groups; strict: the documented limits to the letter, else none."""
        self._about = {"chats": chats, "groups": groups, "strict": strict}
        self.url = ""

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-m", "tests.bench.server", json.dumps(self._about)]
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=HOUSE, stdin=pipe, stdout=pipe, limit=_LINE_BYTES
        )
        self.url = await self._line()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        await self._process.wait()

    async def _line(self) -> Any:
        assert self._process.stdout
        return json.loads(await self._process.stdout.readline())

    async def _told(self, command: str, **options: Any) -> Any:
        assert self._process.stdin
        self._process.stdin.write(json.dumps([command, options]).encode() + b"\n")
        await self._process.stdin.drain()
        return await self._line()

    async def asks(self, chats: Sequence[int], every: float) -> None:
        """Let somebody of these ask a question every so many seconds, from now on; 0: nobody any more."""
        await self._told("asks", chats=chats, every=every)

    async def fails(self, method: str, **how: Any) -> None:
        """Schedule a fault, as TelegramServer.fail()."""
        await self._told("fails", method=method, **how)

    async def copies(self) -> Mapping[int, int]:
        """How many updates stand in each chat that has any."""
        return {int(chat): n for chat, n in (await self._told("copies")).items()}

    async def report(self) -> Report:
        """Everything since the start."""
        found = await self._told("report")
        return Report([Said(*each) for each in found["said"]], [(at, chat) for at, chat in found["asked"]])


# ---------------------------------------------------------------------------- the process


class _Desk:
    """Does what the bench says."""

    def __init__(self, server: TelegramServer, tasks: asyncio.TaskGroup) -> None:
        self._server, self._tasks = server, tasks
        self._asked: list[tuple[float, int]] = []
        self._asking: asyncio.Task[None] | None = None

    async def asks(self, chats: list[int], every: float) -> None:
        if self._asking:
            self._asking.cancel()
        self._asking = self._tasks.create_task(self._ask(chats, every)) if every else None

    async def _ask(self, chats: list[int], every: float) -> None:
        questions = itertools.cycle(_QUESTIONS)
        while True:
            for chat in random.sample(chats, len(chats)):
                await asyncio.sleep(every * random.uniform(0.5, 1.5))
                self._asked.append((self._server.clock(), chat))
                person = self._server.chats[chat]
                assert isinstance(person, Person)
                await person.says(next(questions))

    async def fails(self, method: str, **how: Any) -> None:
        garbage = {"garbage": how["garbage"].encode()} if "garbage" in how else {}
        self._server.fail(method, **how | garbage)

    async def copies(self) -> dict[int, int]:
        return {chat.id: len(chat.silent) for chat in self._server.chats.values() if chat.silent}

    async def report(self) -> dict[str, Any]:
        said = [_seen(call) for call in self._server.record if call.method.lower() in _SAID]
        return {"said": said, "asked": self._asked}


def _seen(call: Call) -> tuple[float, int, int, bool]:
    return call.at, int(call.parameters["chat_id"]), call.status, "disable_notification" in call.parameters


async def _serve(chats: int, groups: int, *, strict: bool) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    limits = Limits.strict() if strict else None
    async with TelegramServer(TOKEN, limits=limits) as server, asyncio.TaskGroup() as tasks:
        for n in range(1, chats + 1):
            place = FIRST_CHAT + n
            server.chats[place] = Person(server, {"id": place, "is_bot": False, "first_name": "Reader"})
        for n in range(chats - groups + 1, chats + 1):
            place = -(FIRST_CHAT + n)
            server.chats[place] = Group(server, {"id": place, "type": "group", "title": "Group"}, {})
        for n in range(1, 200):
            server.user(id=n)
        print(json.dumps(server.url), flush=True)  # noqa: T201 (the bench reads it)
        desk = _Desk(server, tasks)
        while line := await reader.readline():
            command, options = json.loads(line)
            print(json.dumps(await getattr(desk, command)(**options)), flush=True)  # noqa: T201 (the bench reads it)


if __name__ == "__main__":
    asyncio.run(_serve(**json.loads(sys.argv[1])))
