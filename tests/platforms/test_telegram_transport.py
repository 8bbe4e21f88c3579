"""The wire to Telegram: what arrived, what did not, what nobody knows; and never a token in any of it."""

from __future__ import annotations

import asyncio
import io
import logging
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from bot.core.messages import Chat, Reply
from bot.core.text import Text
from bot.platforms import Refusal, Unavailable, Unknown
from bot.platforms.telegram import Telegram
from bot.platforms.telegram.transport import Transport
from tests.telegram_server import TOKEN, TelegramServer

SECRET_WORDS = "something that nobody else may read"
HERE = Chat("telegram", "918273645")
GREETING = Reply(Text(SECRET_WORDS))


@pytest.fixture(autouse=True)
def logged() -> Iterator[None]:
    """Whatever any library logs at DEBUG in a test of this file holds neither the token nor a text."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield
    root.removeHandler(handler)
    root.setLevel(level)
    assert TOKEN.partition(":")[2] not in written.getvalue()
    assert SECRET_WORDS not in written.getvalue()


@asynccontextmanager
async def telegram(server: TelegramServer, proxy: str = "") -> AsyncIterator[Telegram]:
    opened = Telegram(server.token, api_url=server.url, proxy=proxy, poll_seconds=1, answer_seconds=0.3)
    async with opened as platform:
        yield platform


def quotes_nothing(problem: BaseException) -> None:
    seen: list[BaseException] = []
    rest: list[BaseException | None] = [problem]
    while rest:
        one = rest.pop()
        if one and one not in seen:
            seen.append(one)
            rest += [one.__cause__, one.__context__]
    words = "".join(f"{one} {one!r} {one.args} {vars(one)}" for one in seen)
    words += "".join(traceback.format_exception(problem))
    assert TOKEN not in words
    assert TOKEN.partition(":")[2] not in words
    assert SECRET_WORDS not in words
    assert "918273645" not in str(problem)


async def refusal_of_sending(platform: Telegram) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await platform.send(HERE, GREETING, key="k")
    quotes_nothing(caught.value)
    return caught.value


async def refusal_of_polling(platform: Telegram) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        await platform.poll(None)
    quotes_nothing(caught.value)
    return caught.value


async def test_a_server_that_is_down_did_not_get_it() -> None:
    server = TelegramServer()
    async with server:
        sokha = server.user(918273645)
        await server.goes_down()
        async with telegram(server) as platform:
            assert isinstance(await refusal_of_sending(platform), Unavailable)
            assert "cannot be reached" in str(await refusal_of_polling(platform))
            await server.comes_up()
            await platform.send(HERE, GREETING, key="k")
            assert (await sokha.hears()).text == SECRET_WORDS
            await server.goes_down()
            await asyncio.sleep(0.02)  # until the end of the connection has been noticed, nobody could know
            assert isinstance(await refusal_of_sending(platform), Unavailable)
            await server.comes_up()


async def test_a_name_that_does_not_resolve_did_not_get_it() -> None:
    async with Telegram(TOKEN, api_url="http://telegram.invalid") as platform:
        assert isinstance(await refusal_of_sending(platform), Unavailable)


@pytest.mark.parametrize("address", ["http://", "nonsense", "http://[::1", "http://x y", "ftp://127.0.0.1"])
async def test_an_address_that_is_none_is_told_without_quoting_it(address: str) -> None:
    async with Telegram(TOKEN, api_url=address) as platform:
        assert isinstance(await refusal_of_sending(platform), Unavailable)
        await refusal_of_polling(platform)


async def test_a_certificate_that_is_none_did_not_get_it() -> None:
    async with (
        TelegramServer() as server,
        Telegram(TOKEN, api_url=server.url.replace("http", "https")) as platform,
    ):
        assert isinstance(await refusal_of_sending(platform), Unavailable)


async def test_opening_and_closing_twice_is_fine() -> None:
    transport = Transport()
    for step in (transport.initialize, transport.initialize, transport.shutdown, transport.shutdown):
        await step()


async def test_a_platform_that_is_not_open_sends_nothing() -> None:
    async with TelegramServer() as server, telegram(server) as platform:
        pass
    assert isinstance(await refusal_of_sending(platform), Unavailable)


async def test_a_connection_closed_without_an_answer_leaves_it_unknown() -> None:
    async with TelegramServer() as server, telegram(server) as platform:
        sokha = server.user(918273645)
        server.fail("sendMessage", drop=True)
        assert isinstance(await refusal_of_sending(platform), Unknown)
        await sokha.hears_nothing()
        server.fail("sendMessage", drop=True, accept=True)
        assert isinstance(await refusal_of_sending(platform), Unknown)
        await sokha.hears()
        assert await platform.send(HERE, GREETING, key="k")


async def test_an_answer_that_never_comes_leaves_it_unknown() -> None:
    async with TelegramServer() as server, telegram(server) as platform:
        server.user(918273645)
        fault = server.fail("sendMessage", hang=30, times=None)
        assert isinstance(await refusal_of_sending(platform), Unknown)
        server.heal(fault)
        assert await platform.send(HERE, GREETING, key="k")


@pytest.mark.parametrize("status", [500, 502, 504, 599])
async def test_a_server_error_leaves_it_unknown(status: int) -> None:
    async with TelegramServer() as server, telegram(server) as platform:
        server.user(918273645)
        server.fail("sendMessage", status=status)
        assert isinstance(await refusal_of_sending(platform), Unknown)
        server.fail("getUpdates", status=status)
        await refusal_of_polling(platform)
        assert await platform.send(HERE, GREETING, key="k")


@pytest.mark.parametrize("status", [0, 302, 400, 401, 403, 404, 409, 429, 502])
@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"\xff\xfe",
        b"<html>This site is blocked</html>",
        b"[]",
        b"true",
        b'"x"',
        b'{"ok": true}',
        b"[" * 9000,
    ],
)
async def test_a_page_that_is_not_telegrams_says_nothing_of_the_chat(status: int, page: bytes) -> None:
    async with TelegramServer() as server, telegram(server) as platform:
        server.user(918273645)
        server.fail("sendMessage", status=status, garbage=page)
        assert isinstance(await refusal_of_sending(platform), Unknown)
        server.fail("getUpdates", status=status, garbage=page)
        await refusal_of_polling(platform)
        assert await platform.send(HERE, GREETING, key="k")


@pytest.mark.parametrize("result", [b"null", b"true", b"7", b"[]", b'{"a": 1}', b'{"message_id": 1}', b'[{"x": "y"}]'])
async def test_an_answer_of_an_odd_shape_leaves_it_unknown(result: bytes) -> None:
    async with TelegramServer() as server, telegram(server) as platform:
        server.user(918273645)
        server.fail("sendMessage", garbage=b'{"ok": true, "result": ' + result + b"}")
        assert isinstance(await refusal_of_sending(platform), Unknown)


async def test_a_refusal_of_an_odd_shape_leaves_it_unknown() -> None:
    async with TelegramServer() as server, telegram(server) as platform:
        answer = b'{"ok": false, "description": "x", "parameters": 7}'
        server.fail("sendMessage", status=400, garbage=answer)
        assert isinstance(await refusal_of_sending(platform), Unknown)


async def test_what_was_quoted_in_an_answer_is_not_quoted_again() -> None:
    words = f'Bad Request: wrong "{SECRET_WORDS}" of 918273645 at http://x/bot{TOKEN}/'
    async with TelegramServer() as server, telegram(server) as platform:
        server.fail("sendMessage", status=400, description=words)
        assert str(await refusal_of_sending(platform)) == "Telegram: Wrong"
        server.fail("sendMessage", status=502, garbage=f"{SECRET_WORDS} {TOKEN}".encode())
        await refusal_of_sending(platform)
        server.fail("getMe", status=418, garbage=f"{SECRET_WORDS} {TOKEN}".encode())
        await refusal_of_polling(platform)


async def test_the_library_writes_down_no_call_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "telegram", "telegram.Bot", "telegram.BaseRequest", "aiohttp", "aiohttp.client"):
        caplog.set_level(logging.DEBUG, name)
    async with TelegramServer() as server, telegram(server) as platform:
        await server.user(918273645).says(SECRET_WORDS)
        await platform.poll(None)
        await platform.send(HERE, GREETING, key="k")
        server.fail("sendMessage", garbage=f"{TOKEN} {SECRET_WORDS}".encode())
        await refusal_of_sending(platform)
    assert TOKEN not in caplog.text
    assert SECRET_WORDS not in caplog.text


async def test_a_redirect_is_not_followed() -> None:
    async with (
        TelegramServer() as elsewhere,
        strange_server(f"307 Moved\r\nLocation: {elsewhere.url}/botX/sendMessage") as url,
    ):
        async with Telegram(TOKEN, api_url=url) as platform:
            assert isinstance(await refusal_of_sending(platform), Unknown)
        assert not elsewhere.record


@asynccontextmanager
async def strange_server(head: str) -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1")
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_answer_leaves_on_the_connection_that_polled() -> None:
    async with TelegramServer() as server, passage(server) as (port, asked_for):
        sokha = server.user(918273645)
        async with Telegram(TOKEN, api_url=f"http://127.0.0.1:{port}", poll_seconds=1) as platform:
            await sokha.says("/help")
            await platform.poll(None)
            await platform.send(HERE, GREETING, key="k")
        assert len(asked_for) == 1


@asynccontextmanager
async def passage(server: TelegramServer, greet: str = "") -> AsyncIterator[tuple[int, list[bytes]]]:
    """A proxy to the local server: SOCKS5, HTTP CONNECT, or neither; and what was asked of it."""
    asked_for: list[bytes] = []
    target = server.url.rpartition(":")[2]

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if greet == "socks5":
            _, count = await reader.readexactly(2)
            await reader.readexactly(count)
            writer.write(b"\x05\x00")
            head = await reader.readexactly(5)
            asked_for.append(head[3:4] + await reader.readexactly(head[4] + 2))
            writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        else:
            asked_for.append(b"connected")
        there, back = await asyncio.open_connection("127.0.0.1", int(target))
        async with asyncio.TaskGroup() as group:
            group.create_task(pump(reader, back))
            group.create_task(pump(there, writer))
        back.close()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1")
    async with listening:
        yield listening.sockets[0].getsockname()[1], asked_for


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_socks_proxy_looks_the_name_up(scheme: str) -> None:
    async with TelegramServer() as server, passage(server, "socks5") as (port, asked_for):
        sokha = server.user(918273645)
        proxy = f"{scheme}://127.0.0.1:{port}"
        async with Telegram(TOKEN, api_url="http://bot-api.onion:80", proxy=proxy) as platform:
            await platform.send(HERE, GREETING, key="k")
        assert (await sokha.hears()).text == SECRET_WORDS
        assert asked_for == [b"\x03bot-api.onion\x00\x50"]


async def test_an_http_proxy_is_used_too() -> None:
    async with TelegramServer() as server, passage(server) as (port, asked_for):
        sokha = server.user(918273645)
        proxy = f"http://127.0.0.1:{port}"
        async with Telegram(TOKEN, api_url="http://telegram.invalid", proxy=proxy) as platform:
            await platform.send(HERE, GREETING, key="k")
        assert (await sokha.hears()).text == SECRET_WORDS
        assert asked_for


async def test_a_proxy_that_refuses_us_passed_nothing_on() -> None:
    async with strange_server("407 Who are you") as url:
        platform = Telegram(TOKEN, api_url="https://telegram.invalid", proxy=url)
        async with platform:
            assert isinstance(await refusal_of_sending(platform), Unavailable)


@pytest.mark.parametrize("scheme", ["socks5", "socks4", "http"])
async def test_a_proxy_that_is_down_got_nothing(scheme: str) -> None:
    async with (
        TelegramServer() as server,
        telegram(server, f"{scheme}://u:{SECRET_WORDS[:9]}@127.0.0.1:9") as platform,
    ):
        assert isinstance(await refusal_of_sending(platform), Unavailable)


@pytest.mark.parametrize(
    "proxy", ["https", "secret:pass", "ftp://u:secret@h:1", "socks5://u:secret@h", "http://[secret"]
)
def test_a_proxy_that_is_none_is_refused_without_quoting_it(proxy: str) -> None:
    with pytest.raises(ValueError, match="a proxy is") as caught:
        Transport(proxy)
    words = "".join(traceback.format_exception(caught.value))
    assert str(caught.value).count("secret") == 0
    assert f"'{proxy}'" not in words
