"""Trust on Matrix: cross-signing against a real Synapse, apps that insist on it, and verification by emoji."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from nio.crypto import OlmDevice, Sas

from bot.core.messages import Chat, Mishap, Request
from bot.platforms import Unavailable
from bot.platforms.matrix import KeyWrong, Untrusted, recovery
from bot.platforms.matrix.identity import ROLES, Identity, chunked, decoded, signed, unpadded
from bot.platforms.matrix.trust import Shown, Standing, standing
from bot.platforms.matrix.verification import Verifications
from bot.privacy import Keys
from tests.platforms.sas import Comparer
from tests.platforms.test_matrix import Gate, Lantern, Light, light, meet, says
from tests.synapse import PASSWORD, Person, Synapse, cross_signed

__all__ = ["light"]

pytestmark = pytest.mark.xdist_group("synapse")  # one server, on one worker


async def trusted(bot: Lantern, **how: Any) -> list[str]:
    """Have the bot cross-signed; the recovery keys that were shown."""
    shown: list[str] = []
    assert await bot.matrix.establish(shown.append, **how) == ""
    return shown


def own(synapse: Synapse, bot: Lantern) -> dict[str, Any]:
    """What the homeserver shows of the bot to itself."""
    content: dict[str, Any] = {"device_keys": {bot.id: []}}
    shown: dict[str, Any] = synapse.call("POST", "/_matrix/client/v3/keys/query", content, bot.client.access_token)
    return shown


def another_identity(synapse: Synapse, bot: Lantern) -> Identity:
    """Somebody who knows the password gives the account an identity of theirs."""
    identity = Identity.new(bot.id)
    keys: dict[str, Any] = {f"{role}_key": identity.published(role) for role in ROLES}
    who = {"type": "m.id.user", "user": bot.id}
    path = "/_matrix/client/v3/keys/device_signing/upload"
    try:
        synapse.call("POST", path, keys, bot.client.access_token)
    except OSError as refused:
        session = json.load(refused)["session"]  # type: ignore[arg-type] # urllib's HTTPError is a file too
        keys["auth"] = {"type": "m.login.password", "identifier": who, "password": PASSWORD, "session": session}
        synapse.call("POST", path, keys, bot.client.access_token)
    return identity


# Cross-signing


async def test_an_app_that_trusts_cross_signed_devices_alone_talks_with_the_bot(synapse: Synapse, light: Light) -> None:
    async with light() as bot, synapse.person(strict=True) as alice:
        await trusted(bot)
        room = await meet(alice, bot)
        await alice.says(room, "!laws")
        envelope = await bot.hears()
        assert envelope.request.command == "laws"
        await bot.answers(envelope, "a law")
        assert (await alice.hears(room)).body == "a law"
        assert not alice.hidden


async def test_without_it_such_an_app_keeps_its_keys_and_hides_the_answer(synapse: Synapse, light: Light) -> None:
    async with light() as bot, synapse.person(strict=True) as alice:
        room = await meet(alice, bot)
        await alice.says(room, "!laws")
        envelope = await bot.hears()
        assert envelope.request.mishap is Mishap.UNDECRYPTABLE
        await bot.answers(envelope, "an answer")
        await alice.sync(1)
        assert await alice.hears_nothing(room)
        assert alice.hidden


async def test_it_is_made_once_and_the_recovery_key_shown_once(synapse: Synapse, light: Light) -> None:
    async with light() as bot:
        assert "run pratip matrix trust" in await bot.matrix.doubt()
        assert len(await trusted(bot)) == 1
        before = own(synapse, bot)
        assert await trusted(bot) == []
        assert own(synapse, bot) == before
        assert await bot.matrix.doubt() == ""
    assert not re.search(rb"=", json.dumps(before["master_keys"]).encode())


async def test_a_device_that_was_logged_out_is_signed_again_without_anybody(synapse: Synapse, light: Light) -> None:
    async with light() as bot, synapse.person() as alice:
        await trusted(bot)
        await meet(alice, bot)
        synapse.call("POST", "/_matrix/client/v3/logout", {}, bot.client.access_token)
        assert alice.sees_keys(bot.id)["device_keys"] == {bot.id: {}}
        await briefly(bot)
        while not (devices := [*alice.client.device_store.active_user_devices(bot.id)]):
            await alice.sync(1)
        assert cross_signed(alice.sees_keys(bot.id), devices[0])


async def test_an_identity_that_is_not_ours_is_reported_once_and_the_bot_goes_on(
    synapse: Synapse, light: Light, capsys: pytest.CaptureFixture[str]
) -> None:
    async with light() as bot, synapse.person() as alice:
        await trusted(bot)
        room = await meet(alice, bot)
        another_identity(synapse, bot)
        for _ in range(2):
            await alice.says(room, "!laws")
            await bot.answers(await bot.hears(), "a law")
        assert capsys.readouterr().err.count("another identity") == 1
        assert "not the bot's own" in await bot.matrix.doubt()
        with pytest.raises(Untrusted, match="--replace"):
            await trusted(bot)
        assert len(await trusted(bot, replace=True)) == 1
        assert await bot.matrix.doubt() == ""


async def test_the_recovery_key_brings_the_identity_back_when_all_else_is_lost(
    synapse: Synapse, light: Light, tmp_path: Path
) -> None:
    async with light() as bot:
        [key] = await trusted(bot)
        master = own(synapse, bot)["master_keys"]
    async with light(folder=tmp_path / "anew", keys=Keys.generate()) as bot:
        with pytest.raises(Untrusted, match="--recover"):
            await trusted(bot)
        with pytest.raises(KeyWrong, match="another recovery key"):
            await trusted(bot, recovery_key=recovery.written(bytes(32)))
        with pytest.raises(KeyWrong, match="mistyped"):
            await trusted(bot, recovery_key=key[:-1])
        assert await trusted(bot, recovery_key=key) == []
        assert own(synapse, bot)["master_keys"].keys() == master.keys()
        assert await bot.matrix.doubt() == ""


async def test_a_wrong_password_or_none_that_counts_is_said_so_and_nothing_is_replaced(
    synapse: Synapse, light: Light
) -> None:
    async with light() as bot:
        await trusted(bot)
        theirs = another_identity(synapse, bot)
    async with light(password="forgotten") as bot:
        with pytest.raises(Unavailable, match="refuses the password"):
            await trusted(bot, replace=True)
        assert theirs.public() in str(own(synapse, bot)["master_keys"])


async def test_where_no_password_is_taken_the_way_is_named(synapse: Synapse, light: Light) -> None:
    gate = Gate(synapse)
    async with gate.open(), light(address=gate.address) as bot:
        flows = {"session": "dummy", "flows": [{"stages": ["m.oauth"]}, "nonsense"]}
        gate.spoilt["device_signing/upload"] = says(401, json.dumps(flows))
        with pytest.raises(Untrusted, match="account pages"):
            await trusted(bot)


async def test_what_the_homeserver_refuses_at_a_start_stops_nothing(synapse: Synapse, light: Light) -> None:
    gate = Gate(synapse)
    async with gate.open(), light(address=gate.address) as bot, synapse.person() as alice:
        await trusted(bot)
        room = await meet(alice, bot)
        for status, code in ((500, "M_UNKNOWN"), (403, "M_FORBIDDEN")):
            gate.spoilt["keys/query"] = says(status, json.dumps({"errcode": code}))
            bot.matrix._trust.changed()
            await alice.says(room, "hello")
            await bot.answers(await bot.hears(), "hello")


async def test_what_broke_off_half_way_is_finished_at_the_next_start(synapse: Synapse, light: Light) -> None:
    gate = Gate(synapse)
    async with gate.open(), light(address=gate.address) as bot:
        gate.spoilt["device_signing/upload"] = says(500)
        with pytest.raises(Unavailable):
            await trusted(bot)
        assert "does not show the bot's cross-signing keys" in await bot.matrix.doubt()
        gate.spoilt.clear()
        gate.spoilt["signatures/upload"] = says(200, '{"failures": {"a": {"b": {}}}}')
        await bot.polls()
        assert "not signed yet" in await bot.matrix.doubt()
    gate.spoilt.clear()
    async with gate.open(), light(bot.cursor, address=gate.address) as bot:
        await bot.polls()
        assert await bot.matrix.doubt() == ""
        assert len(await trusted(bot)) == 1, "nobody has seen a recovery key before"


async def test_a_damaged_back_up_is_not_taken_for_an_identity(synapse: Synapse, light: Light) -> None:
    async with light() as bot:
        words = recovery.written(bytes(32))
        with pytest.raises(Untrusted, match="keeps nothing"):
            await trusted(bot, recovery_key=words)
        described = {"algorithm": recovery.ALGORITHM}
        for kind, content in (("key.a", described), ("default_key", {"key": "a"})):
            path = f"/_matrix/client/v3/user/{bot.id}/account_data/m.secret_storage.{kind}"
            synapse.call("PUT", path, content, bot.client.access_token)
        with pytest.raises(Untrusted, match="damaged"):
            await trusted(bot, recovery_key=words)


async def test_nothing_of_the_identity_stands_readable_in_any_file(light: Light, tmp_path: Path) -> None:
    async with light() as bot:
        await trusted(bot)
        identity = bot.matrix._trust.identity()
        assert identity
        names = [bot.id, *(identity.public(role) for role in ROLES), *map(unpadded, identity.seeds.values())]
        assert not [name for name in names for file in contents(tmp_path) if name.encode() in file]
        assert (tmp_path / "matrix/matrix.identity").stat().st_mode & 0o777 == 0o600
        assert bot.matrix.card["master key"] == chunked(identity.public())


def contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


# What is shown may be anything


DEVICE = {
    "user_id": "@bot:home.test",
    "device_id": "LANTERN",
    "keys": {"ed25519:LANTERN": "x", "curve25519:LANTERN": "y"},
}


def shown(identity: Identity, **changed: Any) -> Shown:
    own = {role: identity.published(role) for role in ROLES}
    whole: dict[str, Any] = {**own, "device": identity.sign({**DEVICE, "algorithms": []}, "self_signing"), **changed}
    return Shown(**whole)


ours, theirs = Identity.new("@bot:home.test"), Identity.new("@bot:home.test")


@pytest.mark.parametrize(
    ("seen", "identity", "expected"),
    [
        (shown(ours), ours, Standing.SIGNED),
        (shown(ours), None, Standing.VOUCHED),
        (shown(ours, device=DEVICE), ours, Standing.UNSIGNED),
        (shown(ours, device=DEVICE), None, Standing.OTHER),
        (shown(ours, device=theirs.sign(DEVICE, "self_signing")), ours, Standing.UNSIGNED),
        (shown(ours, device=ours.sign(DEVICE, "master")), ours, Standing.UNSIGNED),
        (shown(ours, device={}), ours, Standing.DEVICE),
        (shown(ours, device={**DEVICE, "keys": {"ed25519:LANTERN": "z"}}), ours, Standing.DEVICE),
        (shown(theirs), ours, Standing.OTHER),
        (shown(ours, master={}), ours, Standing.HIDDEN),
        (shown(ours, master={}), None, Standing.NONE),
        (shown(ours, master={"keys": {"ed25519:a": "b"}}), None, Standing.NONE),
        (shown(ours, self_signing=theirs.published("self_signing")), ours, Standing.HIDDEN),
        (shown(ours, self_signing={**ours.published("self_signing"), "signatures": 7}), ours, Standing.HIDDEN),
        (shown(ours, user_signing={}), ours, Standing.HIDDEN),
    ],
)
def test_only_an_unbroken_chain_counts(seen: Shown, identity: Identity | None, expected: Standing) -> None:
    assert standing(seen, identity, DEVICE) is expected


def test_a_signature_counts_for_every_word_and_with_any_padding() -> None:
    thing = ours.sign({"words": "ប្រទីប", "unsigned": {"age": 7}}, "master")
    key = ours.public()
    assert signed(thing, ours.user_id, key)
    assert signed({**thing, "unsigned": {"age": 8}}, ours.user_id, key)
    assert not signed({**thing, "words": "lantern"}, ours.user_id, key)
    assert not signed(thing, "@other:home.test", key)
    assert not signed(thing, ours.user_id, "no key")
    assert "=" not in json.dumps(thing)
    assert decoded("YQ") == decoded("YQ==") == b"a"


def test_a_recovery_key_is_written_as_others_write_it() -> None:
    key = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    words = "EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d"
    assert recovery.written(key) == words
    assert recovery.read(words.replace(" ", "\n")) == key
    for wrong in ("", "EsTO", words[:-1] + "e", words.replace("K", "k")):
        with pytest.raises(KeyWrong):
            recovery.read(wrong)


def test_a_sealed_secret_opens_with_its_key_and_its_name_alone() -> None:
    key, other = bytes(32), bytes(31) + b"\1"
    sealed = recovery.seal(key, "name", b"secret")
    assert recovery.opened(key, "name", sealed) == b"secret"
    for wrong in ((other, "name"), (key, "another")):
        with pytest.raises(KeyWrong):
            recovery.opened(*wrong, sealed)
    assert recovery.fits(key, recovery.description(key))
    assert not recovery.fits(other, recovery.description(key))
    assert recovery.fits(other, {})


# Verification


async def acquainted(person: Person, bot: Lantern) -> Comparer:
    """The two know each other's devices."""
    room = await meet(person, bot)
    await person.says(room, "hello")
    await bot.answers(await bot.hears(), "hello")
    await person.hears(room)
    return Comparer(person, bot.id, bot.client.device_id)


