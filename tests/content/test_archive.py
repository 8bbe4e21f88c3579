"""Archive: what git knows of an entry is told by date and publisher, and nobody who wrote it is named."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import handlers
from bot.content import archive, load
from bot.content.archive import Archive
from bot.core.past import Past
from tests.conversation import TODAY
from tests.packs import entry, person, write

AUTHOR = "Somebody Secret"
HERE = "sok-vanna"
FILE = f"prisoners/{HERE}.yaml"


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder under git, as a moderator has it."""

    root: Path

    def git(self, *arguments: str) -> str:
        settings = ("-c", f"user.name={AUTHOR}", "-c", "user.email=secret@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *settings, "-C", str(self.root), *arguments],
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
            capture_output=True,
            check=True,
        )
        return done.stdout.decode()

    def commits(self, files: Mapping[str, str], *gone: str) -> None:
        """Somebody changes these files and says so."""
        write(self.root / "content", files)
        for name in gone:
            (self.root / "content" / name).unlink()
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", f"A change by {AUTHOR}")

    @property
    def archive(self) -> Archive:
        return Archive(self.root / "content", handlers.kinds)

    def past(self, name: str = HERE) -> Past | None:
        return self.archive.past(name, load(self.root / "content", handlers.kinds, TODAY)[0])


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.root.mkdir()
    made.git("init", "--quiet")
    return made


def source(publisher: str, day: str) -> str:
    return f"[{{title: A secret title, publisher: {publisher}, date: '{day}', url: 'https://example.org/{publisher}'}}]"


def told(past: Past | None) -> list[tuple[str, str, str, str]]:
    """Custody before and after, date and publisher."""
    assert past
    return [
        ((turn.before or {}).get("custody", ""), turn.after["custody"], str(turn.date), turn.publisher)
        for turn in past.turns
    ]


HELD = person(custody="detained", as_of="'2024-08-01'", sources=source("RFA", "2024-08-01"))
FREED = person(custody="free", as_of="'2025-01-31'", sources=source("CamboJA", "2025-01-31"))


def test_a_change_is_told_with_the_date_of_the_status_and_who_says_so(repository: Repository) -> None:
    repository.commits({FILE: HELD})
    repository.commits({FILE: FREED})
    past = repository.past()
    assert told(past) == [
        ("detained", "free", "2025-01-31", "CamboJA"),
        ("", "detained", "2024-08-01", "RFA"),
    ]
    assert past
    assert past.whole
    for secret in (AUTHOR, "secret", "https"):  # nor an address or a title, which may have been withheld since
        assert secret not in repr(past)


def test_what_is_not_committed_yet_is_told_too(repository: Repository) -> None:
    repository.commits({FILE: HELD})
    write(repository.root / "content", {FILE: FREED})
    assert told(repository.past())[0] == ("detained", "free", "2025-01-31", "CamboJA")


def test_a_newer_source_is_told_and_other_words_are_not(repository: Repository) -> None:
    repository.commits({FILE: HELD})
    repository.commits({FILE: HELD.replace("A reporter", "A reporter of a radio")})
    repository.commits({FILE: HELD.replace("2024-08-01", "2024-10-01")})
    assert told(repository.past()) == [
        ("detained", "detained", "2024-10-01", "RFA"),
        ("", "detained", "2024-08-01", "RFA"),
    ]


def test_a_renamed_file_keeps_its_past(repository: Repository) -> None:
    repository.commits({"prisoners/vanna.yaml": HELD})
    repository.commits({FILE: HELD}, "prisoners/vanna.yaml")
    repository.commits({FILE: FREED})
    assert [each[1] for each in told(repository.past())] == ["free", "detained"]


def test_what_was_taken_out_of_the_pack_is_not_brought_up_again(repository: Repository) -> None:
    repository.commits({FILE: HELD})
    repository.commits({}, FILE)
    repository.commits({FILE: FREED})
    assert told(repository.past()) == [("", "free", "2025-01-31", "CamboJA")]


def test_an_entry_of_a_list_has_its_own_past(repository: Repository) -> None:
    def listed(*responses: str) -> dict[str, str]:
        one = "  cycle: 2\n  states: [Portugal]\n  gist: Do it.\n  sources: [{title: T, publisher: UN, url: 'https://a.b/'}]"
        entries = (f"- id: r-{n}\n{one}\n  response: {each}" for n, each in enumerate(responses))
        return {"recommendations/all.yaml": "\n".join(entries)}

    repository.commits(listed("noted"))
    repository.commits(listed("noted", "noted"))
    repository.commits(listed("supported", "noted"))
    first, second = repository.past("r-0"), repository.past("r-1")
    assert first
    assert second
    assert [turn.after["response"] for turn in first.turns] == ["supported", "noted"]
    assert [turn.before for turn in second.turns] == [None]
    assert len(str(second.turns[0].date)) == 10  # nothing says of when it is: the day of the commit


def test_an_old_version_that_no_model_fits_is_passed_over_and_one_with_odd_fields_is_read(
    repository: Repository,
) -> None:
    repository.commits({FILE: "just words"})
    repository.commits({FILE: "custody: detained\n"})
    repository.commits({FILE: HELD + "mood: sad\n"})
    repository.commits({FILE: FREED})
    assert [each[1] for each in told(repository.past())] == ["free", "detained"]


def test_without_git_or_a_file_in_it_there_is_none(repository: Repository, tmp_path: Path) -> None:
    write(repository.root / "content", {FILE: HELD})
    assert repository.past() is None
    assert repository.past("nobody") is None
    write(tmp_path / "alone", {FILE: HELD, "events/b.yaml": entry(title="A", date="2019", text="B")})
    alone = load(tmp_path / "alone", handlers.kinds, TODAY)[0]
    assert Archive(tmp_path / "alone", handlers.kinds).past(HERE, alone) is None
    (tmp_path / "alone" / FILE).unlink()
    assert Archive(tmp_path / "alone", handlers.kinds).past(HERE, alone) is None


def test_where_git_is_not_installed_there_is_none(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commits({FILE: HELD})
    monkeypatch.setenv("PATH", str(repository.root))
    assert repository.past() is None


def test_very_many_versions_are_not_all_looked_at(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(4):
        repository.commits({FILE: HELD.replace("2024-08-01", f"2024-08-0{n + 1}")})
    monkeypatch.setattr(archive, "_VERSIONS", 2)
    monkeypatch.setattr(archive, "_LOG", tuple(each.replace("101", "3") for each in archive._LOG))
    past = repository.past()
    assert past
    assert (len(past.turns), past.whole) == (1, False)
    assert past.turns[0].before  # the oldest that was looked at is not taken for the first


def test_what_takes_too_long_is_left(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(2):
        repository.commits({FILE: HELD.replace("2024-08-01", f"2024-08-0{n + 1}")})
    monkeypatch.setattr(archive, "monotonic", iter((0.0, 11.0)).__next__)
    past = repository.past()
    assert past
    assert (past.turns, past.whole) == ((), False)


def test_a_repository_of_another_owner_whose_settings_name_programs_is_read_and_runs_none(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commits({FILE: HELD})
    ran = tmp_path / "ran"
    for name in ("core.fsmonitor", "core.pager", "diff.external", "gpg.program", "core.sshCommand"):
        repository.git("config", name, f"touch {ran}; false")
    repository.git("config", "log.showSignature", "true")
    assert told(repository.past()) == [("", "detained", "2024-08-01", "RFA")]
    assert not ran.exists()
