"""App: the composition root, the only module that knows everything: settings to a running bot."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import handlers
from bot import log as logs
from bot.clock import Clock
from bot.content import ContentBroken, Problem, summary
from bot.content import load as load_content
from bot.content.archive import Archive
from bot.content.watch import Watch
from bot.core.broadcast import State
from bot.core.content import Snapshot
from bot.core.messages import Role
from bot.doctor import (
    Finding,
    approval_findings,
    contact_finding,
    content_finding,
    platform_findings,
    unposted_findings,
)
from bot.keyfile import KeyFile, KeysUnusable
from bot.lock import Taken, only_one, wake
from bot.log import log
from bot.moderation import Moderation
from bot.platforms import Platform
from bot.platforms.console import CHAT, Console
from bot.press import Press
from bot.privacy import Keys, SealBroken
from bot.service import Service
from bot.settings import Settings
from bot.shell import Order, Refused, Shell
from bot.store import Store, StoreUnusable
from bot.terminal import Terminal, plain
from bot.vault import LOCK, KeysInUse, Vault
from bot.workbench import Workbench

if TYPE_CHECKING:
    from bot.imports import Order as Import
    from bot.platforms.matrix import Matrix

_DRAFTS = 10_000  # that the doctor counts
_OURS = {"lock", LOCK, "pratip.db", "pratip.db-wal", "pratip.db-shm", "matrix", "tombstones"}  # in the data folder


class Unfit(Exception):
    """The program cannot do what was asked; the message says what to mend."""


async def run(settings: Settings) -> int:
    """Answer on every configured platform until SIGTERM or SIGINT. Raises Unfit."""
    logs.configure(settings.log_level, settings.log_format)
    if not (settings.uses_telegram or settings.uses_matrix):
        raise Unfit(
            "No platform is configured. Set PRATIP_TELEGRAM_TOKEN, or PRATIP_MATRIX_HOMESERVER with"
            " PRATIP_MATRIX_USER and PRATIP_MATRIX_PASSWORD.\nTo try the bot without any server: pratip chat"
        )
    prepare(settings)
    with alone(settings.data):
        watch = _watched(settings.content)
        async with opened(settings) as (store, keys):
            platforms = _platforms(settings, keys, watch.snapshot)
            log.info("starting", platforms=", ".join(platform.name for platform in platforms))
            await _serve(settings, store, keys, watch, platforms, leads=True)
        log.info("stopped")
    return 0


async def chat(settings: Settings, asks: Sequence[str], language: str) -> int:
    """A conversation in the terminal, or the answers to what is asked. Raises Unfit."""
    logs.configure("ERROR", settings.log_format)
    prepare(settings)
    watch = _watched(settings.content)
    _spoken(language, watch.snapshot)
    async with opened(settings) as (store, keys):
        if language:
            store.subscribers.assume_language(keys.place(CHAT), language)
        await _serve(settings, store, keys, watch, [Console(asks)], updates=not asks)
    return 0


async def broadcast(settings: Settings, order: Order) -> int:
    """What a moderator types on the command line, beside a run or without one. Raises Unfit."""
    logs.configure("ERROR", settings.log_format)
    prepare(settings)
    snapshot = _snapshot(settings.content)
    _spoken(order.language, snapshot)
    try:
        async with opened(settings) as (store, keys):
            rates = {each.name: each.can.allowance.rate for each in _platforms(settings, keys, snapshot)}
            moderation = Moderation(
                store,
                keys,
                Clock(),
                lambda: snapshot,
                settings.moderators,
                settings.approvals,
                settings.telegram_paid,
                rates,
            )
            reload, told = partial(_snapshot, settings.content), partial(wake, settings.data)
            shell = Shell(handlers.router, store, moderation, Clock(), Terminal(), reload, told, order.language)
            await shell.obey(order)
    except Refused as refusal:
        raise Unfit(plain(refusal.text)) from None
    except BrokenPipeError:  # nobody reads any more, and what was to be shown first has not been seen
        return 1
    return 0


def bring(folder: Path, order: Import) -> int:
    """Import an official file into the content: show what would change, or change it. Raises Unfit."""
    from bot.imports import Desk, Unreadable

    logs.configure("ERROR", "console")
    out, told = Terminal(), Terminal(errors=True)
    desk = Desk(folder, _snapshot(folder), partial(load_content, kinds=handlers.kinds), out.tell, told.tell)
    try:
        with told.counting() as count:
            desk.obey(order, count)
    except Unreadable as problem:
        raise Unfit(f"{order.path}: {problem}") from None
    except BrokenPipeError:  # nobody reads the diff any more
        return 1
    return 0


def _spoken(language: str, snapshot: Snapshot) -> None:
    if language and language not in snapshot.views:
        raise Unfit(f"The pack has no language {language}: use one of {', '.join(snapshot.views)}")


def preview(settings: Settings, folder: Path, host: str, port: int) -> int:
    """Show a content folder to its moderators, in a browser on this machine, until Ctrl-C. Raises Unfit."""
    from bot.preview import command
    from bot.preview.pack import Pack

    if not folder.is_dir():
        raise Unfit(f"{folder}: there is no such folder")
    return asyncio.run(command.preview(settings, handlers.router, Pack(folder, handlers.kinds), host, port))


def check(folder: Path) -> list[Problem]:
    """Every problem of a content folder, warnings included."""
    try:
        return load_content(folder, handlers.kinds)[1]
    except ContentBroken as broken:
        return list(broken.problems)


def describe(folder: Path) -> None:
    """Write the JSON Schemas of a content folder's files."""
    from bot.content.schema import FOLDER, schemas

    target = folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for name, text in schemas(handlers.kinds).items():
        (target / name).write_text(text, "utf-8")


