"""Log: structured events and counts, never a person, a text or a token; the scrubber is the last line of defence."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TextIO

import structlog

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("pratip")

# Anything shaped like a bot token, an access token, a Matrix id, an e-mail address, a handle, a phone or long number.
_PRIVATE = re.compile(
    r"\d{5,}:[\w-]{20,}"
    r"|\b(?:syt|mat|mct)_[\w-]+"
    r"|[@!$#][\w.=/+-]+:[\w.:-]+"
    r"|[!$][\w-]{20,}"
    r"|[\w.+-]+@[\w-]+\.[\w.]+"
    r"|(?<![\w.@])@\w{3,}"
    r"|\+\d[\d ().-]{5,}\d"
    r"|(?<![\w.-])-?\d{6,}(?![\w-]|\.\w)"
)
_SECRETS: set[str] = set()


def keep_secret(value: str) -> None:
    """Let a configured secret never be written, wherever it turns up."""
    if value:
        _SECRETS.add(value)


def scrub(text: str) -> str:
    """The text without secrets and without anything that looks like a person's address."""
    for secret in _SECRETS:
        text = text.replace(secret, "[secret]")
    return _PRIVATE.sub("[private]", text)


def mute(*names: str) -> None:
    """Let libraries say nothing at all: what they write quotes people, rooms or the token."""
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # for those below it
        logging.getLogger(name).disabled = True


def configure(level: str = "INFO", form: str = "console") -> None:
    """Send our events to standard error, as lines for people or as JSON; of the libraries' warnings, where from."""
    render: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = _Quiet(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter
    handler.setFormatter(
        _Scrubbed(
            foreign_pre_chain=[_without_words, *_STAGES],
            processors=[formatter.remove_processors_meta, render],
            pass_foreign_args=True,
            use_get_message=False,
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("pratip").setLevel(level)
    _process(formatter.wrap_for_formatter, structlog.stdlib.LoggerFactory())


def _process(render: Any, logger: Callable[..., Any]) -> None:
    structlog.configure(
        processors=[*_STAGES, render],
        logger_factory=logger,
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


class _Quiet(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's own name)
        """Say no more than that a line is missing: logging itself would print all that it could not write."""
        with suppress(OSError, ValueError):
            self.stream.write("a line of the log could not be written\n")


class _Scrubbed(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


def _without_words(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A library's record becomes its place: its words may be an exception's, and so somebody's; no pattern finds those.

    An exception among its arguments is named like one that is logged as such.
    """
    record: logging.LogRecord = event["_record"]
    place = f"{record.filename}:{record.lineno} {record.funcName}"
    arguments = event["positional_args"] or ()
    arguments = arguments.values() if isinstance(arguments, Mapping) else arguments
    problem = next((each for each in arguments if isinstance(each, BaseException)), None)
    for words in ("positional_args", "stack_info"):
        event.pop(words, None)
    event.update(event="library", name=record.name, place=place, exc_info=event.get("exc_info") or problem)
    return event


def _without_bodies(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception becomes its class and the places it passed: its words may quote what somebody wrote."""
    problem = event.pop("exc_info", None)
    if problem is True:
        problem = sys.exc_info()[1]
    elif isinstance(problem, tuple):
        problem = problem[1]
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    if isinstance(problem, BaseException):
        event["error"] = type(problem).__name__
        event["at"] = " > ".join(_places(problem))
    return event


def _without_persons(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Each value scrubbed by itself, before a renderer colours or escapes it and so hides it."""
    for name, value in event.items():
        if not name.startswith("_") and (scrubbed := scrub(str(value))) != str(value):
            event[name] = scrubbed
    return event


def _places(problem: BaseException) -> list[str]:
    places = []
    trace = problem.__traceback__
    while trace:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-6:]


_STAGES: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _without_bodies,
    _without_persons,
]
# Until it is configured: structlog's own way shows the value of every variable.
_process(structlog.processors.KeyValueRenderer(), lambda *_: structlog.PrintLogger(sys.stderr))
