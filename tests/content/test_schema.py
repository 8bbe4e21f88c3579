"""Schema: editors refuse what the loader refuses of a file's shape, and nothing that it takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

import handlers
from bot.content import ContentBroken, load
from bot.content.document import parse
from bot.content.repository import SHIPPED
from bot.content.schema import FOLDER, directive, schemas
from bot.content.sheet import Sheet
from tests.content.test_repository import TODAY
from tests.packs import SOURCES, entry, person, write

WRITTEN = schemas(handlers.kinds)
FILES = sorted(path.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob("*.yaml"))


def validator(file: str) -> Draft7Validator:
    """The schema that a file's first line leads to."""
    named = directive(file).rpartition("/")[2]
    return Draft7Validator(json.loads(WRITTEN[named]))


def parts(node: Any) -> list[dict[str, Any]]:
    """Every mapping in a schema."""
    if isinstance(node, list):
        return [part for each in node for part in parts(each)]
    return [node, *(part for each in node.values() for part in parts(each))] if isinstance(node, dict) else []


def test_the_files_are_those_that_the_models_make() -> None:
    """`make schema` writes them."""
    there = {path.name: path.read_text("utf-8") for path in (SHIPPED / FOLDER).iterdir()}
    assert there == WRITTEN


def test_every_kind_and_every_list_has_one_of_draft_7() -> None:
    assert {kind.folder for kind in handlers.kinds} < {name.removesuffix(".json") for name in WRITTEN}
    for text in WRITTEN.values():
        schema = json.loads(text)
        Draft7Validator.check_schema(schema)
        assert [each for each in parts(schema) if "$ref" in each and len(each) > 1] == []
        assert [each for each in parts(schema) if each.keys() & {"$defs", "prefixItems", "x-shape"}] == []


def test_every_field_of_every_model_says_what_it_is() -> None:
    silent = [
        (name, model, field)
        for name, text in WRITTEN.items()
        for model, schema in json.loads(text)["definitions"].items()
        for field, said in schema.get("properties", {}).items()
        if not said.get("description")
    ]
    assert silent == []


@pytest.mark.parametrize("file", FILES)
def test_every_shipped_file_names_its_schema_and_fits_it(file: str) -> None:
    text = (SHIPPED / file).read_text("utf-8")
    first = text.split("\n", 1)[0]
    assert first == directive(file)
    assert (SHIPPED / file).parent.joinpath(first.partition("$schema=")[2]).resolve().is_file()
    assert [error.message for error in validator(file).iter_errors(parse(text, file).data)] == []


LAW = {"laws/a-law.yaml": entry(title="T", kind="law", status="in-force", as_of="2019")}
EVENT = {"title": "Vote", "date": "2018", "text": "People voted."}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("events/e.yaml", entry(**{**EVENT, "date": "2019-05"})),
        ("events/e.yaml", entry(**{**EVENT, "date": "'2019-05-30'"})),
        ("events/e.yaml", entry(**{**EVENT, "date": "{from: 2019, to: 2020-02-29}"})),
        ("events/e.yaml", entry(**{**EVENT, "title": "{en: {text: Vote, draft: true}}"})),
        ("events/e.yaml", entry(**{**EVENT, "title": "2018"})),
        ("events/e.yaml", entry(**EVENT, aliases="[2018, '118.22']")),
        ("events/e.yaml", f"- id: one\n  title: T\n  date: 2019\n  text: T\n  {SOURCES}\n"),
        ("events/e.yaml", entry(**EVENT, as_of="")),
        ("prisoners/a.yaml", person(charges="[{text: T, law: a-law}]", minor_at_arrest="no")),
        ("laws/a-law.yaml", entry(title="T", kind="law", status="in-force", as_of="2019")),
        ("strings/en.yaml", "name: E\nphrases: {bad: {failed: Oh no.}}\ncommands: {help: Help}\n"),
    ],
)
def test_what_the_loader_takes_of_a_shape_an_editor_takes_too(tmp_path: Path, file: str, text: str) -> None:
    assert [error.message for error in validator(file).iter_errors(parse(text, file).data)] == []
    load(write(tmp_path, {**LAW, file: text}), handlers.kinds, TODAY)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("events/e.yaml", entry(titel="T", **EVENT)),
        ("events/e.yaml", "title: T\ndate: 2018\ntext: T\n"),
        ("events/e.yaml", entry(title="T", text="T")),
        ("events/e.yaml", entry(**{**EVENT, "date": "2019-02-30"})),
        ("events/e.yaml", entry(**{**EVENT, "date": "no"})),
        ("events/e.yaml", entry(**{**EVENT, "title": "true"})),
        ("events/e.yaml", entry(**{**EVENT, "title": "{en: {text: T, draft: no}}"})),
        ("events/e.yaml", entry(**EVENT, related="kem-sokha")),
        ("events/e.yaml", entry(**EVENT, sources="[]")),
        ("events/e.yaml", entry(**EVENT, sources="[{title: T, publisher: P, url: example.org}]")),
        ("events/e.yaml", f"- title: T\n  date: 2019\n  text: T\n  {SOURCES}\n"),
        ("events/e.yaml", "a word\n"),
        ("prisoners/a.yaml", person(custody="jailed")),
        ("prisoners/a.yaml", person(charges="[T]")),
        ("reviews/r.yaml", entry(cycle="first", date="2019", session="1")),
        ("topics.yaml", "- {id: Laws, name: Laws}\n"),
        ("topics.yaml", "id: laws\n"),
        ("pack.yaml", "title: T\nlanguages: en\ndefault_language: en\ntime_zone: Asia/Phnom_Penh\n"),
        ("imports.yaml", "columns: {txt: [Text]}\n"),
        ("strings/en.yaml", "frases: {}\n"),
        ("strings/en.yaml", "draft: no\n"),
        ("strings/en.yaml", "phrases: 5\n"),
    ],
)
def test_what_an_editor_refuses_the_loader_refuses_too(tmp_path: Path, file: str, text: str) -> None:
    assert not validator(file).is_valid(parse(text, file).data)
    with pytest.raises(ContentBroken) as broken:
        load(write(tmp_path, {file: text}), handlers.kinds, TODAY)
    assert file in {problem.file for problem in broken.value.problems if not problem.warning}


def test_a_file_that_an_import_begins_names_its_schema() -> None:
    sheet = Sheet("recommendations/cycle-5.yaml", "", ["id", "gist"])
    sheet.append({"id": "one", "gist": "Words"})
    assert sheet.text().split("\n")[:2] == [directive("recommendations/cycle-5.yaml"), "- id: one"]