def workbench(settings: Settings, language: str = "") -> Workbench:
    """What moderators do with the files themselves."""
    logs.configure("ERROR", settings.log_format)
    return Workbench(settings.content, handlers.kinds, handlers.router, Terminal(), language)


async def history(settings: Settings, name: str, language: str = "") -> int:
    """What changed of an entry: from git, and only without it from the database. Raises Unfit."""
    bench = workbench(settings, language)
    if not bench.tells_from_git(name):
        prepare(settings)
        async with opened(settings) as (store, _):
            await bench.tell(name, store)
    return 0


async def doctor(settings: Settings) -> int:
    """Look at everything that has to be in order, print what was found, and return how many things are to mend."""
    logs.configure("ERROR", settings.log_format)
    prepare(settings)
    to_mend = 0
    async for finding in _findings(settings):
        print(finding)
        to_mend += bool(finding.mend) and not finding.optional
    return min(1, to_mend)


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    snapshot = None
    async for finding in _stored(settings):
        yield finding
    try:
        snapshot, warnings = load_content(settings.content, handlers.kinds)
        yield content_finding(snapshot, len(warnings))
        yield contact_finding(snapshot)
    except ContentBroken as broken:
        yield Finding("content", f"{summary(broken.problems)}; pratip check lists them")
    uses = {"telegram": settings.uses_telegram, "matrix": settings.uses_matrix}
    for finding in unposted_findings(snapshot, {name for name, used in uses.items() if used}) if snapshot else ():
        yield finding
    if not any(uses.values()):
        yield Finding("platforms: none configured; pratip chat works without")
    elif snapshot and (keys := _readable(settings)):
        async for finding in platform_findings(_platforms(settings, keys, snapshot), snapshot, Clock()):
            yield finding


async def _stored(settings: Settings) -> AsyncIterator[Finding]:
    """What the keys and the database say of themselves, and of updates."""
    opens = Finding("database: opens, and its schema is current")
    made = not settings.keys.exists()
    try:
        async with vault(settings).opened() as (store, _):
            yield Finding(
                f"keys: {'made just now, as there were none' if made else 'private to this user'}: {settings.keys}"
            )
            if settings.keys.resolve().is_relative_to(settings.data.resolve()):
                yield Finding("keys", "they lie in the data folder: whoever takes it has both. Move them: PRATIP_KEYS")
            yield opens
            drafts = await store.broadcasts.newest(_DRAFTS, {State.DRAFT})
            reachable = await store.moderators.reachable()
        for finding in approval_findings(settings.approvals, settings.moderators, reachable, len(drafts)):
            yield finding
    except KeysInUse:
        yield Finding("keys", "they are being changed: wait for that")
    except StoreUnusable as problem:
        yield Finding("database", str(problem))
    except KeysUnusable as problem:
        yield Finding("keys", str(problem))
        try:
            async with Store(settings.database_url):
                yield opens
        except StoreUnusable as other:
            yield Finding("database", str(other))


def _readable(settings: Settings) -> Keys | None:
    try:
        return KeyFile(settings.keys).read()[0]
    except KeysUnusable:
        return None


