"""Log: events and counts; never a person, a text or a token, whoever writes it and however it is rendered."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.log import configure, keep_secret, log, mute, scrub


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """What configure() changes for the whole process."""
    root, ours = logging.getLogger(), logging.getLogger("pratip")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    before = structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    structlog.configure(**before)


class Lines:
    """What was written to standard error since the last look."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    @property
    def text(self) -> str:
        captured = self.capsys.readouterr()
        assert captured.out == ""
        return captured.err

    @property
    def json(self) -> dict[str, Any]:
        """The only line."""
        (line,) = self.text.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return Lines(capsys)


def told(text: str) -> list[str]:
    """The events of some lines for people."""
    return re.findall(r"\] (\S+)", text)


@pytest.fixture
def awake() -> Iterator[None]:
    """The libraries that are muted elsewhere, and may speak here."""
    muted = [logging.getLogger(name) for name in ("nio", "telegram")]
    before = [(logger, logger.level, logger.disabled) for logger in muted]
    for logger in muted:
        logger.setLevel(logging.NOTSET)
        logger.disabled = False
    yield
    for logger, level, disabled in before:
        logger.setLevel(level)
        logger.disabled = disabled


# --- the scrubber

PERSONS = [
    "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "bot7000000001:AAH-token_token-token_token",
    "syt_cHJhdGlw_abcdef_012345",
    "mat_abcdefABCDEF",
    "mct_abcdefABCDEF",
    "@sokha:example.org",
    "!AbcdefGhijkl:example.org",
    "$event/id+x=:example.org:8448",
    "#rights:example.org",
    "$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg",
    "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM",
    "sok.vanna+news@mail.example.org",
    "@sokha_vanna",
    "123456789",
    "-1001234567890",
    "+855 12 345 678",
    "+85512345678",
    "+855 (0)12-345-678",
]


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.parametrize("around", ["{}", "to {}.", "chat={} gone", '"{}"', "({})", "[{}, 5]", "ask {}\nnow", "x:{}"])
def test_whatever_names_a_person_is_taken_out(person: str, around: str) -> None:
    scrubbed = scrub(around.format(person))
    assert "[private]" in scrubbed
    assert not re.search(r"sokha|vanna|sok\.|AAH|syt|mat_|mct_|Abc|Rqn|31h|\d{4}|345", scrubbed)  # no part of any


@pytest.mark.parametrize(
    "words",
    [
        "starting platforms=telegram, matrix",
        "pause_seconds=12.5 attempt=3 of 10000",
        "2026-11-23T21:22:21.123456Z",
        "2026-11-23 21:22:21",
        "service.py:131 _handled > store.py:77 prefs",
        "http://127.0.0.1:8081",
        "version 1.2.3 build 99999",
        "sha256 3f786850e387550fdab836ed7e6dc881de23001b",
        "5 of 6: 83.333333 %",
        "លោក ១២៣",
    ],
)
def test_what_an_operator_needs_stays(words: str) -> None:
    assert scrub(words) == words


def test_before_it_is_configured_an_error_shows_no_words_and_no_variables_either() -> None:
    program = "from bot.log import log\ntry:\n int('somebody')\nexcept ValueError:\n log.exception('failed')"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "event='failed'" in said.stderr
    assert "error='ValueError'" in said.stderr
    assert "somebody" not in said.stderr + said.stdout


def test_a_configured_secret_is_taken_out_wherever_it_turns_up() -> None:
    keep_secret("open sesame")
    keep_secret("")
    assert scrub("said open sesame, open sesames") == "said [secret], [secret]s"


@given(st.text())
def test_scrubbing_twice_changes_nothing_more(text: str) -> None:
    assert scrub(scrub(text)) == scrub(text)


# --- lines for people, and JSON


def test_a_line_for_people_says_when_how_grave_and_what(lines: Lines) -> None:
    configure()
    log.info("starting", platforms="telegram")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z \[info +\] starting +platforms=telegram\n", lines.text)


def test_a_line_of_json_holds_the_same(lines: Lines) -> None:
    configure(form="json")
    log.warning("ផ្អាក", seconds=1.5, count=3, whole=True, nothing=None)
    line = lines.json
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", line.pop("timestamp"))
    assert line == {"level": "warning", "event": "ផ្អាក", "seconds": 1.5, "count": 3, "whole": True, "nothing": None}


def test_the_level_is_ours_and_libraries_are_heard_from_warning_on(lines: Lines) -> None:
    configure("DEBUG")
    log.debug("ours")
    logging.getLogger("aiohttp").info("theirs")
    logging.getLogger("aiohttp").warning("theirs, but grave")
    assert told(lines.text) == ["ours", "library"]
    configure("ERROR")
    log.warning("ours")
    logging.getLogger("aiohttp").warning("theirs")
    log.error("grave")
    assert told(lines.text) == ["library", "grave"]


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("person", PERSONS)
def test_nobody_is_named_in_any_form_as_a_value_or_in_the_words(lines: Lines, form: str, person: str) -> None:
    configure(form=form)
    log.error(f"about {person}", who=person, several=[person], number=123456789)
    logging.getLogger("library").warning("about %s", person)
    text = lines.text
    assert (person[1:-1] in text, "23456789" in text) == (False, False)
    assert text.count("[private]") >= 4


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_secret_that_has_to_be_escaped_is_taken_out_too(lines: Lines, form: str) -> None:
    keep_secret('pass"wo\\rd\u17d2')
    configure(form=form)
    log.error("refused", reason='with pass"wo\\rd\u17d2.')
    logging.getLogger("library").warning('with pass"wo\\rd\u17d2.')
    text = lines.text
    assert (text.count("[secret]"), "wo" in text) == (1, False)


