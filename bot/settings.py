"""Settings: PRATIP_* from the environment and .env, each also as PRATIP_*_FILE, every problem at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.core.spelling import closest
from bot.log import keep_secret

_PREFIX = "PRATIP_"
_PASSWORD = re.compile(r"//[^/@:]*:([^/@]+)@")  # in an address
_HOME = Path(__file__).parents[1]  # beside bot/: content/ and handlers/


class SettingsWrong(Exception):
    """What is configured cannot work; problems says all of it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _folder(variable: str, default: str) -> Path:
    """A folder by the XDG base directory specification."""
    return Path(os.environ.get(variable) or Path.home() / default) / "pratip"


Words = Annotated[tuple[str, ...], NoDecode]  # separated by spaces or commas
Url = Annotated[str, Field(pattern=r"^(https?://\S+)?$")]


class Settings(BaseSettings):
    """Everything an operator can set."""

    # An empty variable is an unset one: as a path it would be the working directory.
    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    telegram_token: SecretStr = SecretStr("")
    telegram_api_url: Url = "https://api.telegram.org"  # what stands before /bot<token>/
    matrix_homeserver: Url = ""
    matrix_user: str = ""
    matrix_password: SecretStr = SecretStr("")
    matrix_rooms: Words = ()  # rooms that may invite the bot, ids or aliases
    data: Path = Field(default_factory=lambda: _folder("XDG_DATA_HOME", ".local/share"))
    keys: Path = Field(default_factory=lambda: _folder("XDG_CONFIG_HOME", ".config") / "keys")
    backup_key: Annotated[str, Field(pattern=r"^(pratip-public-[a-z2-7]{58})?$")] = ""  # whom backups are sealed for
    proxy: Annotated[str, Field(pattern=r"^((http|socks4|socks5)://\S+:\d+)?$")] = ""
    content: Path = _HOME / "content"
    database: str = ""
    moderators: Words = ()  # telegram:42 matrix:@mod:example.org
    approvals: Annotated[int, Field(ge=1)] = 2  # moderators who must agree before an update goes out
    telegram_rate: Annotated[int, Field(ge=1, le=1000)] = 30  # messages a second
    telegram_paid: bool = False  # whether Telegram may be paid for a higher rate
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"

    @property
    def database_url(self) -> str:
        """The database: SQLite in the data folder unless told otherwise."""
        return self.database or f"sqlite+aiosqlite:///{self.data / 'pratip.db'}"

    @property
    def uses_telegram(self) -> bool:
        """Whether Telegram is configured."""
        return bool(self.telegram_token.get_secret_value())

    @property
    def uses_matrix(self) -> bool:
        """Whether Matrix is configured."""
        return bool(self.matrix_homeserver)

    @field_validator("matrix_rooms", "moderators", mode="before")
    @classmethod
    def _separated(cls, value: Any) -> Any:
        return tuple(re.split(r"[\s,]+", value.strip())) if isinstance(value, str) and value.strip() else value or ()

    @field_validator("data", "keys", "content", mode="after")
    @classmethod
    def _whole(cls, value: Path) -> Path:
        try:
            return value.expanduser().absolute()
        except RuntimeError:
            raise ValueError("there is no such home folder: write the whole path") from None

    @field_validator("content", mode="after")
    @classmethod
    def _there(cls, value: Path) -> Path:
        try:
            there = value.is_dir()
        except OSError:  # a name that is too long, a folder that may not be entered
            there = False
        if not there:
            raise ValueError("there is no such folder: write the path of one that holds a pack.yaml")
        return value

    @field_validator("proxy", mode="before")
    @classmethod
    def _resolving(cls, value: Any) -> Any:
        """Tor users write socks5h for a proxy that looks names up; ours always does."""
        return value.replace("socks5h://", "socks5://", 1) if isinstance(value, str) else value

    @field_validator("matrix_rooms", mode="after")
    @classmethod
    def _rooms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not re.fullmatch(r"!\S+|#[^:\s]+:\S+", each):
                raise ValueError("write !id or #name:example.org, separated by spaces")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("telegram_token", mode="after")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value()
        if token and not re.fullmatch(r"\d+:[\w-]+", token):
            raise ValueError("this is no bot token; it looks like 123456:ABC-DEF and comes from @BotFather")
        return value

    @field_validator("moderators", mode="after")
    @classmethod
    def _moderators(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not re.fullmatch(r"telegram:\d+|matrix:@[^:\s]+:\S+", each):
                raise ValueError("write telegram:42 or matrix:@name:example.org, separated by spaces")
        return value

    @field_validator("matrix_user", mode="after")
    @classmethod
    def _user(cls, value: str) -> str:
        """The whole id, or its name alone: the homeserver knows the rest."""
        if value and not re.fullmatch(r"@[^:@\s]+:[^@\s]+|[^:@\s]+", value):
            raise ValueError("write @name:example.org, or the name alone")
        return value

    @field_validator("matrix_user", "matrix_password", mode="after")
    @classmethod
    def _complete(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        given = value.get_secret_value() if isinstance(value, SecretStr) else value
        if info.data.get("matrix_homeserver") and not given:
            raise ValueError("set it too, as PRATIP_MATRIX_HOMESERVER is set")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (pydantic calls by name)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is set directly goes before what a *_FILE variable points to."""
        return init_settings, env_settings, dotenv_settings, _Files(settings_cls, dotenv_settings, env_settings)


class _Files(PydanticBaseSettingsSource):
    """PRATIP_TELEGRAM_TOKEN_FILE=/run/secrets/token: the value is what the file holds."""

    def __init__(self, settings_cls: type[BaseSettings], *variables: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._paths: dict[str, str | None] = {}
        for source in variables:
            if isinstance(source, EnvSettingsSource):
                self._paths |= source.env_vars

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = self._paths.get(f"{_PREFIX}{field_name}_FILE".lower())
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text("utf-8-sig").strip() or None, field_name, False
        except (OSError, UnicodeDecodeError):
            return _Unreadable(), field_name, False

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


class _Unreadable:
    """Stands for what a file would have said, so that it is refused with all else that is wrong."""


# Kubernetes tells every container of a service that is called pratip or pratip-….
_OTHERS = re.compile(r"(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)")

_WRITTEN = {  # how a value is written, where pydantic does not say so in words for everybody
    "telegram_api_url": "an address that begins with https://",
    "matrix_homeserver": "an address that begins with https://",
    "proxy": "an address like socks5://127.0.0.1:9050 or http://proxy:3128",
    "backup_key": "the public key that pratip keys backup shows",
    "approvals": "a whole number, 1 or more",
    "telegram_rate": "a whole number from 1 to 1000",
    "telegram_paid": "true or false",
}


def load(ask_password: Callable[[], str] | None = None) -> Settings:
    """The settings as configured; somebody may be asked for Matrix's password where none is.

    Raises SettingsWrong with every problem.
    """
    try:
        strangers = list(_strangers())
    except UnicodeDecodeError:
        raise SettingsWrong([".env: this is not UTF-8: save the file as UTF-8"]) from None
    try:
        settings = _read(ask_password)
    except ValidationError as refused:
        raise SettingsWrong([*map(_problem, refused.errors()), *strangers]) from None
    if strangers:
        raise SettingsWrong(strangers)
    _keep_secrets(settings)
    return settings


def _read(ask_password: Callable[[], str] | None) -> Settings:
    try:
        return Settings()
    except ValidationError as refused:
        wanted = [error for error in refused.errors() if error["loc"] == ("matrix_password",)]
        if not (ask_password and wanted and isinstance(wanted[0]["input"], SecretStr) and refused.error_count() == 1):
            raise
    return Settings(matrix_password=SecretStr(ask_password()))


def _keep_secrets(settings: Settings) -> None:
    for secret in (settings.telegram_token, settings.matrix_password):
        keep_secret(secret.get_secret_value())
    for address in (settings.database, settings.proxy):
        keep_secret("".join(_PASSWORD.findall(address)))


def _strangers() -> Iterator[str]:
    """Variables of ours that mean nothing: a misspelt one would be ignored without a word."""
    known = {f"{_PREFIX}{name.upper()}{ending}" for name in Settings.model_fields for ending in ("", "_FILE")}
    given = {**EnvSettingsSource(Settings).env_vars, **DotEnvSettingsSource(Settings).env_vars}
    for name in sorted(each.upper() for each, value in given.items() if value):
        if name.startswith(_PREFIX) and name not in known and not _OTHERS.fullmatch(name.removeprefix(_PREFIX)):
            near = closest(name, sorted(known))
            yield f"{name}: there is no such setting: " + (f"did you mean {near}?" if near else "remove it")


def _problem(error: Any) -> str:
    """What is wrong with a variable; never what it holds."""
    name = str(error["loc"][0])
    variable = f"{_PREFIX}{name.upper()}"
    if isinstance(error["input"], _Unreadable):
        return f"{variable}_FILE: the file cannot be read: check its path and permissions"
    if name in _WRITTEN and error["type"] != "value_error":
        return f"{variable}: write {_WRITTEN[name]}"
    return f"{variable}: {error['msg'].removeprefix('Value error, ')}"