async def _serve(
    settings: Settings,
    store: Store,
    keys: Keys,
    watch: Watch,
    platforms: Sequence[Platform],
    *,
    leads: bool = False,
    updates: bool = True,
) -> None:
    """Put it together and run it. leads: there is no other in this data folder, and it has the moderators."""
    service = Service(
        handlers.router,
        watch.snapshot,
        store,
        keys,
        moderators=settings.moderators if leads else (),
        approvals=settings.approvals,
        paid=settings.telegram_paid,
        changes=watch.changed,
        sends_updates=updates,
        leads=leads,
        archive=Archive(settings.content, handlers.kinds),
        press=Press(settings.content, handlers.kinds, Clock()),
    )
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unheard)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.stop)
    # A terminal that goes away ends its conversation. A service is told so to look at its content.
    loop.add_signal_handler(signal.SIGHUP, watch.look if leads else service.stop)
    loop.add_signal_handler(signal.SIGUSR1, service.wake)  # the shell has changed what is to be sent
    try:
        await service.run(platforms)
    except* SealBroken:
        raise SealBroken("the sealed Matrix files do not open with these keys") from None


def _unheard(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waited for any more: asyncio itself would print the exception's words."""
    log.error("unheard", what=context["message"], exc_info=context.get("exception"))


def _platforms(settings: Settings, keys: Keys, snapshot: Snapshot) -> list[Platform]:
    """The configured platforms; what they need is imported only now."""
    platforms: list[Platform] = []
    if settings.uses_telegram:
        from bot.platforms.telegram import Telegram

        token, menu = settings.telegram_token.get_secret_value(), menus(snapshot)
        platforms.append(
            Telegram(
                token,
                api_url=settings.telegram_api_url,
                proxy=settings.proxy,
                menus=menu,
                rate=settings.telegram_rate,
                paid=settings.telegram_paid,
            )
        )
    if settings.uses_matrix:
        platforms.append(matrix_account(settings, keys))
    return platforms


def matrix_account(settings: Settings, keys: Keys) -> Matrix:
    """The configured Matrix account, as a platform."""
    from bot.platforms.matrix import Matrix

    return Matrix(
        settings.matrix_homeserver,
        settings.matrix_user,
        settings.matrix_password.get_secret_value(),
        rooms=settings.matrix_rooms,
        folder=settings.data / "matrix",
        keys=keys,
        proxy=settings.proxy,
    )


def menus(snapshot: Snapshot) -> dict[str, list[tuple[str, str]]]:
    """The command menus by language code, the default language's under ""."""
    codes = {"": snapshot.default, **{code: code for code in snapshot.views}}
    return {
        name: [(each, str(snapshot.views[code].say(f"command.{each}"))) for each in handlers.router.listed(Role.ADMIN)]
        for name, code in codes.items()
    }


def prepare(settings: Settings) -> None:
    """Our own handlers, and a data folder private to the user."""
    if Path(handlers.__file__ or "").parents[1] != Path(__file__).parents[1]:
        raise Unfit("another package named handlers is in the way: run python -m bot in the folder of this program")
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if settings.data.stat().st_mode & 0o077 and {each.name for each in settings.data.iterdir()} - _OURS:
            raise Unfit("others can read the data folder: run chmod 700 on it, or set PRATIP_DATA to another")
        settings.data.chmod(0o700)
    except OSError as problem:
        raise Unfit(f"The data folder cannot be used ({problem.strerror}): set PRATIP_DATA to another") from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """While it is entered, no other run uses this data folder. Raises Unfit."""
    try:
        with only_one(folder):
            yield
    except Taken:
        raise Unfit("Another run uses this data folder: stop it, or set PRATIP_DATA to another folder") from None


def vault(settings: Settings) -> Vault:
    """The configured database, the keys, and all else that they seal."""
    folder = settings.data / "matrix"

    def reseal(old: Keys, new: Keys) -> None:
        if folder.exists():
            from bot.platforms.matrix import rotation

            rotation.reseal(folder, old, new)

    return Vault(settings.database_url, KeyFile(settings.keys), settings.data, reseal)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Store, Keys]]:
    """The database and the keys that belong to it. Raises Unfit."""
    with understood():
        async with vault(settings).opened() as found:
            yield found


@contextmanager
def understood() -> Iterator[None]:
    """What is wrong with the database or its keys, as Unfit."""
    try:
        yield
    except StoreUnusable as problem:
        raise Unfit(str(problem)) from None
    except KeysUnusable as problem:
        raise Unfit(f"PRATIP_KEYS: {problem}") from None
    except SealBroken as problem:
        raise Unfit(f"PRATIP_KEYS: {problem}: restore the key file") from None
    except KeysInUse:
        raise Unfit("Another run uses this data folder and its keys: stop it first") from None


def _watched(folder: Path) -> Watch:
    with _whole():
        return Watch(folder, handlers.kinds)


def _snapshot(folder: Path) -> Snapshot:
    with _whole():
        return load_content(folder, handlers.kinds)[0]


@contextmanager
def _whole() -> Iterator[None]:
    """Raises Unfit with every mistake of a pack."""
    try:
        yield
    except ContentBroken as broken:
        raise Unfit("\n".join(str(problem) for problem in broken.problems if not problem.warning)) from None
