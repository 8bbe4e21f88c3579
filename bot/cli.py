"""Command line: the commands of `pratip`, what each is given, and what it exits with."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from getpass import getpass
from pathlib import Path
from typing import Any

from bot import settings as configuration
from bot.log import log
from bot.settings import SettingsWrong


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 something to mend, 2 not understood, 70 a mistake of the program's own."""
    options = _parser().parse_args(arguments)
    try:
        sys.exit(options.command(options))
    except SettingsWrong as wrong:
        sys.exit("\n".join(wrong.problems))
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pratip", description="A chatbot that answers about human rights, from sources."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="answer on every configured platform")
    run.set_defaults(command=_run)
    chat = commands.add_parser("chat", help="a conversation in the terminal, no server needed")
    chat.add_argument("--ask", action="append", default=[], metavar="TEXT", help="ask this and exit; may be repeated")
    chat.add_argument("--language", default="", metavar="CODE", help="the reader's language, such as km")
    chat.set_defaults(command=_chat)
    _add_broadcast(
        commands.add_parser("broadcast", help="what is sent to subscribers: look at it, approve it, stop it")
    )
    check = commands.add_parser("check", help="report every problem of a content folder")
    check.add_argument("path", nargs="?", type=Path, metavar="PATH", help="the folder (default: PRATIP_CONTENT)")
    check.add_argument("--format", choices=("text", "json", "github"), default="text", help="how they are written")
    check.add_argument("--language", choices=("en", "km"), default="en", help="in which they are said")
    check.set_defaults(command=_check)
    schema = commands.add_parser("schema", help="write what editors know of the files: content/schema/*.json")
    schema.add_argument("path", nargs="?", type=Path, metavar="PATH", help="the folder (default: PRATIP_CONTENT)")
    schema.set_defaults(command=_schema)
    _add_import(commands.add_parser("import", help="bring official recommendations into the content"))
    _add_preview(commands.add_parser("preview", help="see every message of a content folder in a browser, as you edit"))
    _add_workbench(commands)
    _add_matrix(commands.add_parser("matrix", help="have other apps trust the bot on Matrix"))
    _add_keys(commands.add_parser("keys", help="make the keys, or change them"))
    doctor = commands.add_parser("doctor", help="check keys, content, database, token, homeserver and clock")
    doctor.set_defaults(command=_doctor)
    backup = commands.add_parser("backup", help="copy the database, sealed for a key that is not on this machine")
    backup.add_argument("path", type=Path, metavar="PATH", help="a new file, or a folder; there the old ones go")
    backup.set_defaults(command=_backup)
    _add_restore(commands.add_parser("restore", help="make a backup the database, without those who left since"))
    return parser


def _add_workbench(commands: Any) -> None:
    new = commands.add_parser("new", help="write a new entry, question by question")
    new.add_argument("kind", metavar="KIND", help="prisoner, law, claim, update, ...")
    new.set_defaults(command=_new)
    history = commands.add_parser("history", help="what changed of an entry, when, and who says so")
    history.add_argument("id", metavar="ID", help="its id, such as kem-sokha")
    history.set_defaults(command=_history)
    stale = commands.add_parser("stale", help="list what somebody should look at again")
    stale.add_argument("--format", choices=("text", "json"), default="text")
    stale.set_defaults(command=_stale)
    for each in (new, history, stale):
        each.add_argument("--language", default="", metavar="CODE", help="of the words, such as km")
    export = commands.add_parser("export", help="the whole pack in one file")
    export.add_argument("--format", choices=("json", "csv", "xlsx"), default="json", help="csv is a zip of them")
    export.add_argument("--output", type=Path, default=Path(), metavar="PATH", help="a new file, or a folder")
    export.set_defaults(command=_export)
    unpack = commands.add_parser("unpack", help="make a content folder of a JSON export")
    unpack.add_argument("file", type=Path, metavar="FILE")
    unpack.add_argument("folder", type=Path, metavar="FOLDER", help="a new one")
    unpack.set_defaults(command=_unpack)


_ACTIONS = {
    "list": "drafts that wait and what was sent, newest first",
    "show": "exactly what each language says, to how many it goes, who approved it, how far it is",
    "approve": "approve a draft, as one moderator",
    "reject": "a draft that shall not be sent, and why",
    "pause": "let one wait",
    "resume": "let one go on",
    "cancel": "send no more of one",
    "withdraw": "delete what was sent, where the platform can",
}