async def step(bot: Lantern, comparer: Comparer) -> tuple[str, dict[str, Any]]:
    """What the bot answers next."""
    while not comparer.person.told:
        await bot.polls()
        await comparer.person.sync()
    return await comparer.hears()


async def compared(bot: Lantern, comparer: Comparer) -> None:
    """Come so far that both see emoji."""
    await comparer.sends("start", **comparer.start)
    kind, accepted = await step(bot, comparer)
    assert kind == "accept"
    assert accepted["message_authentication_code"] == "hkdf-hmac-sha256.v2"
    comparer.commitment = accepted["commitment"]
    await comparer.sends("key", key=comparer.public)
    kind, content = await step(bot, comparer)
    assert kind == "key"
    comparer.agrees(content["key"])


async def briefly(bot: Lantern) -> None:
    """Let the bot see what came, if anything."""
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            await bot.polls()


async def test_a_verification_goes_from_request_to_done_and_the_log_has_the_same_emoji(
    synapse: Synapse, light: Light, capsys: pytest.CaptureFixture[str]
) -> None:
    async with light() as bot, synapse.person() as alice:
        await trusted(bot)
        comparer = await acquainted(alice, bot)
        await comparer.requests()
        kind, ready = await step(bot, comparer)
        assert (kind, ready["methods"], ready["from_device"]) == ("ready", ["m.sas.v1"], bot.client.device_id)
        await compared(bot, comparer)
        log = capsys.readouterr().err
        assert ", ".join(" ".join(Sas.emoji[number]) for number in comparer.sees()) in log
        assert alice.id not in log
        await briefly(bot)
        await alice.sync()
        assert not alice.told, "the bot confirms only once the other side has"
        await comparer.confirms(alice.fingerprint)
        kind, mac = await step(bot, comparer)
        assert kind == "mac"
        shown = alice.sees_keys(bot.id)
        keys = {
            **{k: v for k, v in shown["device_keys"][bot.id][comparer.device]["keys"].items() if k.startswith("ed")},
            **shown["master_keys"][bot.id]["keys"],
        }
        assert mac["mac"] == {name: comparer.code(key, name, theirs=True) for name, key in keys.items()}
        assert mac["keys"] == comparer.code(",".join(sorted(keys)), "KEY_IDS", theirs=True)
        assert (await step(bot, comparer))[0] == "done"
        await comparer.sends("done")
        await bot.polls()


