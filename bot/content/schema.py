"""Schema: what an editor knows of a content file: a JSON Schema (draft 7) of each folder and list, from the models."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from textwrap import dedent
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from bot.content.strings import PLURALS, TIMES
from bot.content.wording import Wording
from bot.core.content import Pack, Term
from bot.core.entry import Entry

FOLDER = "schema"  # in the content folder
Schema = dict[str, Any]
_DRAFT = "http://json-schema.org/draft-07/schema#"
_LITTLE = ("noise", "companions", "page", "negation")
_LISTS = {
    "offences": "Offences by the names that sources give them, whatever the article.",
    "states": "The States that recommend, with other names for them.",
    "themes": "The themes that entries are filed under.",
    "topics": "What people can subscribe to.",
}
_DAYS = r"(0[13578]|1[02])(-(0[1-9]|[12]\d|3[01]))?|(0[469]|11)(-(0[1-9]|[12]\d|30))?|02(-(0[1-9]|[12]\d))?"
_TEXT: Schema = {"type": ["string", "number"], "pattern": r"\S"}
_ONE: Schema = {"$ref": "#/definitions/text"}
_SEVERAL: Schema = {"anyOf": [_ONE, {"type": "array", "items": _ONE}, {"type": "null"}]}
# What the validators of these names read; the loader takes a number for the words that it is written with.
_READ = {"parse": "date", "_name": "words", "_words": "words"}
_SHAPES: Mapping[str, Schema] = {
    "text": _TEXT,
    "date": {
        "anyOf": [
            {"type": "string", "pattern": rf"^\d{{4}}(-({_DAYS}))?$"},
            {"type": "integer", "minimum": 1000, "maximum": 9999},
            {
                "type": "object",
                "required": ["from", "to"],
                "properties": {name: {"$ref": "#/definitions/date"} for name in ("from", "to")},
                "additionalProperties": False,
            },
        ]
    },
    "words": {
        "anyOf": [
            _ONE,
            {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": r"^[a-z]{2,3}([_-]\w+)*$"},
                "additionalProperties": {"anyOf": [_ONE, {"$ref": "#/definitions/draft"}]},
            },
        ]
    },
    "draft": {
        "type": "object",
        "required": ["text"],
        "properties": {
            "text": {**_TEXT, "description": "the words"},
            "draft": {"type": "boolean", "description": "true until a native speaker has read it"},
        },
        "additionalProperties": False,
    },
}


def schemas(kinds: Iterable[type[Entry]]) -> dict[str, str]:
    """The text of every schema, by the name of its file."""
    found = {
        "pack": _of(Pack, "#/definitions/Pack"),
        "imports": _of(Wording, "#/definitions/Wording"),
        "strings": _strings(),
        **{name: _list(about) for name, about in _LISTS.items()},
        **{kind.folder: _entries(kind) for kind in kinds},
    }
    return {f"{name}.json": json.dumps(each, ensure_ascii=False, indent=1) + "\n" for name, each in found.items()}


def directive(file: str) -> str:
    """The comment by which editors find a content file's schema; it is the file's first line."""
    folder, _, name = file.rpartition("/")
    of = f"../{FOLDER}/{folder}" if folder else f"{FOLDER}/{name.removesuffix('.yaml')}"
    return f"# yaml-language-server: $schema={of}.json"


# -- kinds and lists


def _entries(kind: type[Entry]) -> Schema:
    """A file is one entry, named by the file, or a list of entries that each have an id."""
    one = f"#/definitions/{kind.__name__}"
    schema = _of(kind, one)
    schema["definitions"][kind.__name__]["required"].remove("id")
    several = {"items": {"allOf": [{"$ref": one}, {"required": ["id"]}]}}
    del schema["allOf"]
    return {**schema, "if": {"type": "array"}, "then": several, "else": {"$ref": one}}


def _list(about: str) -> Schema:
    schema = _of(Term, "#/definitions/Term")
    del schema["allOf"]
    return {**schema, "description": about, "type": "array", "items": {"$ref": "#/definitions/Term"}}


def _of(model: type[BaseModel], root: str) -> Schema:
    """The schema of one model, everything in it among the definitions."""
    made = model.model_json_schema(schema_generator=_Generator, ref_template="#/definitions/{model}")
    definitions = {**made.pop("$defs", {})}
    definitions.setdefault(model.__name__, made)
    plain = {name: _draft7(each) for name, each in sorted(definitions.items())}
    about = plain[model.__name__].get("description", "")
    return {
        "$schema": _DRAFT,
        "description": about,
        "allOf": [{"$ref": root}],
        "definitions": {**plain, **_SHAPES},
    }


class _Generator(GenerateJsonSchema):
    """Models as the loader reads them: with our own dates and words, and their fields' docstrings."""

    ignored_warning_kinds = {"non-serializable-default", "skipped-choice"}  # noqa: RUF012 (pydantic declares it so)

    def function_plain_schema(self, schema: Any) -> JsonSchemaValue:
        return {"x-shape": _READ[schema["function"]["function"].__name__]}

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        made = super().model_schema(schema)
        for name, about in _described(schema["cls"]).items():
            if name in made.get("properties", {}):
                made["properties"][name]["description"] = about
        return made


