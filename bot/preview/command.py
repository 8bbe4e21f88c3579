"""Command: `pratip preview`: settings to a served page."""

from __future__ import annotations

import sys

from bot import log as logs
from bot.app import Unfit
from bot.clock import Clock
from bot.core.router import Router
from bot.platforms.matrix import Matrix
from bot.platforms.telegram import Telegram
from bot.preview.office import Office
from bot.preview.pack import Pack
from bot.preview.server import Busy, is_loopback, serve
from bot.settings import Settings


async def preview(settings: Settings, router: Router, pack: Pack, host: str, port: int) -> int:
    """Serve the page until cancelled. Raises Unfit."""
    logs.configure("ERROR", settings.log_format)
    telegram = Telegram.able(settings.telegram_rate, paid=settings.telegram_paid)
    rates = {"telegram": telegram.allowance.rate, "matrix": Matrix.can.allowance.rate}
    if not is_loopback(host):
        print(f"Whoever reaches {host} can read drafts and counts here: there is no password.", file=sys.stderr)
    try:
        await serve(Office(router, pack, Clock(), settings.database_url, rates), host, port, _ready)
    except Busy as busy:
        raise Unfit(str(busy)) from None
    return 0


def _ready(address: str) -> None:
    print(f"{address}\nOpen it in a browser; Ctrl-C ends it.", flush=True)
