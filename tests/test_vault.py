"""Vault: a database opens with its own keys only; new keys for all of it, and no moment at which a kill loses any."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from bot.core.broadcast import Policy
from bot.core.messages import Chat
from bot.core.subscription import Pace
from bot.keyfile import KeyFile, KeysUnusable
from bot.platforms.matrix import rotation
from bot.platforms.matrix.machine import Machine
from bot.platforms.matrix.rotation import SEALED
from bot.platforms.matrix.sealed_file import SealedFile
from bot.platforms.matrix.store import FILE as STORE
from bot.platforms.matrix.store import SealedStore
from bot.privacy import Keys, SealBroken
from bot.store import Store
from bot.vault import LOCK, KeysInUse, Vault
from tests.storage import MONTH, NOON, bytes_of, change, rows, sent

HOUSE = Path(__file__).parents[1]
BOT = "@bot:example.org"
DEVICE = "DEVICE"
SECRET = {"access_token": "secret"}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    data = tmp_path / "data"
    (data / "matrix").mkdir(parents=True, mode=0o700)

    def reseal(old: Keys, new: Keys) -> None:
        rotation.reseal(data / "matrix", old, new)

    return Vault(f"sqlite+aiosqlite:///{data}/pratip.db", KeyFile(tmp_path / "keys"), data, reseal)


def chat(number: int) -> Chat:
    """Every third one is a topic of a group on Telegram, the others are rooms of two."""
    if number % 3:
        return Chat("matrix", f"!room{number:06}:example.org")
    return Chat("telegram", f"-{number:09}", "7", private=False)


async def joined(store: Store, keys: Keys, people: int) -> None:
    """So many subscribe, as many others only choose a language, and a moderator has written."""
    for each in map(chat, range(people)):
        place = keys.place(each)
        await store.subscribers.choose_language(place, "km")
        await store.subscribers.subscribe(place, keys.sealed(each), "km", ["laws"], Pace.NOW, MONTH)
    for each in map(chat, range(people, 2 * people)):
        await store.subscribers.choose_language(keys.place(each), "km")
    await store.moderators.met("telegram:1", keys.seal(b'["telegram","1"]', "moderator telegram:1"), "en")


async def delivered(store: Store, keys: Keys, data: Path, people: int) -> None:
    """A broadcast reached all of them, and its messages have names."""
    number = await sent(store, "one", topics=("laws",))
    while await store.ledger.expand(number, now=NOON, zone="UTC"):
        pass
    for who in range(1, people + 1):
        sealed = keys.seal(f"message of {who}".encode(), f"message {who}").hex()
        change(data / "pratip.db", f"UPDATE delivery SET reference = x'{sealed}' WHERE subscriber = {who}")  # noqa: S608 (numbers)
    change(data / "pratip.db", "UPDATE delivery SET state = 'sent'")


def matrix(folder: Path, keys: Keys) -> Machine:
    """The Matrix store, as the platform opens it."""
    pickle, secret = keys.derive("matrix-pickle").hex(), keys.derive("matrix-store")
    return Machine(BOT, DEVICE, SealedStore(BOT, DEVICE, str(folder), pickle, STORE, secret=secret))


def identity(folder: Path, keys: Keys) -> Any:
    """Who we are in the Matrix store."""
    machine = matrix(folder, keys)
    try:
        return machine.account.identity_keys
    finally:
        machine.sealed.close()


async def filled(vault: Vault, people: int) -> Any:
    """A vault in which everything is that keys seal; our identity on Matrix."""
    async with vault.opened() as (store, keys):
        await joined(store, keys, people)
        await delivered(store, keys, vault.data, people)
        for name, purpose in SEALED.items():
            SealedFile(vault.data / "matrix" / name, purpose, keys).write(SECRET)
    machine = matrix(vault.data / "matrix", keys)
    machine.save_account()
    machine.sealed.close()
    return identity(vault.data / "matrix", keys)


async def all_there(vault: Vault, people: int, who: object) -> Keys:
    """Everything opens and is found with the keys that hold; these keys."""
    async with vault.opened() as (store, keys):
        places = list(map(keys.place, map(chat, range(2 * people))))
        for number, place in enumerate(places):
            prefs = await store.subscribers.prefs(place)
            assert (prefs.language, bool(prefs.subscriptions)) == ("km", number < people)
        found = {place: bytes(address) for place, address in rows(file(vault), "SELECT place, address FROM subscriber")}  # type: ignore[call-overload] # what SQLite gives
        assert [keys.opened(found[place.key], place) for place in places[:people]] == list(map(chat, range(people)))
        ((_, (address, _)),) = (await store.moderators.reachable()).items()
        assert keys.unseal(address, "moderator telegram:1") == b'["telegram","1"]'
    for who_got_it, reference in rows(file(vault), "SELECT subscriber, reference FROM delivery"):
        assert keys.unseal(reference, f"message {who_got_it}") == f"message of {who_got_it}".encode()  # type: ignore[arg-type] # what SQLite gives
    for name, purpose in SEALED.items():
        assert SealedFile(vault.data / "matrix" / name, purpose, keys).read() == SECRET
    assert identity(vault.data / "matrix", keys) == who
    return keys


def file(vault: Vault) -> Path:
    return vault.data / "pratip.db"


# --- new keys


async def test_with_new_keys_everything_opens_and_is_found_as_before(vault: Vault) -> None:
    who = await filled(vault, 7)
    old = vault.file.load()
    new = await vault.rotate()
    assert await all_there(vault, 7, who) == new
    assert not {new.address, new.lookup} & {old.address, old.lookup}
    again = await vault.rotate()
    assert await all_there(vault, 7, who) == again
    assert (old.generation, new.generation, again.generation) == (1, 2, 3)


async def test_nothing_opens_or_is_found_with_the_old_keys(vault: Vault) -> None:
    await filled(vault, 7)
    old = vault.file.load()
    before = rows(file(vault), "SELECT place, chat, address FROM subscriber")
    names = [str(name).encode() for row in before for name in row[:2]] + [old.mark.encode()]
    sealed = [bytes(row[2]) for row in before]  # type: ignore[call-overload] # what SQLite gives
    await vault.rotate()
    written = bytes_of(file(vault))
    assert [name for name in (*names, *sealed) if name in written] == []
    for name, purpose in SEALED.items():
        with pytest.raises(SealBroken):
            SealedFile(vault.data / "matrix" / name, purpose, old).read()
    with pytest.raises(SealBroken):
        matrix(vault.data / "matrix", old)
    assert old.address.hex() not in vault.file.path.read_text()
    assert sorted(path.name for path in (vault.data / "matrix").iterdir()) == sorted([*SEALED, STORE])


async def test_what_was_pickled_inside_the_matrix_store_has_new_keys_too(vault: Vault) -> None:
    await filled(vault, 1)
    old = vault.file.load()
    new = await vault.rotate()
    half = Keys(old.address, b"")
    pickle, secret = half.derive("matrix-pickle").hex(), new.derive("matrix-store")
    with pytest.raises(Exception, match=r"(?i)pickle|decrypt|MAC"):
        Machine(BOT, DEVICE, SealedStore(BOT, DEVICE, str(vault.data / "matrix"), pickle, STORE, secret=secret))


async def test_one_who_has_only_the_newest_keys_without_the_former_can_try_no_ids(vault: Vault) -> None:
    await filled(vault, 1)
    new = await vault.rotate()
    alone = Keys(new.address, new.lookup)
    ((place,),) = rows(file(vault), "SELECT place FROM subscriber")
    assert (new.place(chat(0)).key, alone.place(chat(0)).key == place) == (place, False)


async def test_an_address_that_opened_with_no_keys_stays_so_and_the_others_open(vault: Vault) -> None:
    await filled(vault, 3)
    change(file(vault), "UPDATE subscriber SET address = x'00' WHERE id = 2")
    change(file(vault), "UPDATE delivery SET reference = x'00' WHERE subscriber = 2")
    change(file(vault), "UPDATE moderator SET address = x'00'")
    new = await vault.rotate()
    place = new.place(chat(2))
    ((address,),) = rows(file(vault), "SELECT address FROM subscriber WHERE place = ?", place.key)
    assert new.opened(address, place) == chat(2)  # type: ignore[arg-type] # what SQLite gives
    assert rows(file(vault), "SELECT address FROM subscriber WHERE id = 2") == [(b"\0",)]
    assert rows(file(vault), "SELECT reference FROM delivery WHERE subscriber = 2") == [(None,)]


async def test_a_message_that_was_on_the_wire_may_come_twice_and_says_so(vault: Vault) -> None:
    async with vault.opened() as (store, keys):
        await joined(store, keys, 2)
        number = await sent(store, "one", topics=("laws",), policy=Policy.RESEND)
        await store.ledger.expand(number, now=NOON, zone="UTC")
        assert len(await store.ledger.claim("matrix", NOON, "boot", 10)) == 1
    await vault.rotate()
    assert rows(file(vault), "SELECT platform, doubtful FROM delivery ORDER BY platform") == [
        ("matrix", 1),
        ("telegram", 0),
    ]


async def test_an_empty_vault_takes_new_keys(vault: Vault) -> None:
    async with vault.opened():
        pass
    new = await vault.rotate()
    async with vault.opened() as (_, keys):
        assert keys == new


# --- who may change them


async def test_keys_that_are_in_use_are_not_changed(vault: Vault) -> None:
    async with vault.opened() as (_, keys):
        with pytest.raises(KeysInUse):
            await vault.rotate()
        async with vault.opened() as (_, others):
            assert others == keys == vault.file.load()


async def test_nobody_opens_what_is_being_changed(vault: Vault) -> None:
    with (vault.data / LOCK).open("a") as changing:
        fcntl.flock(changing, fcntl.LOCK_EX)
        with pytest.raises(KeysInUse):
            async with vault.opened():
                pass


async def test_there_must_be_keys_before_they_can_be_changed(vault: Vault) -> None:
    with pytest.raises(KeysUnusable, match=r"^there are no keys yet: pratip keys new makes some$"):
        await vault.rotate()
    assert not vault.file.exists


# --- whose keys they are


async def test_without_its_keys_a_database_with_people_is_not_opened_and_no_new_keys_are_made(vault: Vault) -> None:
    await filled(vault, 1)
    vault.file.path.unlink()
    with pytest.raises(KeysUnusable, match=r"^the key file is missing, and nothing in the database opens without it"):
        async with vault.opened():
            pass
    with pytest.raises(KeysUnusable, match="there are no keys yet"):
        await vault.rotate()
    assert not vault.file.exists


async def test_with_other_keys_a_database_with_people_is_not_opened(vault: Vault) -> None:
    await filled(vault, 1)
    vault.file.path.unlink()
    vault.file.make()
    for work in (vault.opened().__aenter__, vault.rotate):
        with pytest.raises(KeysUnusable, match=r"^these are not the keys that the database was written with: restore"):
            await work()


async def test_where_nobody_left_anything_new_keys_are_as_good(vault: Vault) -> None:
    async with vault.opened():
        pass
    vault.file.path.unlink()
    async with vault.opened() as (store, keys):
        await joined(store, keys, 1)
    async with vault.opened() as (_, again):
        assert again == keys


# --- killed


ROTATE = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from bot.keyfile import KeyFile
    from bot.platforms.matrix import rotation
    from bot.vault import Vault
    data, keys = map(Path, sys.argv[1:])
    reseal = lambda old, new: rotation.reseal(data / "matrix", old, new)
    vault = Vault(f"sqlite+aiosqlite:///{data}/pratip.db", KeyFile(keys), data, reseal)
    print("ready", flush=True)
    asyncio.run(vault.rotate())
    print("done", flush=True)
    """
)


