"""Browser: a real Chromium of this machine, and `pratip preview` as somebody starts it."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.program import Program

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It asks nobody for anything but what a test opens.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def executable() -> str:
    """The Chromium of this machine, with a Khmer font for it; a machine without fails the test that asks."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail("the tests of the preview need Chromium: apt-get install chromium fonts-khmeros", pytrace=False)
    fonts = subprocess.run(["fc-list", ":lang=km"], capture_output=True, check=False)
    if not fonts.stdout.strip():
        pytest.fail("the tests of the preview need a Khmer font: apt-get install fonts-khmeros", pytrace=False)
    return found


@contextmanager
def browsing() -> Iterator[Browser]:
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()


class Served:
    """The program at work on a folder, in a home of its own."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home, self.folder = home, folder
        self.program = Program(home)
        self._process = subprocess.Popen(
            self.program.command("preview", "--port", "0", str(folder)),
            cwd=home,
            env=self.program.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._address = ""

    @property
    def address(self) -> str:
        """Where it is served, without a slash at the end."""
        if not self._address:
            assert self._process.stdout
            self._address = self._process.stdout.readline().decode().strip().rstrip("/")
        return self._address

    def end(self) -> tuple[int, str]:
        """Press Ctrl-C: the code it ends with, and all that it complained of."""
        self._process.send_signal(signal.SIGINT)
        said = self._process.communicate(timeout=20)[1]
        return self._process.returncode, said.decode()
