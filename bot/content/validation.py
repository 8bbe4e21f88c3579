"""Validation: plain data to a model, each objection at the line and column it is about."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bot.content.document import Document, Place
from bot.content.problem import explain
from bot.core.entry import Languages

M = TypeVar("M", bound=BaseModel)


def valid(model: type[M], document: Document, place: Place, data: Any, languages: Languages) -> M | None:
    """The data as a model, or None with the document's problems saying why."""
    if not isinstance(data, dict):
        document.object(place, "this is not an entry", "write field: value lines")
        return None
    try:
        return model.model_validate(data, context=languages)
    except ValidationError as refused:
        for error in refused.errors(include_url=False):
            if not (error["type"] == "too_short" and error["input"]):  # its parts are refused, and say why
                _object(document, place, model, error)
        return None


def _object(document: Document, place: Place, model: type[BaseModel], error: Any) -> None:
    inside: Place = tuple(part for part in error["loc"])
    known = _fields(model, inside)
    what, mend = explain(error, known)
    document.object((*place, *inside), what, mend)


def _fields(model: type[BaseModel], inside: Place) -> list[str]:
    """The field names of the model that a location inside another leads to."""
    for part in inside[:-1]:
        field = model.model_fields.get(str(part))
        if field is None:
            continue
        model = next(_models(field.annotation), model)
    return list(model.model_fields)


def _models(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)