def test_nobody_is_named_in_colours_either() -> None:
    """A colour's code ends in a letter: what follows it looks like the rest of a word."""
    ours, terminal = pty.openpty()
    there = sys.stderr
    with os.fdopen(terminal, "w") as sys.stderr:
        configure()
        log.error("gone", chat=123456789, who="@sokha")
        sys.stderr.flush()
        line = os.read(ours, 10_000).decode()
    sys.stderr = there
    os.close(ours)
    assert "\x1b[" in line
    assert (line.count("[private]"), "123456" in line, "sokha" in line) == (2, False, False)


# --- exceptions without their words


def fail(words: str) -> None:
    raise ValueError(words)


def failed(words: str) -> ValueError:
    try:
        fail(words)
    except ValueError as problem:
        return problem
    raise AssertionError


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_exception_is_its_class_and_the_places_it_passed(lines: Lines, form: str) -> None:
    configure(form=form)
    log.error("handler_failed", exc_info=failed("I am in Kampot"))
    text = lines.text
    assert "handler_failed" in text
    assert re.search(r"ValueError", text)
    assert re.search(r"test_log\.py:\d+ failed > test_log\.py:\d+ fail", text)
    assert "Kampot" not in text
    assert "Traceback" not in text


@pytest.mark.parametrize("name", ["pratip", "aiohttp"])
def test_an_exception_being_handled_is_found(lines: Lines, name: str) -> None:
    configure(form="json")
    logger = log if name == "pratip" else logging.getLogger(name)
    try:
        fail("I am in Kampot")
    except ValueError:
        logger.exception("caught")
    line = lines.json
    assert line["event"] == ("caught" if name == "pratip" else "library")
    assert (line["error"], line["at"].rpartition(" ")[2]) == ("ValueError", "fail")


def test_where_nothing_is_being_handled_nothing_is_said_of_it(lines: Lines) -> None:
    configure(form="json")
    log.error("third", exc_info=True)
    assert "error" not in lines.json


def test_of_a_group_of_exceptions_the_first_is_named(lines: Lines) -> None:
    configure(form="json")
    inner = ExceptionGroup("I", [failed("am"), KeyError("in")])
    log.critical("crashed", exc_info=ExceptionGroup("Kampot", [inner]))
    line = lines.json
    assert (line["error"], line["at"].rpartition(" ")[2], line["level"]) == ("ValueError", "fail", "critical")


LIBRARIES = ["asyncio", "sqlalchemy.pool", "nio.crypto", "telegram.ext"]  # the last two are muted where they are used


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.usefixtures("awake")
def test_of_what_a_library_says_only_the_place_and_the_exceptions_class_are_written(
    lines: Lines, form: str, name: str
) -> None:
    configure("DEBUG", form)
    logger, problem = logging.getLogger(name), failed("I am in Kampot")
    logger.warning("failed: %s", problem)
    logger.error("failed: " + str(problem), stack_info=True)  # noqa: G003 (as libraries do)
    logger.error("failed: %(problem)r", {"problem": problem})
    logger.critical(problem)
    logger.error(str(problem), exc_info=problem, extra={"who": "Kampot"})
    text = lines.text
    assert "Kampot" not in text
    assert len(text.splitlines()) == 5
    assert text.count(name) == 5
    assert text.count("ValueError") == 3
    assert len(re.findall(r"test_log\.py:\d+ test_of_what_a_library_says", text)) == 5


@pytest.mark.usefixtures("awake")
def test_what_a_library_says_wrongly_is_not_printed_either(lines: Lines) -> None:
    class Torn:
        def __str__(self) -> str:
            raise ValueError("I am in Kampot")

    configure()
    logging.getLogger("telegram.ext").warning("%d", "Kampot")
    logging.getLogger("telegram.ext").warning(Torn())
    first, second = lines.text.splitlines()
    assert "Kampot" not in first
    assert "library" in first
    assert second == "a line of the log could not be written"


def test_an_exception_that_was_never_raised_passed_no_place(lines: Lines) -> None:
    configure(form="json")
    log.error("odd", exc_info=KeyError("Kampot"))
    line = lines.json
    assert (line["error"], line["at"]) == ("KeyError", "")


def deep(levels: int) -> None:
    if levels:
        deep(levels - 1)
    raise ValueError("Kampot")


def test_only_the_last_places_are_told(lines: Lines) -> None:
    configure(form="json")
    try:
        deep(50)
    except ValueError as problem:
        log.error("lost", exc_info=problem)
    assert len(lines.json["at"].split(" > ")) == 6


def test_a_library_that_is_muted_says_nothing_at_any_level_and_neither_do_its_parts(lines: Lines) -> None:
    mute("muted.library")
    configure("DEBUG")
    for name in ("muted.library", "muted.library.part"):
        logging.getLogger(name).critical("who wrote what")
    logging.getLogger("muted").critical("its neighbour")
    assert re.findall(r"name=(\S+)", lines.text) == ["muted"]


def test_configuring_again_does_not_say_everything_twice(lines: Lines) -> None:
    configure()
    configure(form="json")
    log.error("once")
    assert lines.json["event"] == "once"


def test_it_writes_to_standard_error_as_it_is_at_that_time() -> None:
    there, sys.stderr = sys.stderr, io.StringIO()
    try:
        configure(form="json")
        log.error("here")
        assert json.loads(sys.stderr.getvalue())["event"] == "here"
    finally:
        sys.stderr = there
