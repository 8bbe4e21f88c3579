"""Key file: keys that nobody else can read, made once, and replaced only as a whole."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from bot.keyfile import KeyFile, KeysUnusable
from bot.privacy import Keys

KEYS = Keys(bytes(range(32)), bytes(range(32, 64)))
FILE = f"address: {KEYS.address.hex()}\nlookup: {KEYS.lookup.hex()}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "pratip" / "keys"


def written(file: Path, text: str | bytes, mode: int = 0o600) -> Path:
    file.parent.mkdir(parents=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(mode)
    return file


def loaded(file: Path) -> Keys:
    return KeyFile(file).load()


def test_the_first_start_makes_keys_that_only_the_user_can_read(file: Path) -> None:
    keys = loaded(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["keys"]
    assert (len(keys.address), len(keys.lookup), keys.address != keys.lookup) == (32, 32, True)


def test_the_keys_stay_the_same_ever_after_and_no_two_files_have_the_same(file: Path, tmp_path: Path) -> None:
    first, again, other = loaded(file), loaded(file), loaded(tmp_path / "other")
    assert first == again
    assert len({first.address, first.lookup, other.address, other.lookup}) == 4


def test_first_starts_at_the_same_moment_agree_on_one_pair_of_keys(file: Path) -> None:
    starts = 8
    together = Barrier(starts)

    def start(_: int) -> Keys:
        together.wait()
        return loaded(file)

    with ThreadPoolExecutor(starts) as pool:
        keys = set(pool.map(start, range(starts)))
    assert keys == {loaded(file)}
    assert [path.name for path in file.parent.iterdir()] == ["keys"]


def test_what_a_broken_off_start_left_behind_is_no_hindrance(file: Path) -> None:
    written(file.with_name(f"keys.{os.getpid()}"), "address: ")
    assert loaded(file) == loaded(file)


def test_a_file_is_read_as_it_was_written_or_typed(file: Path) -> None:
    assert loaded(written(file, FILE)) == KEYS
    file.write_text(f"# our keys\n\nlookup:{KEYS.lookup.hex().upper()}\r\naddress :  {KEYS.address.hex()}  \n")
    assert loaded(file) == KEYS


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_a_file_that_others_can_reach_is_refused(file: Path, mode: int) -> None:
    with pytest.raises(KeysUnusable, match=r"^others can read the key file: run chmod 600 on it$"):
        loaded(written(file, FILE, mode))


# systemd shows the mask of the access list, which names the service alone, as the group's bits.
@pytest.mark.parametrize("mode", [0o400, 0o440])
def test_a_credential_of_systemd_is_taken(file: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    assert loaded(written(file, FILE, mode)) == KEYS


@pytest.mark.parametrize("mode", [0o444, 0o460, 0o404, 0o644])
def test_a_credential_that_everybody_can_reach_is_none(file: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    with pytest.raises(KeysUnusable, match="others can read the key file"):
        loaded(written(file, FILE, mode))


def test_a_file_elsewhere_is_no_credential(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(KeysUnusable, match="others can read the key file"):
        loaded(written(file, FILE, 0o440))


def test_keys_are_never_made_or_changed_among_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(KeysUnusable, match=r"name the key file in LoadCredential=$"):
        loaded(tmp_path / "keys")
    with pytest.raises(KeysUnusable, match=r"^systemd's copy cannot be changed"):
        KeyFile(tmp_path / "keys").write(KEYS, KEYS.succeeded())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_the_user_alone_is_taken(file: Path, mode: int) -> None:
    assert loaded(written(file, FILE, mode)) == KEYS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "restore it from your backup of it"),
        (f"address: {'ab' * 32}\n", "restore it from your backup of it"),
        (f"lookup: {'ab' * 32}\n", "restore it from your backup of it"),
        (FILE.replace("0", "g"), "restore it from your backup of it"),
        (FILE[:-2], "restore it from your backup of it"),
        (b"\xff\xfe\x00", "restore it from your backup of it"),
        (FILE[:-3], "each key has 64 hexadecimal digits"),
        ("address: ab\nlookup: ab\n", "each key has 64 hexadecimal digits"),
        ("address:\nlookup:\n", "each key has 64 hexadecimal digits"),
    ],
)
def test_a_damaged_file_is_refused_and_left_as_it_is(file: Path, text: str | bytes, words: str) -> None:
    written(file, text)
    before = file.read_bytes()
    with pytest.raises(KeysUnusable, match=f"^the key file is damaged: {words}$"):
        loaded(file)
    assert file.read_bytes() == before


def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(
        KeysUnusable, match=r"^the key file cannot be used \(File exists\): mend it or set PRATIP_KEYS$"
    ):
        loaded(blocked / "keys")
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    with pytest.raises(KeysUnusable, match="the key file is a folder"):
        loaded(folder)


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    link = tmp_path / "keys"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(KeysUnusable, match="No such file or directory"):
        loaded(link)
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
