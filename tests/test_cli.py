"""Command line: `python -m bot` as a process of its own, as somebody types it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.keyfile import KeyFile
from bot.store import Store
from tests import exports
from tests.imports.pack import prepared
from tests.packs import person, write
from tests.program import HOUSE, Program, Said, on_a_terminal
from tests.telegram_server import TOKEN, TelegramServer

CUSTODY = "detained, house-arrest, on-bail, free, abroad, dead, unknown"
SMALL = {
    "prisoners/a.yaml": person("Sok Vanna"),
    "prisoners/b.yaml": person("Chan Dara", category="union"),
    "prisoners/c.yaml": person("Keo Mony"),
}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """With a small pack: the shipped one takes longer to read."""
    home = tmp_path / "home"
    home.mkdir()
    return Program(home, {"CONTENT": str(write(tmp_path / "content", SMALL, "en", "km"))})


@pytest.fixture
def shipped(program: Program) -> Program:
    del program.settings["CONTENT"]
    return program


KHMER = re.compile("[\u1780-\u17ff]{3,}")


def rows(program: Program) -> list[tuple[str]]:
    """What is kept of chats."""
    database = sqlite3.connect(program.data / "pratip.db")
    try:
        return database.execute("SELECT language FROM preference").fetchall()
    finally:
        database.close()


def changed(program: Program, statement: str) -> None:
    """A database of ours, after somebody else was at it."""

    async def make() -> None:
        async with Store(f"sqlite+aiosqlite:///{program.data}/pratip.db"):
            pass

    program.data.mkdir(mode=0o700, parents=True)
    asyncio.run(make())
    database = sqlite3.connect(program.data / "pratip.db", isolation_level=None)
    database.execute(statement)
    database.close()


# --- one question, and another


def test_a_question_is_answered_from_the_shipped_pack(shipped: Program) -> None:
    answer = shipped.asks("/prisoners kem sokha")
    assert "Last confirmed under house arrest, 18 December 2025" in answer
    assert re.search(r"<https://\S+>", answer)


def test_panic_is_silent_in_a_terminal_too(program: Program) -> None:
    assert program.asks("/panic") == ""


def test_several_questions_are_one_conversation_in_which_a_number_is_an_answer(program: Program) -> None:
    told = re.findall(
        r"^(?:\d\. .* — detained|(?:Sok|Chan|Keo) \w+$|There is no 9)",
        program.asks("/prisoners", "2", "9", "/show c"),
        re.MULTILINE,
    )
    assert told == [
        "1. Sok Vanna — detained",
        "2. Chan Dara — detained",
        "3. Keo Mony — detained",
        "Chan Dara",
        "There is no 9",
        "Keo Mony",
    ]


def test_a_reader_may_ask_for_khmer(shipped: Program) -> None:
    assert len(KHMER.findall(shipped.asks("/help", language="km"))) > 20


def test_a_language_the_pack_does_not_have_is_refused(program: Program) -> None:
    assert program.run("chat", "--language", "fr", "--ask", "/help", code=1) == Said(
        "", "The pack has no language fr: use one of en, km\n"
    )


def test_a_conversation_may_be_piped_in_and_ends_with_the_pipe(program: Program) -> None:
    said = program.run("chat", says="/prisoners\n2\n")
    assert said.err == ""
    assert said.out.index("1. ") < said.out.index("Chan Dara")


def test_nothing_is_kept_of_who_only_asks_and_the_folder_is_private(program: Program) -> None:
    program.asks("/help")
    assert (program.data.stat().st_mode & 0o777, program.keys.stat().st_mode & 0o777) == (0o700, 0o600)
    assert rows(program) == []


def test_a_language_that_was_chosen_is_remembered_until_it_is_forgotten(program: Program) -> None:
    program.asks("/language km")
    assert rows(program) == [("km",)]
    answers = program.asks("/help", "/forget", "/help")
    assert KHMER.search(answers[:40])
    assert not KHMER.search(answers[answers.index("all commands") :])
    assert rows(program) == []


# --- what cannot work


def test_a_broken_pack_is_refused_with_every_line_to_mend(program: Program, tmp_path: Path) -> None:
    files = {"prisoners/a.yaml": person(custody="jailed"), "prisoners/b.yaml": person(as_of="2020", titel="x")}
    write(tmp_path / "content", files, "en", "km")
    assert program.run("chat", "--ask", "/help", code=1) == Said(
        "",
        f"prisoners/a.yaml:4:1: custody cannot be 'jailed': use one of {CUSTODY}\n"
        "prisoners/b.yaml:7:1: there is no field titel here: remove it\n",
    )


def test_check_says_all_of_it_and_how_much_it_is(program: Program, tmp_path: Path) -> None:
    write(tmp_path / "content", {"prisoners/a.yaml": person(as_of="2020", related="[nobody]")}, "en", "km")
    said = program.run("check", code=1)
    assert said.out.splitlines()[:3] == [
        "prisoners/a.yaml:6:1: warning: the status is of 2020: look for a newer source",
        "prisoners/a.yaml:7:11: there is no entry nobody: remove it, or add what it names",
        "prisoners/a.yaml:8:1: warning: there is one source only: add a second one",
    ]
    assert re.fullmatch(r"1 error, \d warnings\n", said.err)


def test_check_takes_a_folder_and_is_content_with_warnings(program: Program) -> None:
    said = program.run("check", str(HOUSE / "content"))
    assert said.out.count(": warning: ") == len(said.out.splitlines()) > 0
    assert said.err.startswith("0 errors, ")


@pytest.mark.parametrize(
    ("options", "first", "total"),
    [
        (["--language", "km"], "prisoners/a.yaml:1:1: ខ្វះ role: សូមបន្ថែម role", "កំហុស 1 ការព្រមាន 0"),
        (
            ["--format", "github"],
            "::error file=content/prisoners/a.yaml,line=1,col=1::role is missing: add role",
            "1 error",
        ),
        (["--format", "json"], "[", "1 error"),
    ],
)
def test_check_speaks_to_translators_and_to_other_programs(
    program: Program, options: list[str], first: str, total: str
) -> None:
    write(program.home / "content", {"prisoners/a.yaml": person().replace("role: A reporter\n", "")})
    said = program.run("check", "content", *options, code=1)
    assert said.out.splitlines()[0] == first
    assert said.err.startswith(total)


def test_check_of_no_folder_says_so(program: Program, tmp_path: Path) -> None:
    said = program.run("check", str(tmp_path / "none"), code=1)
    assert said.out == f"{tmp_path}/none:1:1: there is no such folder: set PRATIP_CONTENT to one\n"


def test_run_without_a_platform_names_what_works_without(program: Program) -> None:
    said = program.run("run", code=1)
    assert said.out == ""
    assert "Set PRATIP_TELEGRAM_TOKEN, or PRATIP_MATRIX_HOMESERVER" in said.err
    assert said.err.endswith("To try the bot without any server: pratip chat\n")


@pytest.mark.parametrize("command", ["run", "chat", "check"])
def test_wrong_settings_are_said_all_at_once_and_not_repeated(program: Program, command: str) -> None:
    program.settings |= {"TELEGRAM_TOKEN": "not-a-token", "LOG_LEVEL": "loud"}
    said = program.run(command, code=1)
    assert [line.partition(":")[0] for line in said.err.splitlines()] == ["PRATIP_TELEGRAM_TOKEN", "PRATIP_LOG_LEVEL"]
    assert "not-a-token" not in said.err + said.out


def test_a_key_file_that_others_can_read_is_refused(program: Program) -> None:
    KeyFile(program.keys).make()
    program.keys.chmod(0o644)
    assert program.run("chat", "--ask", "/help", code=1) == Said(
        "", "PRATIP_KEYS: others can read the key file: run chmod 600 on it\n"
    )


def test_the_database_of_a_newer_program_is_refused(program: Program) -> None:
    changed(program, "UPDATE alembic_version SET version_num = '9999'")
    assert program.run("chat", "--ask", "/help", code=1) == Said(
        "", "a newer version of this program has changed the database: install that version again\n"
    )


def test_a_data_folder_that_cannot_be_is_refused(program: Program) -> None:
    program.settings["DATA"] = "/dev/null/pratip"
    said = program.run("chat", "--ask", "/help", code=1)
    assert said.err == "The data folder cannot be used (Not a directory): set PRATIP_DATA to another\n"


def test_a_data_folder_that_others_can_read_is_refused_where_it_holds_more_than_ours(program: Program) -> None:
    program.data.mkdir(mode=0o755, parents=True)
    (program.data / "holiday.jpg").touch()
    said = program.run("chat", "--ask", "/help", code=1)
    assert said.err == "others can read the data folder: run chmod 700 on it, or set PRATIP_DATA to another\n"


def test_a_package_that_only_happens_to_be_named_handlers_is_not_used(program: Program) -> None:
    (program.home / "handlers").mkdir()
    (program.home / "handlers/__init__.py").write_text("kinds = router = None\n")
    said = program.run("chat", "--ask", "/help", code=1)
    assert said.err == "another package named handlers is in the way: run python -m bot in the folder of this program\n"


def test_a_mistake_of_the_programs_own_ends_it_with_a_line_and_no_words(program: Program) -> None:
    changed(program, "DROP TABLE cursor")
    said = program.run("chat", "--ask", "my neighbour Dara", code=70)
    assert re.search(r"\[critical *\] crashed +at=.* error=StoreFailed\n$", said.err)
    assert [words for words in ("Traceback", "SELECT", "Dara") if words in said.err + said.out] == []


@pytest.mark.parametrize("arguments", [[], ["dance"], ["chat", "--sing"], ["run", "fast"]])
def test_what_is_not_understood_ends_with_two(program: Program, arguments: list[str]) -> None:
    said = program.run(*arguments, code=2)
    assert said.err.startswith("usage: pratip ")


def test_help_names_every_command(program: Program) -> None:
    said = program.run("--help")
    assert [word for word in ("run", "chat", "check", "doctor") if f"\n    {word} " not in said.out] == []


# --- the end of a conversation


def test_a_reader_who_goes_away_is_no_error(program: Program) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    asked = [word for _ in range(3) for word in ("--ask", "/help")]
    done = subprocess.run(
        program.command("chat", *asked),
        cwd=program.home,
        env=program.environment,
        stdout=theirs,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    assert (done.returncode, done.stderr.decode()) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_piped_conversation_ends_at_a_signal(program: Program, number: signal.Signals) -> None:
    async with program.running("chat") as process:
        assert process.stdout
        await process.stdout.readuntil(b"/help")
        process.send_signal(number)
        _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, errors.decode()) == (0, "")


@pytest.mark.parametrize("key", ["\x04", "\x03"], ids=["Ctrl-D", "Ctrl-C"])
def test_a_conversation_on_a_terminal_ends_at_a_key_and_leaves_the_terminal_as_it_was(
    program: Program, key: str
) -> None:
    with on_a_terminal(program, "chat") as (screen, process):
        before = screen.mode
        screen.shows("› ")
        screen.types("/prisoners\n")
        screen.shows("2. Chan Dara")
        screen.shows("› ")
        screen.types("2\n")
        screen.shows("Chan Dara")
        screen.shows("https://example.org/report\x1b\\")  # an address to click on
        screen.shows("› ")
        screen.types(key)
        assert process.wait(20) == 0
        assert screen.mode == before


# --- run


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as running:
        running.longest_poll = 0.2
        yield running


@pytest.fixture
def telegram(program: Program, server: TelegramServer) -> Program:
    program.settings |= {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url, "LOG_FORMAT": "json"}
    return program


async def test_a_signal_ends_it_with_the_reply_on_its_way_delivered_and_not_asked_for_again(
    telegram: Program, server: TelegramServer
) -> None:
    sokha = server.user(42)
    async with telegram.running("run") as process:
        await server.called("getUpdates", within=20)
        server.fail("sendMessage", hang=0.5)
        await sokha.says("/prisoners dara")
        await server.called("sendMessage", within=20)
        process.send_signal(signal.SIGTERM)
        assert "Chan Dara" in (await sokha.hears(20)).text
        output, errors = await asyncio.wait_for(process.communicate(), 5)
    assert (process.returncode, output) == (0, b"")
    assert re.findall(r'"event": "(\w+)"', errors.decode()) == ["starting", "stopped"]
    before = len(server.calls("getUpdates"))
    async with telegram.running("run") as process:
        await server.called("getUpdates", before + 2, within=20)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 5) == 0
    assert len(server.calls("sendMessage")) == 1


async def test_a_hangup_does_not_end_a_service_and_ends_a_conversation(
    telegram: Program, server: TelegramServer
) -> None:
    sokha = server.user(42)
    async with telegram.running("run") as process:
        await server.called("getUpdates", within=20)
        process.send_signal(signal.SIGHUP)
        await sokha.says("/prisoners dara")
        assert "Chan Dara" in (await sokha.hears(20)).text
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 5) == 0
    async with telegram.running("chat") as process:
        assert process.stdout
        await process.stdout.readuntil(b"/help")
        process.send_signal(signal.SIGHUP)
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_the_platforms_menus_are_written_in_every_language(telegram: Program, server: TelegramServer) -> None:
    async with telegram.running("run"):
        await server.called("setMyCommands", 2, within=20)
        await server.called("getUpdates", within=20)
    menus = {language: [entry["command"] for entry in menu] for (_, language), menu in server.commands.items()}
    assert {"", "km"} <= menus.keys()
    assert {"prisoners", "laws", "help"} <= set(menus[""])
    assert menus[""] == menus["km"]


async def test_two_runs_in_one_data_folder_would_answer_twice_so_the_second_is_refused(
    telegram: Program, server: TelegramServer
) -> None:
    async with telegram.running("run"):
        await server.called("getUpdates", within=20)
        async with telegram.running("run") as second:
            output, errors = await asyncio.wait_for(second.communicate(), 20)
    assert (second.returncode, output) == (1, b"")
    assert errors.decode() == "Another run uses this data folder: stop it, or set PRATIP_DATA to another folder\n"


# --- keys


def test_keys_are_made_once_and_never_over_others(program: Program) -> None:
    assert program.run("keys", "new").out == f"{program.keys}: made. Keep a copy where no copy of the database is.\n"
    made = program.keys.read_bytes()
    assert program.keys.stat().st_mode & 0o777 == 0o600
    refused = program.run("keys", "new", code=1).err
    assert refused == f"{program.keys} is there already, and stays: pratip keys rotate changes the keys in it\n"
    assert program.keys.read_bytes() == made


def test_no_keys_are_made_where_a_database_was_written_with_others(program: Program) -> None:
    program.asks("/language km")
    program.keys.unlink()
    refused = program.run("keys", "new", code=1).err
    assert refused.startswith("PRATIP_KEYS: the key file is missing, and nothing in the database opens without it")
    assert not program.keys.exists()


def test_a_password_is_asked_for_only_where_somebody_is(program: Program) -> None:
    program.settings |= {"MATRIX_HOMESERVER": "http://127.0.0.1:9", "MATRIX_USER": "@bot:example.org"}
    said = program.run("matrix", "trust", code=1)
    assert said.out.count("\n") + said.err.count("\n") == 1
    assert "nobody is here to be asked" in said.err


def test_with_new_keys_a_language_that_was_chosen_is_still_known(shipped: Program) -> None:
    assert KHMER.search(shipped.asks("/language km"))
    old = KeyFile(shipped.keys).load()
    assert "new keys, generation 2" in shipped.run("keys", "rotate").out
    assert KeyFile(shipped.keys).load().former == (old.lookup,)
    assert KHMER.search(shipped.asks("/about"))


def test_without_its_keys_it_says_so_and_starts_nothing(program: Program) -> None:
    program.asks("/language km")
    program.keys.unlink()
    missing = program.run("chat", "--ask", "/about", code=1)
    assert (missing.out, missing.err.startswith("PRATIP_KEYS: the key file is missing")) == ("", True)
    KeyFile(program.keys).make()
    other = program.run("chat", "--ask", "/about", code=1)
    assert (other.out, other.err.startswith("PRATIP_KEYS: these are not the keys")) == ("", True)
    assert rows(program) == [("km",)]


async def test_keys_are_not_changed_while_a_run_uses_them(telegram: Program, server: TelegramServer) -> None:
    async with telegram.running("run"):
        await server.called("getUpdates", within=20)
        before = telegram.keys.read_bytes()
        async with telegram.running("keys", "rotate") as second:
            output, errors = await asyncio.wait_for(second.communicate(), 20)
    assert (second.returncode, output) == (1, b"")
    assert errors.decode() == "Another run uses this data folder and its keys: stop it first\n"
    assert telegram.keys.read_bytes() == before


# --- import


def test_an_import_shows_a_diff_and_a_report_and_writes_when_told_to(program: Program, tmp_path: Path) -> None:
    pack = prepared(tmp_path / "home")
    program.settings["CONTENT"] = str(pack.folder)
    file = exports.uhri(tmp_path / "export.xlsx", {"Text": "118.1 Synthetic words"}, {"Text": ""})
    said = program.run("import", "uhri", str(file))
    assert "+  official_text: Synthetic words" in said.out.splitlines()
    assert said.err.splitlines()[0] == "export.xlsx: row 3: not placed: it has no text"
    assert said.err.splitlines()[-1] == "Nothing is written yet: look at the diff, then add --write."
    assert program.run("import", "uhri", str(file), "--write").err.splitlines()[-1] == (
        "Written: recommendations/cycle-2.yaml"
    )
    assert program.run("import", "uhri", str(file), "--write").out == ""
    assert program.run("check", code=0).err.endswith("warnings\n")


def test_an_import_of_what_cannot_be_read_is_one_sentence(program: Program, tmp_path: Path) -> None:
    program.settings["CONTENT"] = str(prepared(tmp_path / "home").folder)
    said = program.run("import", "ohchr", str(tmp_path / "none.docx"), code=1)
    assert (said.out, said.err) == ("", f"{tmp_path}/none.docx: there is no such file\n")


def test_an_import_on_a_terminal_has_a_bar(program: Program, tmp_path: Path) -> None:
    program.settings["CONTENT"] = str(prepared(tmp_path / "home").folder)
    rows = [{"Text": "1.1 Synthetic", "Countries Concerned": "- Norway"} for _ in range(1200)]
    file = exports.uhri(tmp_path / "export.xlsx", *rows)
    with on_a_terminal(program, "import", "uhri", str(file)) as (screen, process):
        screen.shows("1,000 rows")
        screen.shows("Of 1200 rows 0 are for this pack")
        assert process.wait(20) == 0