async def test_nobody_is_believed_because_of_it(synapse: Synapse, light: Light) -> None:
    async with light() as bot, synapse.person() as alice:
        comparer = await acquainted(alice, bot)
        await compared(bot, comparer)  # an older app begins without a request
        await comparer.confirms(alice.fingerprint)
        _, mac = await step(bot, comparer)
        assert list(mac["mac"]) == [f"ed25519:{comparer.device}"], "there is no identity to vouch for"
        [device] = bot.client.device_store.active_user_devices(alice.id)
        assert not device.verified


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"message_authentication_codes": ["hkdf-hmac-sha256"]}, "m.unknown_method"),
        ({"method": "m.reciprocate.v1"}, "m.unknown_method"),
        ({"from_device": "NOBODY"}, "m.user"),
    ],
)
async def test_what_the_bot_cannot_do_it_declines(
    synapse: Synapse, light: Light, changed: dict[str, Any], code: str
) -> None:
    async with light() as bot, synapse.person() as alice:
        comparer = await acquainted(alice, bot)
        comparer.start |= changed
        await comparer.sends("start", **comparer.start)
        if code == "m.user":
            await briefly(bot)
            await alice.sync()
            assert not alice.told, "there is no such device to tell"
        else:
            assert (await step(bot, comparer))[1]["code"] == code


