"""Workbench: `pratip new`, `history`, `stale`, `export` and `unpack`, as somebody types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.packs import person, write
from tests.program import Program, on_a_terminal

SMALL = {"prisoners/sok-vanna.yaml": person("Sok Vanna", as_of="2024-05"), "prisoners/fresh.yaml": person("Keo Mony")}
COMMIT = ("add --all", "commit --quiet --message change")
ANSWERS = (
    "Sok Dara", "", "A reporter", "journalist", "detained", "charged", "2026-10",
    "A title", "CamboJA", "2026-10-01", "https://example.org/a", "",
)  # fmt: skip


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return write(tmp_path / "content", SMALL, "en", "km")


@pytest.fixture
def program(tmp_path: Path, content: Path) -> Program:
    home = tmp_path / "home"
    home.mkdir()
    return Program(home, {"CONTENT": str(content)})


def git(folder: Path, *commands: str) -> None:
    """Somebody keeps the folder in git."""
    settings = ("-c", "user.name=Secret", "-c", "user.email=secret@example.org", "-c", "commit.gpgsign=false")
    for command in commands:
        subprocess.run(["git", *settings, "-C", str(folder), *command.split()], check=True)


def typed(*answers: str) -> str:
    return "".join(f"{each}\n" for each in answers)


# --- new


def test_a_new_entry_is_written_from_piped_answers_and_then_checked(program: Program, content: Path) -> None:
    said = program.run("new", "prisoner", says=typed(*ANSWERS))
    assert "prisoners/sok-dara.yaml is written." in said.out
    assert "prisoners/sok-dara.yaml:7:1: warning: there is one source only" in said.out
    assert (content / "prisoners/sok-dara.yaml").exists()
    assert not program.data.exists()  # nothing but the file is made


def test_an_answer_that_is_wrong_is_asked_for_again(program: Program) -> None:
    said = program.run("new", "prisoners", says=typed(*ANSWERS[:3], "horse", *ANSWERS[3:]))
    assert "category cannot be 'horse'" in said.out


@pytest.mark.parametrize("number", [0, 5, len(ANSWERS) - 1])
def test_where_the_answers_end_nothing_is_written(program: Program, content: Path, number: int) -> None:
    said = program.run("new", "prisoner", says=typed(*ANSWERS[:number]), code=1)
    assert said.err == "The answers ended too early. Nothing was written.\n"
    assert len(list((content / "prisoners").iterdir())) == len(SMALL)


def test_control_c_writes_nothing(program: Program, content: Path) -> None:
    with on_a_terminal(program, "new", "prisoner") as (screen, process):
        screen.shows("name:")
        screen.types("Sok Dara\r")
        screen.shows("name (in ")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(30) == 130
    assert len(list((content / "prisoners").iterdir())) == len(SMALL)


def test_what_is_no_kind_and_what_cannot_be_written_is_said(program: Program, content: Path) -> None:
    assert "Kinds: prisoner, law," in program.run("new", "horse", code=1).err
    assert "គ្មានប្រភេទ horse" in program.run("new", "horse", "--language", "km", code=1).err
    assert "no language de" in program.run("new", "law", "--language", "de", code=1).err
    (content / "events").write_text("in the way")
    answers = ("It happened", "", "2026-10", "Some words.", *ANSWERS[7:])
    assert "The file cannot be written" in program.run("new", "event", says=typed(*answers), code=1).err


def test_a_broken_pack_is_mended_first(program: Program, content: Path) -> None:
    write(content, {"prisoners/broken.yaml": "custody: [\n"})
    for command in (["new", "law"], ["stale"], ["export"], ["history", "sok-vanna"]):
        assert "prisoners/broken.yaml:" in program.run(*command, code=1).err


# --- history


def test_history_is_told_from_git_and_no_database_is_made(program: Program, content: Path) -> None:
    git(content, "init --quiet", *COMMIT)
    write(content, {"prisoners/sok-vanna.yaml": person("Sok Vanna", custody="free", as_of="2025-01-31")}, "en", "km")
    git(content, *COMMIT)
    said = program.run("history", "sok-vanna")
    assert "custody: detained to free, 2025-01-31, A publisher" in said.out
    assert "Secret" not in said.out
    assert "ការឃុំខ្លួន" in program.run("history", "sok-vanna", "--language", "km").out
    assert "I know no entry" in program.run("history", "nobody").out
    assert not program.data.exists()


def test_all_pages_of_a_history_are_told(program: Program, content: Path) -> None:
    git(content, "init --quiet")
    for month in range(1, 10):
        write(content, {"prisoners/sok-vanna.yaml": person("Sok Vanna", as_of=f"2025-0{month}")})
        git(content, *COMMIT)
    said = program.run("history", "sok-vanna").out
    assert all(f", 2025-0{month}, A publisher" in said for month in range(1, 10))


def test_without_git_what_was_sent_is_asked_of_the_database(program: Program) -> None:
    assert "No change of Sok Vanna" in program.run("history", "sok-vanna").out
    assert (program.data / "pratip.db").exists()


# --- stale


def test_what_needs_review_is_listed_for_people_and_for_programs(program: Program) -> None:
    said = program.run("stale").out
    assert "1 reason" in said
    assert "prisoners/sok-vanna.yaml: sok-vanna, Sok Vanna: its status is of May 2024" in said
    (found,) = json.loads(program.run("stale", "--format", "json").out)
    assert {name: found[name] for name in ("id", "kind", "file", "reason", "since")} == {
        "id": "sok-vanna",
        "kind": "prisoner",
        "file": "prisoners/sok-vanna.yaml",
        "reason": "old",
        "since": "2024-05",
    }


def test_where_nothing_needs_review_that_is_said(program: Program, content: Path) -> None:
    (content / "prisoners/sok-vanna.yaml").unlink()
    assert program.run("stale").out.strip() == "Nothing needs to be looked at again."


# --- export and unpack


def test_a_pack_is_exported_and_made_a_folder_again(program: Program, content: Path) -> None:
    (name,) = program.run("export").out.split()
    assert name.startswith("pratip-20")
    assert "0 errors" in program.run("check", str(content)).err
    assert program.run("unpack", name, "again").out == "again: 3\n"
    assert "0 errors" in program.run("check", "again").err
    assert "is there already" in program.run("export", code=1).err
    assert "is there already" in program.run("unpack", name, "again", code=1).err


@pytest.mark.parametrize(("form", "ending"), [("csv", ".zip"), ("xlsx", ".xlsx"), ("json", ".json")])
def test_every_form_is_written_where_it_is_wanted(program: Program, form: str, ending: str) -> None:
    (program.home / "out").mkdir()
    assert program.run("export", "--format", form, "--output", "out").out.strip().endswith(ending)
    assert program.run("export", "--format", form, "--output", "out/mine").out.strip() == "out/mine"
    assert "No such file" in program.run("export", "--output", "nowhere/mine", code=1).err


def test_what_is_no_export_is_not_unpacked(program: Program) -> None:
    (program.home / "a.json").write_text("{}")
    assert "it is no export" in program.run("unpack", "a.json", "folder", code=1).err
    assert "No such file" in program.run("unpack", "b.json", "folder", code=1).err
    assert not (program.home / "folder").exists()
