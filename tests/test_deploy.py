"""Deployment: what the image, the trial and the units promise; where their tools are installed, those look too."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings
from tests.program import HOUSE

DEPLOY = HOUSE / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
UNITS = ("pratip.service", "pratip-backup.service")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and what each says."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    lines = (line.partition(" ") for line in text.splitlines() if line.strip())
    return [(word, " ".join(rest.split())) for word, _, rest in lines]


def last(word: str) -> str:
    return [rest for name, rest in instructions() if name == word][-1]


def copied() -> list[tuple[str, str]]:
    """What comes from the checkout, and where it goes."""
    pairs = [shlex.split(rest) for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    return [(source, target) for source, target in pairs]


def unit(name: str) -> dict[str, list[str]]:
    lines = (line.partition("=") for line in (DEPLOY / name).read_text().splitlines() if re.match(r"\w+=", line))
    found: dict[str, list[str]] = {}
    for key, _, value in lines:
        found.setdefault(key, []).append(value)
    return found


def done(*command: str) -> str:
    """What a command says when it ends well."""
    ended = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


# --- the image


def test_the_image_runs_the_program_in_place_and_as_nobody_in_particular() -> None:
    assert last("USER") == "10001:10001"
    assert last("ENTRYPOINT") == '["python", "-m", "bot"]'
    assert last("WORKDIR") == "/pratip"
    assert (last("WORKDIR"), dict(copied())["bot"].removesuffix("/bot")) == ("/pratip", "/pratip")
    after = [word for word, _ in instructions()][[word for word, _ in instructions()].index("USER") :]
    assert {"RUN", "COPY", "ADD"} & set(after) == set()  # what it runs as owns nothing that it runs


def test_the_image_installs_by_hash_and_names_no_index() -> None:
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    assert len(installs) == 1
    assert {"--require-hashes", "--no-deps", "/requirements.txt"} <= set(installs[0].split())
    assert "index" not in DOCKERFILE
    assert "//" not in DOCKERFILE


def test_the_image_holds_the_program_and_the_content_and_nothing_else() -> None:
    assert [source for source, _ in copied()] == ["requirements.txt", "bot", "handlers", "content"]
    ignored = [line for line in (HOUSE / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert (ignored[0], allowed) == ("*", {source for source, _ in copied()})
    assert {"**/__pycache__", "**/.*"} <= set(ignored[ignored.index("!requirements.txt") :])
    assert not re.search("ARG|SECRET|TOKEN|PASSWORD", DOCKERFILE)


def test_what_is_copied_into_the_image_answers_by_itself(tmp_path: Path) -> None:
    for source, target in copied():
        goal = tmp_path / target.strip("/") / ("" if target != "/" else source)
        if (HOUSE / source).is_dir():
            shutil.copytree(HOUSE / source, goal, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(HOUSE / source, goal)
    variables = {"PRATIP_DATA": str(tmp_path / "data"), "PRATIP_KEYS": str(tmp_path / "keys"), "HOME": "/nowhere"}
    before = sorted((tmp_path / "pratip").rglob("*"))
    said = subprocess.run(
        [sys.executable, "-B", "-m", "bot", "chat", "--ask", "/prisoners kem sokha"],
        cwd=tmp_path / "pratip",
        env={**variables, "NO_COLOR": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, "")
    assert "Kem Sokha" in said.stdout
    assert sorted((tmp_path / "pratip").rglob("*")) == before  # it may be read-only


def test_docker_finds_nothing_to_say_of_the_image() -> None:
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "info"], capture_output=True, timeout=60, check=False).returncode == 0:
        done(docker, "build", "--check", "-f", "deploy/Dockerfile", ".")


# --- the trial


@pytest.fixture
def trial() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_the_trial_is_reached_from_this_machine_only(trial: Any) -> None:
    ports = [port for service in trial["services"].values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:8008:8008"]


def test_the_bot_of_the_trial_can_write_nowhere_but_to_its_data_and_has_no_powers(trial: Any) -> None:
    bot = trial["services"]["bot"]
    assert (bot["read_only"], bot["cap_drop"]) == (True, ["ALL"])
    assert bot["security_opt"] == ["no-new-privileges:true"]
    assert [volume.partition(":")[2] for volume in bot["volumes"]] == ["/data", "/keys"]
    assert bot["build"] == {"context": "..", "dockerfile": "deploy/Dockerfile"}


def test_no_secret_is_written_in_the_trial(trial: Any) -> None:
    settings = trial["services"]["bot"]["environment"]
    secret = [name for name in settings if re.search("PASSWORD|TOKEN|SECRET", name)]
    assert [
        name for name in secret if not (name.endswith("_FILE") and settings[name].startswith("/run/secrets/"))
    ] == []
    assert "secrets/" in (HOUSE / ".gitignore").read_text().splitlines()
    assert trial["secrets"]["matrix_password"]["file"] == "./secrets/matrix_password"


def test_compose_understands_the_trial() -> None:
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        done(docker, "compose", "-f", "deploy/compose.yaml", "config", "--quiet")


# --- the units


@pytest.mark.parametrize("name", UNITS)
def test_a_service_is_locked_in_as_far_as_systemd_can(name: str) -> None:
    tool = shutil.which("systemd-analyze")
    if tool:
        said = done(tool, "security", "--offline=true", "--no-pager", f"deploy/{name}")
        found = re.search(r"Overall exposure level for \S+ (\d+\.\d)", said)
        assert found
        assert float(found[1]) <= 2.0


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_a_service_but_for_what_is_not_installed_here(name: str) -> None:
    tool = shutil.which("systemd-analyze")
    if tool:
        ended = subprocess.run(
            [tool, "verify", "--man=no", f"deploy/{name}"], cwd=HOUSE, capture_output=True, text=True, check=False
        )
        ours = [line for line in ended.stderr.splitlines() if name in line]
        assert [line for line in ours if "is not executable" not in line] == []


@pytest.mark.parametrize("name", UNITS)
def test_secrets_reach_a_service_as_credentials_and_its_data_is_its_own(name: str) -> None:
    said = unit(name)
    credentials = dict(each.split(":", 1) for each in said["LoadCredential"])
    assert credentials["keys"] == "/etc/pratip/keys"
    variables = dict(each.split("=", 1) for line in said["Environment"] for each in line.split())
    pointed = {name: value for name, value in variables.items() if value.startswith("%d/")}
    assert {value.removeprefix("%d/") for value in pointed.values()} == credentials.keys()
    known = {f"PRATIP_{name.upper()}{ending}" for name in Settings.model_fields for ending in ("", "_FILE")}
    assert {each for each in variables if each.startswith("PRATIP_")} <= known
    assert said["StateDirectory"][0].split()[0] == "pratip"
    assert said["StateDirectoryMode"] == ["0700"]
    assert said["User"] == ["pratip"]
    assert "ExecReload" not in said


def test_a_backup_is_made_where_the_timer_says_and_without_a_network() -> None:
    said = unit("pratip-backup.service")
    assert said["ExecStart"] == ["/opt/pratip/.venv/bin/python -m bot backup /var/lib/pratip-backup"]
    assert said["StateDirectory"] == ["pratip pratip-backup"]
    assert said["PrivateNetwork"] == ["yes"]
    assert unit("pratip-backup.timer")["OnCalendar"] == ["*-*-* 02:00"]


# --- the runbook


def test_the_runbook_names_only_files_that_are_there() -> None:
    runbook = (DEPLOY / "README.md").read_text()
    assert [path for path in re.findall(r"deploy/([\w.-]+\w)", runbook) if not (DEPLOY / path).exists()] == []
    variables = set(re.findall(r"PRATIP_([A-Z_]+[A-Z])", runbook))
    assert {each.lower().removesuffix("_file") for each in variables} <= Settings.model_fields.keys()