async def test_a_code_that_is_wrong_or_comes_too_early_ends_it(synapse: Synapse, light: Light) -> None:
    async with light() as bot, synapse.person() as alice:
        comparer = await acquainted(alice, bot)
        await compared(bot, comparer)
        await comparer.confirms("another key")
        assert (await step(bot, comparer))[1]["code"] == "m.key_mismatch"
        await comparer.requests(methods=["m.qr_code.scan.v1"])
        assert (await step(bot, comparer))[1]["code"] == "m.unknown_method"
        await comparer.requests()
        assert (await step(bot, comparer))[0] == "ready"
        await comparer.sends("mac", mac={}, keys="")
        assert (await step(bot, comparer))[1]["code"] == "m.unexpected_message"
        await comparer.sends("key", key=comparer.public)
        await bot.polls()


NONSENSE: list[dict[str, Any]] = [
    {},
    {"methods": 7},
    {"from_device": []},
    {"transaction_id": 7},
    {"transaction_id": "x" * 999},
]


async def test_nonsense_stops_nothing(synapse: Synapse, light: Light) -> None:
    async with light() as bot, synapse.person() as alice:
        comparer = await acquainted(alice, bot)
        for content in NONSENSE:
            for kind in ("request", "start", "key", "mac", "ready", "x"):
                await comparer.sends(kind, **content)
        await comparer.sends("start", **{**comparer.start, "hashes": None})
        await bot.polls()
        alice.told.clear()
        await comparer.sends("cancel", code="m.user")
        await comparer.requests()
        while (await step(bot, comparer))[0] != "ready":
            pass