@asynccontextmanager
async def rotating(vault: Vault) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that changes the keys, from the moment on at which it begins."""
    command = [sys.executable, "-c", ROTATE, str(vault.data), str(vault.file.path)]
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    assert await process.stdout.readline() == b"ready\n"
    yield process
    await process.communicate()


async def test_killed_at_any_moment_it_is_finished_at_the_next_start(vault: Vault) -> None:
    people, turns = 30, 6
    who = await filled(vault, people)
    begun = time.monotonic()
    async with rotating(vault) as process:
        assert await process.wait() == 0
    lasts, chance, broken_off = time.monotonic() - begun, random.Random(4), 0
    for turn in range(10 * turns):
        if turn >= turns and broken_off:
            break
        before = vault.file.read()[0]
        async with rotating(vault) as process:
            await asyncio.sleep(lasts * (turn % turns + chance.random()) / turns)
            with suppress(ProcessLookupError):  # it was quicker
                process.send_signal(signal.SIGKILL)
        broken_off += vault.file.read()[1] is not None
        keys = await all_there(vault, people, who)
        assert vault.file.read() == (keys, None)
        assert keys.generation - before.generation in (0, 1)
    assert broken_off > 0


@pytest.mark.parametrize("step", ["the database", "the Matrix folder", "nothing"])
async def test_broken_off_after_each_step_it_goes_on_from_there(vault: Vault, step: str) -> None:
    who = await filled(vault, 3)
    old = vault.file.load()
    new = old.succeeded()
    vault.file.write(old, new)
    async with Store(vault.database_url) as store:
        if step != "nothing":
            await store.sealing.renew(old, new)
    if step == "the Matrix folder":
        vault.reseal(old, new)
    assert await all_there(vault, 3, who) == new
    assert vault.file.read() == (new, None)