def _described(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings that stand below the fields of a model; they are read only here, and not when the bot starts."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            body = ast.parse(dedent(inspect.getsource(each))).body[0]
            found |= dict(_docstrings(body.body if isinstance(body, ast.ClassDef) else []))
    return found


def _docstrings(body: list[ast.stmt]) -> Iterable[tuple[str, str]]:
    for pair in pairwise(body):
        match pair:
            case (ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words)))):
                yield name, words


def _draft7(node: Any) -> Any:
    """A schema of pydantic's without what draft 7 lacks, as generous about scalars as the loader is."""
    if isinstance(node, list):
        return [_draft7(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {name: _inner(name, value) for name, value in node.items() if name not in ("title", "default")}
    if shape := plain.pop("x-shape", None):
        plain["$ref"] = f"#/definitions/{shape}"
    if "enum" not in plain and "const" not in plain and "type" in plain:
        plain |= _GENEROUS.get(plain["type"], {})
        plain = {name: value for name, value in plain.items() if value is not None}
    if "$ref" in plain and len(plain) > 1:
        return {"allOf": [{"$ref": plain.pop("$ref")}], **plain}
    return plain


_GENEROUS: Mapping[str, Schema] = {
    "string": {"type": ["string", "number"]},
    "integer": {"type": ["integer", "string"], "pattern": r"^-?\d+$"},
    "boolean": {"type": None, "enum": [True, False, "yes", "no", "on", "off"]},
}


def _inner(name: str, value: Any) -> Any:
    """What a keyword holds: of `properties` the names are no keywords."""
    return {each: _draft7(part) for each, part in value.items()} if name == "properties" else _draft7(value)


# -- strings, which have no model


def _strings() -> Schema:
    named = _map(_either(_ONE, _object({"name": _ONE, "words": _SEVERAL}, "name")))
    fields = {
        "name": _about("What the language calls itself.", _ONE),
        "draft": _about("true until a native speaker has read all of it.", {"type": ["boolean", "null"]}),
        "commands": _about(
            "Each command: its line in /help, and other names that people type for it.",
            _map(_either(_ONE, _object({"summary": _ONE, "words": _SEVERAL}, "summary"))),
        ),
        "words": _about("Little words in questions.", _object(dict.fromkeys((*_LITTLE, *TIMES), _SEVERAL))),
        "filters": _about(
            "How each filter and its values are spoken of.", _map(_object({"lead": _SEVERAL, "values": named}))
        ),
        "phrases": _about(
            f"The bot's own sentences; {{braces}} are filled in. Plural forms: {', '.join(sorted(PLURALS))}.",
            _either({"$ref": "#/definitions/phrases"}, {"type": "null"}),
        ),
    }
    phrases = {"type": "object", "additionalProperties": _either(_ONE, {"$ref": "#/definitions/phrases"})}
    return {
        "$schema": _DRAFT,
        "description": "The bot's own words in one language.",
        **_object(fields),
        "definitions": {"text": _TEXT, "phrases": phrases},
    }


def _about(words: str, schema: Schema) -> Schema:
    return {"description": words, **(schema if "$ref" not in schema else {"allOf": [schema]})}


def _either(*shapes: Schema) -> Schema:
    return {"anyOf": list(shapes)}


def _map(part: Schema) -> Schema:
    return {"type": ["object", "null"], "additionalProperties": part}


def _object(fields: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": fields, "additionalProperties": False, "required": list(required)}
