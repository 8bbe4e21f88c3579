"""Lock: one run of a data folder, and only that run is ever signalled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.lock import Taken, only_one, wake
from tests.program import HOUSE

HOLDS = """
import signal, sys
from pathlib import Path
from bot.lock import only_one

with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
    signal.signal(signal.SIGUSR1, lambda *_: print("woken", flush=True))
    print("listening", flush=True)
    sys.stdin.readline()
print("ended", flush=True)
"""
SLEEPS = "import sys; print('up', flush=True); sys.stdin.readline()"


@contextmanager
def process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of ours that has said its first word."""
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        heard(running)
        try:
            yield running
        finally:
            running.kill()


def heard(running: subprocess.Popen[str]) -> str:
    assert running.stdout
    return running.stdout.readline().strip()


def goes_on(running: subprocess.Popen[str]) -> None:
    assert running.stdin
    running.stdin.write("\n")
    running.stdin.flush()


def test_a_second_one_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    with process(HOLDS, str(tmp_path)) as first:
        with pytest.raises(Taken), only_one(tmp_path):
            pass
        goes_on(first)
        goes_on(first)
        first.wait(10)
        before = signal.getsignal(signal.SIGUSR1)
        with only_one(tmp_path):
            assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
        signal.signal(signal.SIGUSR1, before)


def test_the_one_that_holds_it_is_woken_and_not_ended_while_it_does_not_listen_yet(tmp_path: Path) -> None:
    with process(HOLDS, str(tmp_path)) as first:
        assert wake(tmp_path)
        goes_on(first)
        assert heard(first) == "listening"
        assert wake(tmp_path)
        assert heard(first) == "woken"


@pytest.mark.parametrize("written", ["", "not a number", "0", "-1", "999999999", "1 2"])
def test_what_names_no_process_wakes_nobody(tmp_path: Path, written: str) -> None:
    (tmp_path / "lock").write_text(written)
    assert not wake(tmp_path)
    assert not wake(tmp_path / "none")


def test_a_number_that_another_process_has_now_is_left_in_peace(tmp_path: Path) -> None:
    with process(SLEEPS) as stranger:
        (tmp_path / "lock").write_text(f"{stranger.pid}\n")
        assert not wake(tmp_path)
        with process(HOLDS, str(tmp_path)):  # held, but by somebody else
            (tmp_path / "lock").write_text(f"{stranger.pid}\n")
            assert not wake(tmp_path)
        assert stranger.poll() is None


def test_a_file_that_is_open_but_not_locked_is_no_run(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("")
    with process("import sys; f = open(sys.argv[1]); print('up', flush=True); sys.stdin.readline()", str(lock)) as one:
        lock.write_text(f"{one.pid}\n")
        assert not wake(tmp_path)
        assert one.poll() is None


def test_without_a_proc_file_system_the_lock_alone_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lock._PROCESSES", tmp_path / "none")
    with process(HOLDS, str(tmp_path)) as first:
        assert wake(tmp_path)
        assert first.poll() is None
    assert not wake(tmp_path)
