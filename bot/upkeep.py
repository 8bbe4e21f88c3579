"""Upkeep: what whoever runs the bot does now and then, beside a run or instead of one: keys, trust, backups."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot import log as logs
from bot.app import Unfit, alone, matrix_account, opened, prepare, understood, vault
from bot.backup import Backup, BackupRefused
from bot.keyfile import KeyFile
from bot.platforms import Refusal, Unavailable
from bot.settings import Settings
from bot.store import Store


async def new_keys(settings: Settings) -> int:
    """Make the key file. Raises Unfit where there is one, or where a database was written with other keys."""
    with understood():
        file, database = KeyFile(settings.keys), Store(settings.database_url).file
        if file.exists:
            raise Unfit(f"{settings.keys} is there already, and stays: pratip keys rotate changes the keys in it")
        if database is None or database.exists():
            prepare(settings)
            async with vault(settings).opened():
                pass  # it makes them where nothing is lost by it
        else:
            file.make()
    print(f"{settings.keys}: made. Keep a copy where no copy of the database is.")
    return 0


async def rotate_keys(settings: Settings) -> int:
    """New keys for everything that is sealed or hashed. Raises Unfit."""
    logs.configure(settings.log_level, settings.log_format)
    prepare(settings)
    with understood():
        keys = await vault(settings).rotate()
    print(f"Everything is sealed with new keys, generation {keys.generation}.")
    print("Replace your copy of the key file and destroy the old one. Make a backup now: older ones open no more.")
    return 0


async def trust(settings: Settings, recovery_key: str, *, replace: bool) -> int:
    """Have the Matrix device cross-signed; a new recovery key is printed, once. Raises Unfit."""
    from bot.platforms.matrix import KeyWrong, Untrusted

    _prepare_for_matrix(settings)
    with alone(settings.data):
        try:
            async with opened(settings) as (_, keys), matrix_account(settings, keys) as matrix:
                doubt = await matrix.establish(_hand_over, recovery_key=recovery_key, replace=replace)
                if doubt:
                    raise Unfit(doubt)
                _print({"The device is cross-signed": "people may compare", **matrix.card})
        except (Refusal, Untrusted, KeyWrong) as problem:
            raise Unfit(str(problem)) from None
    return 0


async def show(settings: Settings) -> int:
    """Print what people compare to know the bot's Matrix device. Raises Unfit."""
    _prepare_for_matrix(settings)
    try:
        async with opened(settings) as (_, keys), matrix_account(settings, keys) as matrix:
            _print(matrix.card)
    except Unavailable as problem:
        raise Unfit(f"{problem}: run pratip matrix trust") from None
    return 0


def _prepare_for_matrix(settings: Settings) -> None:
    logs.configure("ERROR", settings.log_format)
    if not settings.uses_matrix:
        raise Unfit("Matrix is not configured: set PRATIP_MATRIX_HOMESERVER and PRATIP_MATRIX_USER")
    prepare(settings)


def _hand_over(recovery_key: str) -> None:
    _print(
        {
            "Recovery key": recovery_key,
            "Keep it on paper": "it is not shown again; with it you can verify another session of the account, or have"
            " the bot trusted again after its data was lost",
        }
    )


def _print(values: Mapping[str, str]) -> None:
    for name, value in values.items():
        print(f"{name}: {value}", flush=True)


async def backup(settings: Settings, path: Path) -> int:
    """Write a backup to a new file or into a folder, and print its name. Raises Unfit."""
    if not settings.backup_key:
        raise Unfit("PRATIP_BACKUP_KEY is not set: pratip keys backup makes one, on a machine that is not the server")
    database = _database(settings)
    if not database.exists():
        raise Unfit("No backup: there is no database yet")
    async with opened(settings) as (_, keys):
        try:
            file = Backup(database, keys).make(path, settings.backup_key)
        except BackupRefused as refusal:
            raise Unfit(f"No backup: {refusal}") from None
    print(file)
    return 0


async def restore(settings: Settings, path: Path, key: Path, *, lost: bool) -> int:
    """Make a backup the database, while nothing runs, and print what was done. Raises Unfit."""
    database = _database(settings)
    with understood(), alone(settings.data):
        try:
            done = Backup(database, KeyFile(settings.keys).read()[0]).restore(path, key, tombstones_lost=lost)
        except BackupRefused as refusal:
            raise Unfit(f"Nothing is restored: {refusal}") from None
    print(done)
    return 0


def _database(settings: Settings) -> Path:
    """The file that holds the database. Raises Unfit."""
    logs.configure("ERROR", settings.log_format)
    prepare(settings)
    with understood():
        database = Store(settings.database_url).file
    if database is None:
        raise Unfit("Only SQLite is backed up here: a database server has backups of its own")
    if not settings.keys.exists():  # and none are made: a backup with new ones could not be read
        raise Unfit("PRATIP_KEYS: there is no key file: bring the one that this database was written with")
    return database
