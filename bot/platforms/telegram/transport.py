"""Transport: Bot API calls over aiohttp. An address holds the token, so no error of this file quotes one."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import BaseConnector, ClientSession, ClientTimeout, DummyCookieJar, FormData, TCPConnector, TraceConfig
from aiohttp.tracing import TraceRequestHeadersSentParams
from aiohttp_socks import ProxyConnector
from telegram.error import NetworkError
from telegram.request import BaseRequest, RequestData

_CONNECT_SECONDS = 15  # through Tor it takes a while
_FILE_SECONDS = 60  # more, for a file on its way
_JSON = {"Content-Type": "application/json"}


class NotSent(NetworkError):
    """It did not reach Telegram."""


class Unclear(NetworkError):
    """It may have reached Telegram: no answer, or none that Telegram would have written."""


@dataclass(slots=True)
class _Progress:
    written: bool = False  # whether the first byte of the request may have left


class Transport(BaseRequest):
    """One pool for polls and sends, so that an answer leaves on the connection that has just polled.

    Raises NotSent and Unclear; what is Telegram's own answer is left to the library to read.
    """

    def __init__(self, proxy: str = "", answer_seconds: float = 20) -> None:
        self._proxy, self._answer_seconds = _checked(proxy), answer_seconds
        self._session: ClientSession | None = None
        self.server_time: datetime | None = None  # as the newest answer gave it

    @property
    def read_timeout(self) -> float:
        """Seconds to wait for an answer where the caller names none."""
        return self._answer_seconds

    async def initialize(self) -> None:
        """Open the pool; nothing is connected yet."""
        if not self._session:
            jar, connector = DummyCookieJar(), _connector(self._proxy)
            self._session = ClientSession(connector=connector, cookie_jar=jar, trace_configs=[_watch()])

    async def shutdown(self) -> None:
        """Close the pool."""
        session, self._session = self._session, None
        if session:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,
        *_: Any,
        **__: Any,
    ) -> tuple[int, bytes]:
        """Make one call and return the HTTP status and the body."""
        seconds = read_timeout if isinstance(read_timeout, int | float) else self._answer_seconds
        progress = _Progress()
        try:
            body = _body(request_data)
            seconds += _FILE_SECONDS if isinstance(body, FormData) else 0
            answer = await self._exchange(method, url, body, seconds, progress)
        except Exception as problem:  # noqa: BLE001 whatever it is, it may quote the address
            failure = (Unclear if progress.written else NotSent)(type(problem).__name__)
        else:
            if _is_telegrams(*answer):
                return answer
            failure = Unclear(f"HTTP {answer[0]}")
        raise failure  # out here it has no context, which would quote the address too

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer; the library's own way would log what it cannot read."""
        body = _parsed(payload)
        if not isinstance(body, dict):
            raise Unclear("not JSON")
        return body

    async def _exchange(
        self, method: str, url: str, body: bytes | FormData, seconds: float, progress: _Progress
    ) -> tuple[int, bytes]:
        if not self._session:
            raise RuntimeError("not open")
        total = _CONNECT_SECONDS + seconds
        async with self._session.request(
            method,
            url,
            data=body,
            headers={"User-Agent": self.USER_AGENT} | ({} if isinstance(body, FormData) else _JSON),
            timeout=ClientTimeout(total, sock_connect=_CONNECT_SECONDS, sock_read=seconds),
            proxy=self._proxy if self._proxy.startswith("http") else None,
            allow_redirects=False,  # never Telegram's: following would hand the message to whoever sent it
            trace_request_ctx=progress,
        ) as response:
            self.server_time = _dated(response.headers.get("Date", ""))
            return response.status, await response.read()


def _body(request: RequestData | None) -> bytes | FormData:
    """What is asked, as JSON; as a form where a file goes with it."""
    if request is None or not request.contains_files:
        return orjson.dumps(request.parameters if request else {})
    form = FormData(request.json_parameters)
    for field, (name, data, kind) in request.multipart_data.items():
        held = BytesIO(data) if isinstance(data, bytes) else data  # bare bytes of some size would hold up the loop
        form.add_field(field, held, filename=name, content_type=kind)
    return form


def _dated(header: str) -> datetime | None:
    with suppress(ValueError):
        return parsedate_to_datetime(header)
    return None


def _checked(proxy: str) -> str:
    """A proxy's address as aiohttp_socks spells it. Raises ValueError, without the password it may hold."""
    proxy = proxy.strip().replace("socks5h://", "socks5://", 1)
    with suppress(ValueError):
        parts = urlsplit(proxy)
        if not proxy or (parts.scheme in {"http", "https", "socks4", "socks5"} and parts.hostname and parts.port):
            return proxy
    raise ValueError("a proxy is http://, https://, socks4:// or socks5://, with a host and a port")


def _connector(proxy: str) -> BaseConnector:
    if proxy.startswith("socks"):
        # The proxy looks names up: ours would tell the network where we go, and knows no onion addresses.
        return ProxyConnector.from_url(proxy, rdns=True)
    return TCPConnector()


def _watch() -> TraceConfig:
    """Note on each request when it begins to be written: until then it has surely not arrived."""

    async def wrote(_: ClientSession, context: SimpleNamespace, __: TraceRequestHeadersSentParams) -> None:
        context.trace_request_ctx.written = True

    watch = TraceConfig()
    watch.on_request_headers_sent.append(wrote)
    return watch


def _parsed(payload: bytes) -> object:
    """The JSON in a payload, or None; the second try takes halves of characters, which orjson refuses."""
    for loads in (orjson.loads, json.loads):
        with suppress(ValueError, RecursionError):
            return loads(payload)
    return None


def _is_telegrams(status: int, body: bytes) -> bool:
    """Whether Telegram itself answers; a page of a proxy or a censor must not pass for "the chat is gone"."""
    if status < 300:
        return True
    answer = _parsed(body)
    return status < 500 and isinstance(answer, dict) and isinstance(answer.get("description"), str)
