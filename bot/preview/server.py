"""Server: the pages over HTTP, for browsers on this machine; nothing is kept or logged, nobody else is let in."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.log import log
from bot.preview.address import LOOKS, Address
from bot.preview.drafts import drafts
from bot.preview.entries import entries
from bot.preview.office import Office
from bot.preview.problems import problems
from bot.preview.view import View
from bot.preview.words import Words, words

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FILES = {"style.css": "text/css", "live.js": "text/javascript", "lantern.svg": "image/svg+xml"}
_BREATH_SECONDS = 15.0  # between two signs of life to a page that is open
_GOODBYE_SECONDS = 0.5  # that open pages are given at the end

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Busy(Exception):
    """The address cannot be used; the message says why."""


async def serve(office: Office, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until cancelled; ready is told the address once it can be opened. Raises Busy."""
    site = Site(office, host)
    runner = web.AppRunner(site.app, access_log=None, shutdown_timeout=_GOODBYE_SECONDS)
    await runner.setup()
    try:
        ready(await _opened(runner, host, port))
        while True:
            await office.pack.changed()
            await site.tell()
    finally:
        site.closing = True
        await site.tell()
        await runner.cleanup()


async def _opened(runner: web.AppRunner, host: str, port: int) -> str:
    """The address at which it can be reached."""
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as problem:
        number = problem.errno or 0  # below 0 where a name was not found
        why = os.strerror(number).lower() if number > 0 else "there is no such address"
        raise Busy(f"{host}:{port} cannot be used ({why}): stop what uses it, or name another with --port") from None
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{runner.addresses[0][1]}/"


class Site:
    """The pages, and those who have one open."""

    def __init__(self, office: Office, host: str) -> None:
        self.office = office
        self.closing = False
        self._host = host
        self._boot = secrets.token_hex(4)  # a page that was made by another run is made anew
        self._news = asyncio.Condition()
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.app = web.Application(middlewares=[self._guard])
        self.app.add_routes(
            [
                web.get("/", self._entries),
                web.get("/updates", self._updates),
                web.get("/problems", self._problems),
                web.get("/events", self._events),
                *(web.get(f"/{name}", _file(name, kind)) for name, kind in _FILES.items()),
            ]
        )

    # -- who may ask, and what every answer says

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Only a browser that was told our own address: a name that somebody made lead here is refused."""
        if not _is_ours(request.host, self._host):
            return web.Response(status=421, text="This page is at another address.", headers=_HEADERS)
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            return web.Response(status=refusal.status, text=refusal.reason, headers=_HEADERS)
        except Exception as problem:  # noqa: BLE001 (its words may quote content: the log says its places)
            log.error("page_failed", exc_info=problem)
            return web.Response(status=500, text="This page failed. The terminal says where.", headers=_HEADERS)

    # -- pages

    async def _entries(self, request: web.Request) -> web.Response:
        view, common = self._seen(request)
        if view is None:
            return self._page("problems.html", common, problems(self.office.pack.edition.problems, None))
        return self._page("entries.html", common, await asyncio.to_thread(entries, view))

    async def _updates(self, request: web.Request) -> web.Response:
        view, common = self._seen(request)
        if view is None:
            return self._page("problems.html", common, problems(self.office.pack.edition.problems, None))
        return self._page("updates.html", common, await drafts(view))

    async def _problems(self, request: web.Request) -> web.Response:
        view, common = self._seen(request)
        found = self.office.pack.edition.problems
        return self._page("problems.html", common, await asyncio.to_thread(problems, found, view))

    def _page(self, template: str, *values: Mapping[str, Any]) -> web.Response:
        merged = {name: value for some in values for name, value in some.items()}
        html = self._templates.get_template(template).render(merged)
        return web.Response(text=html, content_type="text/html", headers=_HEADERS)

    def _seen(self, request: web.Request) -> tuple[View | None, Mapping[str, Any]]:
        """What is asked of which edition, and what stands on every page of it; no view where there never was a pack."""
        edition, address = self.office.pack.edition, Address.read(request.path, request.query)
        accepted = request.headers.get("Accept-Language", "").split(",")[0]
        said = words(edition.snapshot, address.lang, accepted)
        view = None
        if edition.snapshot and said.content:
            view = View(self.office, edition.snapshot, said.content, address, edition.problems)
        return view, self._common(address, said, view)

    def _common(self, address: Address, said: Words, view: View | None) -> Mapping[str, Any]:
        edition = self.office.pack.edition
        return {
            "address": address,
            "say": said.say,
            "number": said.number,
            "lang": said.code,
            "edition": f"{self._boot}-{edition.number}",
            "errors": len(edition.errors),
            "warnings": len(edition.problems) - len(edition.errors),
            "pack": str(view.content.pack.title) if view else self.office.pack.folder.name,
            "languages": dict(view.content.languages) if view else {},
            "looks": LOOKS,
            "clock": f"{self.office.now(view.content):%H:%M}" if view else "",
        }

    # -- what changes while a page is open

    async def tell(self) -> None:
        """Have every open page look whether it is still the newest."""
        async with self._news:
            self._news.notify_all()

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: the edition, at once and whenever there is a new one."""
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        with suppress(ConnectionResetError):
            while not self.closing:
                edition = f"{self._boot}-{self.office.pack.edition.number}"
                await response.write(f"event: edition\ndata: {edition}\n\n".encode())
                await self._something()
        return response

    async def _something(self) -> None:
        """Until there is something to tell, or it is time for a sign of life."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_BREATH_SECONDS), self._news:
                await self._news.wait()


def _file(name: str, kind: str) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=(_HERE / "static" / name).read_bytes(), content_type=kind, headers=_HEADERS)

    return answer


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what is served at a host, a name or an address in digits."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_ours(host: str, served: str) -> bool:
    """Whether a Host header names us: what we serve, this machine, or, served to others, an address in digits.

    A name that somebody else's server points to us is none of these.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == served or is_loopback(name) or (not is_loopback(served) and _is_address(name))


def _is_address(name: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(name))
    return False