def _add_broadcast(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    for name, what in _ACTIONS.items():
        action = actions.add_parser(name, help=what, description=what)
        if name != "list":
            action.add_argument("number", type=_number, metavar="N", help="its number")
        if name in ("reject", "pause"):
            action.add_argument("words", nargs="+" if name == "reject" else "*", metavar="WHY")
        if name in ("approve", "withdraw"):
            action.add_argument("--yes", action="store_true", help="do not ask")
        if name in ("show", "approve"):
            action.add_argument("--follow", action="store_true", help="show its progress until it ends or Ctrl-C")
        action.add_argument("--language", default="", metavar="CODE", help="of the answers, such as km")
    parser.set_defaults(command=_broadcast)


def _add_restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="FILE", help="the backup")
    parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="where the private key is written")
    parser.add_argument("--tombstones-lost", action="store_true", help="leave out all subscribers: some may have left")
    parser.set_defaults(command=_restore)


def _add_keys(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    new = actions.add_parser("new", help="make the key file; never replaces one")
    new.set_defaults(command=_new_keys)
    rotate = actions.add_parser("rotate", help="seal everything with new keys, while nothing runs")
    rotate.set_defaults(command=_rotate_keys)
    backup = actions.add_parser("backup", help="a new pair for backups; nothing is written to the disk")
    backup.set_defaults(command=_backup_keys)


def _add_preview(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", type=Path, metavar="PATH", help="the folder (default: PRATIP_CONTENT)")
    parser.add_argument("--port", type=int, default=8484, metavar="N", help="where it is served (default: %(default)s)")
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="for others too: whoever reaches it reads"
    )
    parser.set_defaults(command=_preview)


def _number(typed: str) -> int:
    """A broadcast's number, as it is written everywhere: 12 or #12."""
    if not re.fullmatch(r"#?[0-9]{1,9}", typed):
        raise argparse.ArgumentTypeError("write a number, such as 12")
    return int(typed.removeprefix("#"))


def _add_matrix(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    trust = commands.add_parser("trust", help="cross-sign the bot's device, once; prints a recovery key to keep")
    either = trust.add_mutually_exclusive_group()
    either.add_argument("--recover", action="store_true", help="use the account's identity; asks for its recovery key")
    either.add_argument("--replace", action="store_true", help="put the bot's identity in place of the account's")
    trust.set_defaults(command=_trust)
    show = commands.add_parser("show", help="print what people compare to know the bot's device; publish it")
    show.set_defaults(command=_show)


_PUBLISHERS = {
    "uhri": "the Universal Human Rights Index's export: XLSX or JSON",
    "upr-info": "UPR Info's database: XLS, CSV, or JSON of the new one",
    "ohchr": "OHCHR's matrix of recommendations of one review: DOCX",
}


def _add_import(parser: argparse.ArgumentParser) -> None:
    publishers = parser.add_subparsers(required=True, metavar="PUBLISHER", dest="publisher")
    for name, what in _PUBLISHERS.items():
        publisher = publishers.add_parser(name, help=what, description=f"{what}. Shows a diff; --write applies it.")
        publisher.add_argument("file", type=Path, metavar="FILE")
        publisher.add_argument("--write", action="store_true", help="apply what the diff shows")
        publisher.add_argument("--cycle", type=int, default=0, metavar="N", help="the review, if the file does not say")
    parser.set_defaults(command=_import)


def _run(_: argparse.Namespace) -> int:
    from bot import app

    return _finished(app.run(configuration.load()))


def _chat(options: argparse.Namespace) -> int:
    from bot import app

    return _finished(app.chat(configuration.load(), options.ask, options.language))


def _broadcast(options: argparse.Namespace) -> int:
    from bot import app
    from bot.shell import Order

    given = vars(options)
    order = Order(
        options.action,
        given.get("number", 0),
        " ".join(given.get("words", ())),
        given.get("yes", False),
        given.get("follow", False),
        options.language,
    )
    return _finished(app.broadcast(configuration.load(), order))


def _check(options: argparse.Namespace) -> int:
    from bot import app
    from bot.content.report import report
    from bot.content.translation import catalogue

    folder, words = options.path or configuration.load().content, catalogue(options.language)
    problems = app.check(folder)
    print(report(problems, options.format, words, folder), end="")
    print(words.summary(problems), file=sys.stderr)
    return 0 if all(problem.warning for problem in problems) else 1


def _schema(options: argparse.Namespace) -> int:
    from bot import app

    app.describe(options.path or configuration.load().content)
    return 0


def _import(options: argparse.Namespace) -> int:
    from bot import app
    from bot.imports import Order

    order = Order(options.publisher, options.file, options.write, options.cycle)
    return _done(lambda: app.bring(configuration.load().content, order))


def _preview(options: argparse.Namespace) -> int:
    from bot import app

    settings = configuration.load()
    folder = options.path or settings.content
    return _done(lambda: app.preview(settings, folder, options.host, options.port))


def _new(options: argparse.Namespace) -> int:
    from bot import app

    return _done(lambda: app.workbench(configuration.load(), options.language).new(options.kind))


def _history(options: argparse.Namespace) -> int:
    from bot import app

    return _finished(app.history(configuration.load(), options.id, options.language))


def _stale(options: argparse.Namespace) -> int:
    from bot import app

    return _done(lambda: app.workbench(configuration.load(), options.language).stale(options.format))


def _export(options: argparse.Namespace) -> int:
    from bot import app

    return _done(lambda: app.workbench(configuration.load()).export(options.format, options.output))


def _unpack(options: argparse.Namespace) -> int:
    from bot import app

    return _done(lambda: app.workbench(configuration.load()).unpack(options.file, options.folder))


def _trust(options: argparse.Namespace) -> int:
    from bot import upkeep

    settings = configuration.load(lambda: _secret("Password of the bot's Matrix account: "))
    recovery_key = _secret("Recovery key: ") if options.recover else ""
    return _finished(upkeep.trust(settings, recovery_key, replace=options.replace))


def _secret(prompt: str) -> str:
    """What somebody types unseen, or what comes through a pipe."""
    typed = ""
    with suppress(EOFError):
        typed = getpass(prompt) if sys.stdin.isatty() else input()
    return typed or sys.exit(
        f"{prompt.rstrip(': ')}: nobody is here to be asked. A password may stand in a file, too:"
        " PRATIP_MATRIX_PASSWORD_FILE"
    )


def _show(_: argparse.Namespace) -> int:
    from bot import upkeep

    return _finished(upkeep.show(configuration.load()))


def _doctor(_: argparse.Namespace) -> int:
    from bot import app

    return _finished(app.doctor(configuration.load()))


def _backup(options: argparse.Namespace) -> int:
    from bot import upkeep

    return _finished(upkeep.backup(configuration.load(), options.path))


def _restore(options: argparse.Namespace) -> int:
    from bot import upkeep

    return _finished(upkeep.restore(configuration.load(), options.path, options.key, lost=options.tombstones_lost))


def _new_keys(_: argparse.Namespace) -> int:
    from bot import upkeep

    return _finished(upkeep.new_keys(configuration.load()))


def _rotate_keys(_: argparse.Namespace) -> int:
    from bot import upkeep

    return _finished(upkeep.rotate_keys(configuration.load()))


def _backup_keys(_: argparse.Namespace) -> int:
    from bot.strongbox import pair

    private, public = pair()
    print(f"The private key opens every backup. Keep it away from the server; it is shown only now:\n{private}\n")
    print(f"The public key makes them. Set it on the server:\nPRATIP_BACKUP_KEY={public}")
    return 0


def _finished(work: Coroutine[Any, Any, int]) -> int:
    return _done(lambda: asyncio.run(work))


def _done(work: Callable[[], int]) -> int:
    from bot.app import Unfit
    from bot.workbench import Halted

    try:
        return work()
    except (Unfit, Halted) as unfit:
        print(unfit, file=sys.stderr)
        return 1
    except BrokenPipeError:  # nobody reads any more
        return 1
    except Exception as problem:  # noqa: BLE001 (its words may quote what somebody wrote: the log says its places)
        log.critical("crashed", exc_info=problem)
        return 70
