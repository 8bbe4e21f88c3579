"""Validation: plain data to a model, each objection at the line and column it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bot.content.document import Document, Place
from bot.content.problem import described, explain, neither
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
        for inside, what, mend in _objections(model, refused.errors(include_url=False)):
            document.object((*place, *inside), what, mend)
        return None


def _objections(model: type[BaseModel], errors: Iterable[Any]) -> Iterator[tuple[Place, str, str]]:
    """Where, what and how to mend it; one of all that is said about a value that may have several shapes."""
    found = [(error, _way(model, error["loc"])) for error in errors]
    for _, group in groupby(found, lambda each: each[1].choice or object()):
        several = list(group)
        first, way = several[0]
        fitting = [each for each in several if each[1].fits or each[0]["type"] == "value_error"]
        if way.choice and not fitting:
            yield way.choice, *neither(way.choice, first["input"], [described(one) for one in way.shapes])
            continue
        for error, each in fitting if way.choice else several:
            if not (error["type"] == "too_short" and error["input"]):  # its parts are refused, and say why
                yield each.inside, *explain(error, each.inside, list(each.model.model_fields))


@dataclass(slots=True)
class _Way:
    """From a model to what an error is about, without the names that pydantic gives to the shapes of one value."""

    model: type[BaseModel]  # the innermost that was entered
    inside: Place = ()
    choice: Place = ()  # the value that may have several shapes, where there is one on the way
    shapes: Sequence[Any] = ()
    fits: bool = False  # whether the error lies deeper than that value: it has this shape, and its parts are wrong


def _way(model: type[BaseModel], location: Place) -> _Way:
    way = _Way(model)
    annotation: Any = model
    for step in location:
        shapes = list(_shapes(annotation))
        if len(shapes) > 1:
            way.choice, way.shapes = way.inside, shapes
            tagged = re.findall(r"\w+", str(step))[-1:]  # "Range", or "function-after[_ordered(), Range]"
            annotation = next((shape for shape in shapes if [getattr(shape, "__name__", "")] == tagged), Any)
            continue
        way.inside, way.fits = (*way.inside, step), bool(way.choice)
        if isinstance(shapes[0], type) and issubclass(shapes[0], BaseModel):
            way.model = shapes[0]
        annotation = _part(shapes[0], step)
    return way


def _shapes(annotation: Any) -> Iterator[Any]:
    """The types that a value may have, None apart."""
    if get_origin(annotation) is Annotated:
        yield from _shapes(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for one in get_args(annotation):
            if one is not NoneType:
                yield from _shapes(one)
    else:
        yield annotation


def _part(shape: Any, step: str | int) -> Any:
    """The type of a model's field or of a list's part."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        field = shape.model_fields.get(str(step))
        return field.annotation if field else Any
    return next(iter(get_args(shape)), Any)
