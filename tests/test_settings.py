"""Settings: what an operator writes, and everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from bot.log import scrub
from bot.settings import Settings, SettingsWrong, load

TOKEN = "123456:AAH-a_token-that-opens-nothing"
NO_FOLDER = "there is no such folder: write the path of one that holds a pack.yaml"


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable of ours, a home and a working directory of the test's own."""
    for name in [*Settings.model_fields]:
        for variable in (f"PRATIP_{name.upper()}", f"PRATIP_{name.upper()}_FILE"):
            monkeypatch.delenv(variable, raising=False)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with chdir(tmp_path):
        yield


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Variables:
    return Variables(monkeypatch)


class Variables:
    """Sets PRATIP_… for a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def __call__(self, **values: str | Path) -> Variables:
        for name, value in values.items():
            self.monkeypatch.setenv(f"PRATIP_{name}", str(value))
        return self

    @property
    def problems(self) -> list[str]:
        """What is wrong with them."""
        with pytest.raises(SettingsWrong) as wrong:
            load()
        assert str(wrong.value) == "\n".join(wrong.value.problems)
        return wrong.value.problems


# --- what is set


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    settings = load()
    assert (settings.uses_telegram, settings.uses_matrix) == (False, False)
    assert settings.data == tmp_path / ".local/share/pratip"
    assert settings.keys == tmp_path / ".config/pratip/keys"
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/.local/share/pratip/pratip.db"
    assert (settings.content / "pack.yaml").is_file()
    assert (settings.approvals, settings.telegram_rate, settings.telegram_paid) == (2, 30, False)
    assert (settings.telegram_api_url, settings.log_level, settings.log_format) == (
        "https://api.telegram.org",
        "INFO",
        "console",
    )


def test_folders_follow_the_xdg_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert (load().data, load().keys) == (tmp_path / "data/pratip", tmp_path / "config/pratip/keys")


def test_everything_can_be_set(variables: Variables, tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    variables(
        TELEGRAM_TOKEN=TOKEN,
        TELEGRAM_API_URL="http://127.0.0.1:8081",
        TELEGRAM_RATE="20",
        TELEGRAM_PAID="true",
        MATRIX_HOMESERVER="https://example.org",
        MATRIX_USER="@pratip:example.org",
        MATRIX_PASSWORD="open sesame",
        MATRIX_ROOMS="#rights:example.org, !abc:example.org",
        MODERATORS=" telegram:42\nmatrix:@mod:example.org ",
        PROXY="socks5://127.0.0.1:9050",
        DATA="~/data",
        KEYS="keys",
        CONTENT="pack",
        APPROVALS="3",
        DATABASE="postgresql+asyncpg://pratip@localhost/pratip",
        LOG_LEVEL="debug",
        LOG_FORMAT="json",
    )
    settings = load()
    assert (settings.uses_telegram, settings.uses_matrix) == (True, True)
    assert settings.telegram_token.get_secret_value() == TOKEN
    assert settings.matrix_password.get_secret_value() == "open sesame"
    assert settings.matrix_rooms == ("#rights:example.org", "!abc:example.org")
    assert settings.moderators == ("telegram:42", "matrix:@mod:example.org")
    assert (settings.data, settings.keys) == (tmp_path / "data", tmp_path / "keys")
    assert (settings.content, settings.log_level) == (tmp_path / "pack", "DEBUG")
    assert (settings.approvals, settings.telegram_rate, settings.telegram_paid) == (3, 20, True)
    assert settings.database_url == "postgresql+asyncpg://pratip@localhost/pratip"


def test_a_proxy_may_be_written_as_tor_users_write_it(variables: Variables) -> None:
    variables(PROXY="socks5h://127.0.0.1:9050")
    assert load().proxy == "socks5://127.0.0.1:9050"


def test_an_empty_variable_is_an_unset_one(variables: Variables) -> None:
    unset = load()
    variables(**dict.fromkeys((name.upper() for name in Settings.model_fields), ""))
    assert load() == unset


# --- where it is set


def test_a_secret_may_stand_in_a_file(variables: Variables, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"\ufeff{TOKEN}\n", "utf-8")
    variables(TELEGRAM_TOKEN_FILE=tmp_path / "token")
    assert load().telegram_token.get_secret_value() == TOKEN


def test_an_empty_file_sets_nothing(variables: Variables, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    variables(TELEGRAM_TOKEN_FILE=tmp_path / "empty", DATA_FILE=tmp_path / "empty")
    assert (load().uses_telegram, load().data) == (False, tmp_path / ".local/share/pratip")


def test_settings_may_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "moderators").write_text("telegram:42\n")
    lines = ["# ours", f"PRATIP_TELEGRAM_TOKEN={TOKEN}", f"PRATIP_MODERATORS_FILE={tmp_path}/moderators", "OTHER=2"]
    (tmp_path / ".env").write_text("\n".join(lines))
    assert (load().telegram_token.get_secret_value(), load().moderators) == (TOKEN, ("telegram:42",))


def test_the_environment_goes_before_the_file_and_a_value_before_a_file_that_holds_one(
    variables: Variables, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        f"PRATIP_LOG_LEVEL=ERROR\nPRATIP_LOG_FORMAT=json\nPRATIP_PROXY_FILE={tmp_path}/none\n"
    )
    (tmp_path / "level").write_text("DEBUG")
    (tmp_path / "proxy").write_text("http://proxy:3128")
    variables(LOG_LEVEL="warning", LOG_LEVEL_FILE=tmp_path / "level", PROXY_FILE=tmp_path / "proxy")
    settings = load()
    assert (settings.log_level, settings.log_format, settings.proxy) == ("WARNING", "json", "http://proxy:3128")


# --- what is wrong


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        (
            "TELEGRAM_TOKEN",
            "12:secret word",
            "this is no bot token; it looks like 123456:ABC-DEF and comes from @BotFather",
        ),
        ("TELEGRAM_TOKEN", "secret", "this is no bot token; it looks like 123456:ABC-DEF and comes from @BotFather"),
        ("TELEGRAM_API_URL", "api.telegram.org", "write an address that begins with https://"),
        ("MATRIX_HOMESERVER", "example.org", "write an address that begins with https://"),
        ("PROXY", "127.0.0.1:9050", "write an address like socks5://127.0.0.1:9050 or http://proxy:3128"),
        ("PROXY", "socks5://proxy", "write an address like socks5://127.0.0.1:9050 or http://proxy:3128"),
        ("MATRIX_ROOMS", "#rights", "write !id or #name:example.org, separated by spaces"),
        ("MATRIX_ROOMS", "!abc:example.org rights:example.org", "write !id or #name:example.org, separated by spaces"),
        ("PROXY", "ftp://proxy:1", "write an address like socks5://127.0.0.1:9050 or http://proxy:3128"),
        ("MODERATORS", "42", "write telegram:42 or matrix:@name:example.org, separated by spaces"),
        ("MODERATORS", "telegram:42 matrix:mod", "write telegram:42 or matrix:@name:example.org, separated by spaces"),
        ("LOG_LEVEL", "LOUD", "Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("LOG_FORMAT", "xml", "Input should be 'console' or 'json'"),
        ("DATA", "~nobody-of-that-name/x", "there is no such home folder: write the whole path"),
        ("CONTENT", "~nobody-of-that-name/x", "there is no such home folder: write the whole path"),
        ("CONTENT", "none", NO_FOLDER),
        ("CONTENT", "/dev/null", NO_FOLDER),
        ("CONTENT", "x" * 5000, NO_FOLDER),
        ("MATRIX_USER", "@pratip", "write @name:example.org, or the name alone"),
        ("MATRIX_USER", "pratip:example.org", "write @name:example.org, or the name alone"),
        ("MATRIX_USER", "pratip@example.org", "write @name:example.org, or the name alone"),
        ("APPROVALS", "0", "write a whole number, 1 or more"),
        ("APPROVALS", "two", "write a whole number, 1 or more"),
        ("TELEGRAM_RATE", "0", "write a whole number from 1 to 1000"),
        ("TELEGRAM_RATE", "1001", "write a whole number from 1 to 1000"),
        ("TELEGRAM_RATE", "2.5", "write a whole number from 1 to 1000"),
        ("TELEGRAM_PAID", "perhaps", "write true or false"),
        ("TELEGRAM_TOKN", "secret", "there is no such setting: did you mean PRATIP_TELEGRAM_TOKEN?"),
        ("MATRIX_PASWORD_FILE", "/x", "there is no such setting: did you mean PRATIP_MATRIX_PASSWORD_FILE?"),
        ("COLOUR", "red", "there is no such setting: remove it"),
    ],
)
def test_a_value_that_cannot_work_is_refused_with_the_way_to_mend_it(
    variables: Variables, name: str, value: str, problem: str
) -> None:
    assert variables(**{name: value}).problems == [f"PRATIP_{name}: {problem}"]


def test_a_matrix_user_may_be_named_without_the_server(variables: Variables) -> None:
    variables(MATRIX_USER="pratip")
    assert load().matrix_user == "pratip"


def test_what_others_set_for_a_service_of_our_name_is_no_mistake(variables: Variables) -> None:
    variables(SERVICE_HOST="10.0.0.1", SERVICE_PORT="80", SERVICE_PORT_HTTP="80", PORT="tcp://10.0.0.1:80")
    variables(PORT_80_TCP_ADDR="10.0.0.1", METRICS_SERVICE_HOST="10.0.0.2", METRICS_PORT_9090_TCP="tcp://10.0.0.2")
    assert load() == Settings()


def test_a_misspelt_line_in_the_file_is_named_too_and_an_empty_one_sets_nothing(
    variables: Variables, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PRATIP_MODERATOR=telegram:42\nPRATIP_COLOUR=\nOTHER=2\npratip_log_levl=INFO\n")
    assert variables(APROVALS="1", LOG_FORMAT="xml").problems == [
        "PRATIP_LOG_FORMAT: Input should be 'console' or 'json'",
        "PRATIP_APROVALS: there is no such setting: did you mean PRATIP_APPROVALS?",
        "PRATIP_LOG_LEVL: there is no such setting: did you mean PRATIP_LOG_LEVEL?",
        "PRATIP_MODERATOR: there is no such setting: did you mean PRATIP_MODERATORS?",
    ]


def test_a_homeserver_needs_a_user_and_a_password(variables: Variables) -> None:
    too = "set it too, as PRATIP_MATRIX_HOMESERVER is set"
    variables(MATRIX_HOMESERVER="https://example.org")
    assert variables.problems == [f"PRATIP_MATRIX_USER: {too}", f"PRATIP_MATRIX_PASSWORD: {too}"]
    assert variables(MATRIX_USER="@pratip:example.org").problems == [f"PRATIP_MATRIX_PASSWORD: {too}"]


def test_somebody_may_be_asked_for_the_password_where_it_is_all_that_is_missing(variables: Variables) -> None:
    variables(MATRIX_HOMESERVER="https://example.org", MATRIX_USER="@pratip:example.org")
    assert load(lambda: "typed").matrix_password.get_secret_value() == "typed"
    with pytest.raises(SettingsWrong, match="PRATIP_MATRIX_PASSWORD: set it too"):
        load(str)
    variables(MATRIX_PASSWORD="configured")
    assert load(lambda: "typed").matrix_password.get_secret_value() == "configured"
    variables(MATRIX_USER="pratip@example.org")
    with pytest.raises(SettingsWrong, match="PRATIP_MATRIX_USER"):
        load(lambda: "typed")


@pytest.mark.parametrize("name", ["TELEGRAM_TOKEN", "MODERATORS", "DATA", "LOG_LEVEL"])
@pytest.mark.parametrize("path", ["none", ".", "latin-1", "x" * 5000])
def test_a_file_that_cannot_be_read_is_refused(variables: Variables, tmp_path: Path, name: str, path: str) -> None:
    (tmp_path / "latin-1").write_bytes(b"caf\xe9")
    assert variables(**{f"{name}_FILE": path}).problems == [
        f"PRATIP_{name}_FILE: the file cannot be read: check its path and permissions"
    ]


def test_a_settings_file_in_another_encoding_is_refused(variables: Variables, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PRATIP_PROXY=caf\xe9\n")
    assert variables.problems == [".env: this is not UTF-8: save the file as UTF-8"]


def test_all_that_is_wrong_is_said_at_once_and_no_value_is_repeated(variables: Variables) -> None:
    secret = "do-not-repeat-me"
    variables(
        TELEGRAM_TOKEN=secret,
        MATRIX_HOMESERVER="https://example.org",
        MATRIX_USER_FILE=f"/{secret}",
        MODERATORS=secret,
        CONTENT=secret,
        APPROVALS=secret,
        PROXI=secret,
        PROXY=secret,
        LOG_LEVEL=secret,
        LOG_FORMAT=secret,
        TELEGRAM_API_URL=secret,
    )
    assert [problem.partition(":")[0] for problem in variables.problems] == [
        "PRATIP_TELEGRAM_TOKEN",
        "PRATIP_TELEGRAM_API_URL",
        "PRATIP_MATRIX_USER_FILE",
        "PRATIP_MATRIX_PASSWORD",
        "PRATIP_PROXY",
        "PRATIP_CONTENT",
        "PRATIP_MODERATORS",
        "PRATIP_APPROVALS",
        "PRATIP_LOG_LEVEL",
        "PRATIP_LOG_FORMAT",
        "PRATIP_PROXI",
    ]
    assert secret not in "".join(variables.problems)


# --- secrets stay secret


def test_every_secret_that_is_set_is_kept_out_of_the_log(variables: Variables) -> None:
    variables(
        TELEGRAM_TOKEN="7:tk-one",
        MATRIX_PASSWORD="pw-two",
        DATABASE="postgresql+asyncpg://pratip:pw-three@localhost/pratip",
        PROXY="socks5://reader:pw-four@127.0.0.1:9050",
    )
    settings = load()
    assert "tk-one" not in repr(settings)
    assert "pw-two" not in repr(settings)
    assert scrub("7:tk-one pw-two pw-three pw-four pw-five") == "[secret] [secret] [secret] [secret] pw-five"


def test_an_address_without_a_password_makes_no_word_a_secret(variables: Variables) -> None:
    variables(DATABASE="postgresql+asyncpg://pratip@localhost/a:b@c", PROXY="socks5://reader@127.0.0.1:9050")
    load()
    assert scrub("pratip reader localhost") == "pratip reader localhost"