async def test_who_logs_in_as_the_bot_is_not_let_in_by_it(synapse: Synapse, light: Light) -> None:
    async with light() as bot:
        await bot.polls()
        login = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": bot.id}, "password": PASSWORD}
        intruder = Person(synapse, synapse.call("POST", "/_matrix/client/v3/login", login))
        try:
            await intruder.sync()
            comparer = Comparer(intruder, bot.id, bot.client.device_id)
            await comparer.requests()
            kind, content = await step(bot, comparer)
            assert (kind, content["code"]) == ("cancel", "m.user")
        finally:
            await intruder.client.close()


async def test_who_asks_in_the_room_is_told_how_to_compare_keys(synapse: Synapse, light: Light) -> None:
    async with light() as bot, synapse.person() as alice:
        room = await meet(alice, bot)
        content: dict[str, Any] = {
            "msgtype": "m.key.verification.request",
            "body": "wants to verify",
            "from_device": alice.client.device_id,
            "methods": ["m.sas.v1"],
            "to": bot.id,
        }
        await alice.sends(room, "m.room.message", {**content, "to": "@somebody:home.test"})
        event_id = await alice.sends(room, "m.room.message", content)
        envelope = await bot.hears()
        key = bot.client.olm.account.identity_keys["ed25519"]
        argument = f"{bot.client.device_id} {chunked(key)}"
        assert envelope.key == event_id
        assert envelope.request == Request(Chat("matrix", room), "", argument, mishap=Mishap.VERIFICATION)
        assert re.fullmatch(r"\w+( \S{4}){10} \S{3}", argument)


def test_what_takes_ten_minutes_is_over_and_a_device_tries_once_at_a_time() -> None:
    clock = [0.0]
    verifications = Verifications("@bot:home.test", "LANTERN", "a key", lambda: clock[0])
    device = OlmDevice("@alice:home.test", "PHONE", {"ed25519": "x", "curve25519": "y"})

    def answered(step: str, name: str, **content: Any) -> list[str]:
        whole = {"transaction_id": name, "from_device": "PHONE", **content}
        event = {"type": f"m.key.verification.{step}", "sender": device.user_id, "content": whole}
        sent = verifications.answer(event, {"PHONE": device})
        return [each.content.get("code") or each.type.removeprefix("m.key.verification.") for each in sent]

    assert answered("request", "one", methods=["m.sas.v1"]) == ["ready"]
    assert answered("request", "two", methods=["m.sas.v1"]) == ["ready"]
    assert answered("key", "one", key="a key") == ["m.unknown_transaction"]
    clock[0] = 601
    assert answered("start", "two") == ["m.timeout"]
    assert answered("done", "two") == []
