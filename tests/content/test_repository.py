"""Repository: a folder becomes a snapshot, or every problem of it is said at once and nothing changes."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import handlers
from bot.content import ContentBroken, Problem, load
from bot.content.repository import SHIPPED, Repository
from bot.core.content import Snapshot
from bot.core.entry import Entry
from bot.core.text import Style
from handlers.prisoners import Prisoner
from handlers.timeline import Happening
from tests.packs import SOURCES, entry, person, write

TODAY = date(2026, 11, 23)
EVENT = entry(title="Election day", date='"2018-07-29"', text="People voted.")


def loaded(folder: Path, files: Mapping[str, str], *languages: str) -> Snapshot:
    return load(write(folder, files, *languages), handlers.kinds, TODAY)[0]


def refused(folder: Path, files: Mapping[str, str], *languages: str) -> list[str]:
    """What is said of a pack that is refused."""
    with pytest.raises(ContentBroken) as broken:
        load(write(folder, files, *languages), handlers.kinds, TODAY)
    return [str(problem) for problem in broken.value.problems]


# --- what a folder becomes


def test_a_file_is_one_entry_named_by_the_file_or_a_list_of_entries_with_ids(tmp_path: Path) -> None:
    several = "".join(
        f"- id: {name.lower()}\n  title: {name}\n  date: 2019\n  text: Then.\n  {SOURCES}\n"
        for name in ("Second", "Third")
    )
    view = loaded(tmp_path, {"events/first.yaml": EVENT, "events/more.yaml": several}).view()
    assert [entry.id for entry in view.of(Happening)] == ["first", "second", "third"]
    assert [str(entry.heading) for entry in view.of(Happening)] == ["Election day", "Second", "Third"]


def test_an_entry_may_repeat_the_name_of_its_file(tmp_path: Path) -> None:
    assert list(loaded(tmp_path, {"events/first.yaml": "id: first\n" + EVENT}).view().entries) == ["first"]


def test_each_language_has_its_own_view_and_gaps_are_filled_and_marked(tmp_path: Path) -> None:
    event = entry(title="{en: Election, km: ការបោះឆ្នោត}", date="2018", text="{en: People voted.}", notes="[One]")
    snapshot = loaded(tmp_path, {"events/vote.yaml": event}, "en", "km")
    english, khmer = (snapshot.views[code].of(Happening)[0] for code in ("en", "km"))
    assert (str(english.title), str(khmer.title)) == ("Election", "ការបោះឆ្នោត")
    assert (str(khmer.text), khmer.text.has(Style.FALLBACK), english.text.has(Style.FALLBACK)) == (
        "People voted.",
        True,
        False,
    )
    assert not khmer.title.has(Style.FALLBACK)
    assert [snapshot.view(wish).locale.code for wish in ("km-KH", "KM", "fr", "")] == ["km", "km", "en", "en"]


def test_a_draft_translation_is_marked(tmp_path: Path) -> None:
    event = entry(
        title="{en: Vote, km: {text: បោះឆ្នោត, draft: true}}", date="2018", text="{en: A, km: {text: ខ, draft: false}}"
    )
    happening = loaded(tmp_path, {"events/vote.yaml": event}, "en", "km").views["km"].of(Happening)[0]
    assert (happening.title.has(Style.DRAFT), happening.text.has(Style.DRAFT)) == (True, False)


def test_a_pack_speaks_with_the_shipped_words_and_its_own_go_before(tmp_path: Path) -> None:
    own = "name: Our English\nphrases: {bad: {failed: That went wrong.}}\n"
    view = loaded(tmp_path, {"strings/en.yaml": own}).view()
    assert (str(view.say("bad.failed")), view.languages) == ("That went wrong.", {"en": "Our English"})
    assert str(view.say("command.help")) == "all commands"


def test_a_phrase_that_a_language_lacks_is_said_in_the_reference_language_and_marked(tmp_path: Path) -> None:
    files = {
        "strings/en.yaml": "phrases: {bad: {failed: Oh no.}}\n",
        "strings/de.yaml": "name: Deutsch\nphrases: {bad: {unknown: Diesen Befehl kenne ich nicht.}}\n",
    }
    german = loaded(tmp_path, files, "en", "de").views["de"]
    assert (str(german.say("bad.failed")), german.say("bad.failed").has(Style.FALLBACK)) == ("Oh no.", True)
    assert not german.say("bad.unknown").has(Style.FALLBACK)
    assert german.say("command.help").has(Style.FALLBACK)


def test_a_pack_may_do_without_english(tmp_path: Path) -> None:
    pack = "title: ប្រទីប\nlanguages: [de]\ndefault_language: de\nreference_language: de\ntime_zone: Asia/Phnom_Penh\n"
    files = {"pack.yaml": pack, "strings/de.yaml": "phrases: {bad: {failed: O nein.}}\n"}
    view = loaded(tmp_path, files).view()
    assert (view.locale.code, str(view.say("bad.failed"))) == ("de", "O nein.")
    assert view.say("command.help").has(Style.FALLBACK)


def test_a_reference_on_one_side_links_both(tmp_path: Path) -> None:
    files = {
        "prisoners/one.yaml": person("Sok Vanna", related="[two]"),
        "prisoners/two.yaml": person("Chan Dara"),
        "prisoners/three.yaml": person("Keo Mony"),
    }
    view = loaded(tmp_path, files).view()
    one, three, two = view.of(Prisoner)
    assert (view.linked(one, Prisoner), view.linked(two, Prisoner), view.linked(three, Prisoner)) == (
        (two,),
        (one,),
        (),
    )


def test_one_index_finds_what_stands_in_any_language(tmp_path: Path) -> None:
    text = "{en: Ballots were counted., km: បាន\u200bរាប់\u200bសន្លឹក}"
    event = entry(title="{en: Election, km: ការបោះឆ្នោត}", date="2018", text=text)
    view = loaded(tmp_path, {"events/vote.yaml": event, "events/other.yaml": EVENT}, "en", "km").view()
    assert [[hit.id for hit in view.search(words)] for words in ("ballots", "ការបោះឆ្នោត", "សន្លឹក")] == [["vote"]] * 3


def test_the_version_is_a_name_for_the_state_of_the_files(tmp_path: Path) -> None:
    first = loaded(tmp_path, {"events/first.yaml": EVENT}).version
    assert loaded(tmp_path, {"events/first.yaml": EVENT}).version == first
    assert loaded(tmp_path, {"events/first.yaml": EVENT + "notes: [New.]\n"}).version != first
    assert loaded(tmp_path, {"events/first.yaml": EVENT, "events/again.yaml": EVENT}).version not in ("", first)


def test_the_one_who_chooses_a_language_hears_so_in_that_language(tmp_path: Path) -> None:
    chosen = loaded(tmp_path, {}, "en", "km").view().chosen
    assert {code: str(text) for code, text in chosen.items()} == {
        code: str(load(SHIPPED, handlers.kinds)[0].views[code].say("language.chosen")) for code in ("en", "km")
    }


def test_files_that_are_hidden_or_no_yaml_are_left_alone(tmp_path: Path) -> None:
    files = {
        ".git/a.yaml": "x",
        "events/.old/e.yaml": EVENT,
        "README.md": "x",
        "LICENSE": "x",
        "events/e.yaml.orig": "x",
    }
    assert loaded(tmp_path, files).view().entries == {}


def test_loading_leaves_the_garbage_collector_as_it_was(tmp_path: Path) -> None:
    loaded(tmp_path, {"events/first.yaml": EVENT})
    assert gc.isenabled()
    gc.disable()
    try:
        refused(tmp_path, {"events/first.yaml": "titel: T\n"})
        assert not gc.isenabled()
    finally:
        gc.enable()


# --- what is read again

CLAIMED = entry(claim="Nobody is held.", who="A spokesman", date="2019", related="[a]")


PEOPLE = {"prisoners/a.yaml": person("Sok Vanna"), "prisoners/b.yaml": person("Chan Dara")}


def test_what_has_not_changed_is_not_read_again(tmp_path: Path) -> None:
    repository = Repository(write(tmp_path, PEOPLE), handlers.kinds)
    before = repository.load(TODAY)[0].view().entries
    write(tmp_path, {"prisoners/b.yaml": person("Long Sophea")})
    (tmp_path / "prisoners/a.yaml").touch()
    after = repository.load(TODAY)[0].view().entries
    assert after["a"] is before["a"]
    assert str(after["b"].heading) == "Long Sophea"


def test_every_file_is_read_again_on_another_day_and_in_other_languages(tmp_path: Path) -> None:
    repository = Repository(write(tmp_path, PEOPLE), handlers.kinds)
    before, warnings = repository.load(TODAY)
    after, more = repository.load(TODAY.replace(year=2040))
    assert after.view().entries["a"] is not before.view().entries["a"]
    assert len(more) > len(warnings)
    assert repository.load(TODAY)[1] == warnings
    assert sorted(repository.load(TODAY)[0].views) == ["en"]
    write(tmp_path, {}, "en", "km")
    assert sorted(repository.load(TODAY)[0].view("km").entries) == ["a", "b"]


def test_what_files_say_of_one_another_is_looked_at_each_time(tmp_path: Path) -> None:
    repository = Repository(write(tmp_path, {**PEOPLE, "claims/c.yaml": CLAIMED}), handlers.kinds)
    repository.load(TODAY)
    (tmp_path / "prisoners/a.yaml").unlink()
    for _ in range(2):
        with pytest.raises(ContentBroken) as broken:
            repository.load(TODAY)
        assert [str(each) for each in broken.value.problems if not each.warning] == [
            "claims/c.yaml:4:11: there is no entry a: remove it, or add what it names"
        ]
    write(tmp_path, PEOPLE)
    content = repository.load(TODAY)[0].view()
    assert [each.id for each in content.linked(content.entries["c"], Entry)] == ["a"]


def test_what_is_broken_is_found_each_time_and_what_is_mended_is_read(tmp_path: Path) -> None:
    repository = Repository(write(tmp_path, PEOPLE), handlers.kinds)
    for text, line in (("name: [\n", 2), (person(custody="jailed"), 4), (person(role="call 012 345 678"), 2)):
        write(tmp_path, {"prisoners/b.yaml": text})
        for _ in range(2):
            with pytest.raises(ContentBroken) as broken:
                repository.load(TODAY)
            assert {each.line for each in broken.value.problems if not each.warning} == {line}
    write(tmp_path, PEOPLE)
    assert len(repository.load(TODAY)[0].view().entries) == 2


@pytest.mark.parametrize(
    ("file", "old", "new"), [("topics.yaml", "Prisoners", "P" * 1_000), ("updates/u.yaml", "An update", "U" * 1_000)]
)
def test_what_is_sent_is_measured_again_where_anything_in_it_has_changed(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    update = entry(title="An update", date="2026-11-23", topics="[prisoners]", text="x" * 3_000)
    files = {"topics.yaml": "- {id: prisoners, name: Prisoners}\n", "updates/u.yaml": update}
    repository = Repository(write(tmp_path, files), handlers.kinds)
    repository.load(TODAY)
    write(tmp_path, {file: files[file].replace(old, new)})
    with pytest.raises(ContentBroken) as broken:
        repository.load(TODAY)
    assert [each.what for each in broken.value.problems if not each.warning] == [
        "what is sent of it in en is more than one message takes"
    ]
    write(tmp_path, files)
    repository.load(TODAY)


# --- what is refused, each at its place

DATES = "write 2019, 2019-05, 2019-05-30 or {from: 2019-05, to: 2020}"
FOLDERS = "actions, background, claims, events, figures, laws, prisoners, recommendations, reviews, updates"
COLON, STAR = "put quotes around words that contain a colon", "put quotes around words that begin with * or &"
CUSTODY = "detained, house-arrest, on-bail, free, abroad, dead, unknown"
HYPHENS = "begin each part with a hyphen, on a line of its own"
CLAIM = entry(claim="Nobody is held.", who="A spokesman", date="2019")
PACK = "title: T\nlanguages: {languages}\ndefault_language: en\ntime_zone: Asia/Phnom_Penh\n"


def said(**fields: str) -> dict[str, str]:
    """An event with other fields."""
    return {"events/e.yaml": entry(**{"title": "Election day", "date": "2018", "text": "People voted.", **fields})}


# Files, and what is said of each pack with them.
BROKEN: list[tuple[Mapping[str, str], list[str]]] = [
    # YAML's own traps
    (said(title="no"), []),
    (said(date="no"), [f"events/e.yaml:2:1: date: not a date: {DATES}"]),
    (said(date="1e3"), [f"events/e.yaml:2:1: date: not a date: {DATES}"]),
    (said(date="2019-05"), []),
    (said(date="2019-05-01T00:00:00"), [f"events/e.yaml:2:1: date: not a date: {DATES}"]),
    (
        said(date="2019-02-29"),
        [f"events/e.yaml:2:1: date: there is no such day (day is out of range for month): {DATES}"],
    ),
    (
        said(date="{from: 2020, to: 2019}"),
        ["events/e.yaml:2:1: date: the span ends before it starts: exchange from and to"],
    ),
    (said(date="{from: 2020, until: 2021}"), [f"events/e.yaml:2:1: date: not a date: {DATES}"]),
    (said(date=""), [f"events/e.yaml:2:1: date: not a date: {DATES}"]),
    (
        said(title="true"),
        ["events/e.yaml:1:1: title: expected words, or a mapping from language to words: correct it"],
    ),
    (
        said(title="A: a title"),
        [f"events/e.yaml:1:9: mapping values are not allowed in this context: {COLON}"],
    ),
    (
        said(title="*bold*"),
        [f"events/e.yaml:1:13: did not find expected alphabetic or numeric character: {STAR}"],
    ),
    (said(aliases="[*a]"), ["events/e.yaml:4:11: *a stands for nothing: write it out, or put quotes around it"]),
    (
        {"events/e.yaml": "title: T\n\tdate: 2019\n"},
        ["events/e.yaml:2:1: found a tab character that violates indentation: use spaces instead of tabs"],
    ),
    ({"events/e.yaml": EVENT + "title: Again\n"}, ["events/e.yaml:5:1: title stands here twice: keep one of them"]),
    ({"events/e.yaml": "[" * 100_000}, ["events/e.yaml:1:42: this is nested too deeply: flatten it"]),
    ({"events/e.yaml": "- " * 100_000}, ["events/e.yaml:1:83: this is nested too deeply: flatten it"]),
    ({"events/e.yaml": ""}, ["events/e.yaml:1:1: the file is empty: write an entry or delete the file"]),
    (
        {"events/e.yaml": "a word\n"},
        ["events/e.yaml:1:1: this is neither an entry nor a list of entries: write field: value lines"],
    ),
    ({"events/e.yaml": "- a word\n"}, ["events/e.yaml:1:3: this is not an entry: write field: value lines"]),
    ({"events/e.yaml": "\ufeff" + EVENT}, []),
    (said(title='"\\u202eT"'), ["events/e.yaml:1:1: a hidden control character stands here: write it without"]),
    # fields
    (said(titel="T"), ["events/e.yaml:4:1: there is no field titel here: did you mean title?"]),
    ({"events/e.yaml": f"title: T\ntext: T\n{SOURCES}\n"}, ["events/e.yaml:1:1: date is missing: add date"]),
    (
        {"prisoners/a.yaml": person().replace("as_of: 2026-10\n", "")},
        ["prisoners/a.yaml:1:1: as_of is missing: add as_of"],
    ),
    (
        {"prisoners/a.yaml": person(custody="jailed")},
        [f"prisoners/a.yaml:4:1: custody cannot be 'jailed': use one of {CUSTODY}"],
    ),
    ({"events/e.yaml": EVENT.replace(SOURCES + "\n", "")}, ["events/e.yaml:1:1: sources is missing: add sources"]),
    (said(sources="[]"), ["events/e.yaml:4:1: sources is empty: add at least one"]),
    (
        said(sources="\n  - title: T\n    publisher: P\n    url: www.example.org"),
        ["events/e.yaml:7:5: 'www.example.org' is no address: write it whole, beginning with https://"],
    ),
    (
        said(sources="\n  - title: T\n    publisher: P"),
        ["events/e.yaml:5:5: sources: there is no address: add url, or say in withheld why there is none"],
    ),
    (said(sources="\n  - {title: T, publisher: P, withheld: It names a relative.}"), []),
    # ids and references
    (
        {"events/a.yaml": f"id: b\n{EVENT}"},
        ["events/a.yaml:1:1: the id is not the file's name: write a or leave it out"],
    ),
    (
        {"events/Big Day.yaml": EVENT},
        ["events/Big Day.yaml:1:1: 'Big Day' cannot be an id: use lower-case letters, digits and single hyphens"],
    ),
    (
        {"events/a.yaml": EVENT, "claims/a.yaml": CLAIM},
        ["events/a.yaml:1:1: the id a is taken by claims/a.yaml: choose another id"],
    ),
    (
        {"claims/a.yaml": f"- id: one\n  claim: C\n  who: W\n  date: 2019\n  {SOURCES}\n" * 2},
        ["claims/a.yaml:6:3: the id one is taken by claims/a.yaml: choose another id"],
    ),
    (
        {"claims/a.yaml": f"- id: [one]\n  claim: C\n  who: W\n  date: 2019\n  {SOURCES}\n"},
        ["claims/a.yaml:1:3: id holds a list, not words: write words"],
    ),
    (
        {"events/kem-sokha.yaml": EVENT, **said(related="[kem-sokah]")},
        ["events/e.yaml:4:11: there is no entry kem-sokah: did you mean kem-sokha?"],
    ),
    (said(related="[nobody]"), ["events/e.yaml:4:11: there is no entry nobody: remove it, or add what it names"]),
    (
        said(related="['']"),
        ["events/e.yaml:4:11: related is empty: add at least one"],
    ),
    (
        {"themes.yaml": "- {id: torture, name: Torture}\n", **said(themes="\n  - tortur")},
        ["events/e.yaml:5:5: there is no theme tortur: did you mean torture?"],
    ),
    (said(themes="[anything]"), []),
    (
        {
            "topics.yaml": "- {id: laws, name: Laws}\n",
            "updates/u.yaml": entry(date="2026", topics="[lows]", title="T", text="T"),
        },
        ["updates/u.yaml:2:10: there is no topic lows: did you mean laws?"],
    ),
    (
        {"updates/u.yaml": entry(date="2026", topics="[]", title="T", text="T")},
        ["updates/u.yaml:2:1: topics is empty: add at least one"],
    ),
    (
        {"themes.yaml": "- {id: a, name: A}\n- {id: b, name: B}\n- {id: a, name: C}\n"},
        ["themes.yaml:3:4: the id a is taken above: choose another id"],
    ),
    ({"themes.yaml": "a: b\n"}, ["themes.yaml:1:1: this is not a list: begin each term with a hyphen"]),
    ({"themes.yaml": "- a\n"}, ["themes.yaml:1:3: this is not an entry: write field: value lines"]),
    # files
    (
        {"evnts/e.yaml": EVENT},
        [f"evnts/e.yaml:1:1: nothing reads this file: put it into one of {FOLDERS} and end its name in .yaml"],
    ),
    (
        {"events/e.yml": EVENT},
        [f"events/e.yml:1:1: nothing reads this file: put it into one of {FOLDERS} and end its name in .yaml"],
    ),
    (
        {"events/e.YAML": EVENT},
        [f"events/e.YAML:1:1: nothing reads this file: put it into one of {FOLDERS} and end its name in .yaml"],
    ),
    (
        {"events/e.yaml/a.txt": ""},
        ["events/e.yaml:1:1: the file cannot be read (Is a directory): check its permissions"],
    ),
    # the pack and its languages
    (
        {"pack.yaml": "title: T\n"},
        [f"pack.yaml:1:1: {name} is missing: add {name}" for name in ("default_language", "languages", "time_zone")],
    ),
    ({"pack.yaml": "- T\n"}, ["pack.yaml:1:1: this is not an entry: write field: value lines"]),
    (
        {"pack.yaml": PACK.format(languages="en")},
        [f"pack.yaml:2:1: languages holds 'en', not a list: {HYPHENS}"],
    ),
    ({"pack.yaml": PACK.format(languages="[]")}, ["pack.yaml:2:1: languages is empty: add at least one"]),
    (
        {"pack.yaml": PACK.format(languages="[en, klingon]")},
        ["pack.yaml:2:17: klingon is no language code: use an ISO 639 code like en or km"],
    ),
    (
        {"pack.yaml": PACK.format(languages=f"[en, {'x' * 300}]")},
        [f"pack.yaml:2:17: {'x' * 300} is no language code: use an ISO 639 code like en or km"],
    ),
    (
        {"pack.yaml": PACK.format(languages="[en, de]")},
        ["pack.yaml:2:1: the language de has no strings: copy strings/en.yaml to strings/de.yaml and translate it"],
    ),
    (
        {"pack.yaml": PACK.format(languages="[km]")},
        ["pack.yaml:1:1: en is not among the languages: add it to languages"],
    ),
    (
        {"pack.yaml": PACK.format(languages="[en]") + "reference_language: klingon\n"},
        [
            "pack.yaml:1:1: klingon is not among the languages: add it to languages",
            "pack.yaml:5:1: klingon is no language code: use an ISO 639 code like en or km",
        ],
    ),
    (said(title="{en: T, de: T}"), ["events/e.yaml:1:1: title: no such language: de (the pack has en)"]),
]


@pytest.mark.parametrize(("files", "complaints"), BROKEN)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, files: Mapping[str, str], complaints: list[str]) -> None:
    if complaints:
        assert refused(tmp_path, files) == complaints
    else:
        loaded(tmp_path, files)


def test_a_file_in_another_encoding_is_refused_where_its_first_strange_byte_stands(tmp_path: Path) -> None:
    folder = write(tmp_path, {"events/e.yaml": EVENT})
    (folder / "events/e.yaml").write_bytes(EVENT.replace("People", "Caf\xe9").encode("latin-1"))
    assert refused(folder, {}) == ["events/e.yaml:3:10: this is not UTF-8: save the file as UTF-8"]


def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    folder = write(tmp_path, {"events/e.yaml": EVENT, "strings/de.yaml/a.txt": ""}, "en", "de")
    os.mkfifo(folder / "events/pipe.yaml")
    (folder / "events/loop.yaml").symlink_to("loop.yaml")
    (folder / "themes.yaml").symlink_to("themes.yaml")
    unreadable = "the file cannot be read"
    assert [each for each in refused(folder, {}, "en", "de") if ": warning: " not in each] == [
        f"events/loop.yaml:1:1: {unreadable} (Too many levels of symbolic links): check its permissions",
        "events/pipe.yaml:1:1: this is no file but a pipe or a device: make it a file",
        f"strings/de.yaml:1:1: {unreadable} (Is a directory): check its permissions",
        f"themes.yaml:1:1: {unreadable} (Too many levels of symbolic links): check its permissions",
    ]


@pytest.mark.parametrize("text", ["", "title: T: T\n", "- a\n"])
def test_a_pack_file_that_cannot_be_read_puts_no_blame_on_the_others(tmp_path: Path, text: str) -> None:
    files = {"pack.yaml": text, "strings/km.yaml": "phrases: {}\n", **said(title="{en: T, km: ប}")}
    errors = [each for each in refused(tmp_path, files) if ": warning: " not in each]
    assert [each.partition(":")[0] for each in errors] == ["pack.yaml"]


def test_every_problem_of_every_file_is_said_at_once_and_in_order(tmp_path: Path) -> None:
    files = {
        "events/b.yaml": "titel: T\n",
        "events/a.yaml": "title: *T*\n",
        "claims/c.yaml": entry(claim="C", who="W", date="20x", related="[nobody]"),
        "strings/en.yaml": "frases: {}\n",
        "themes.yaml": "x: y\n",
        "stray/s.yaml": "x",
    }
    said_of = [line.split(":")[0] for line in refused(tmp_path, files)]
    assert said_of == sorted(said_of)
    assert set(said_of) == set(files)


def test_an_entry_in_a_file_that_cannot_be_read_is_there_all_the_same(tmp_path: Path) -> None:
    files = {"events/a.yaml": EVENT + "related: [b]\n", "events/b.yaml": "title: *T*\n"}
    assert [line.partition(":")[0] for line in refused(tmp_path, files)] == ["events/b.yaml"]


def test_a_broken_pack_keeps_its_warnings_too(tmp_path: Path) -> None:
    files = {"prisoners/a.yaml": person(as_of="2020"), "prisoners/b.yaml": person(custody="jailed")}
    with pytest.raises(ContentBroken, match="3 problems in the content") as broken:
        loaded(tmp_path, files)
    assert [(problem.file, problem.warning) for problem in broken.value.problems] == [
        ("prisoners/a.yaml", True),
        ("prisoners/a.yaml", True),
        ("prisoners/b.yaml", False),
    ]


def test_a_folder_that_is_not_there_is_a_problem_too(tmp_path: Path) -> None:
    with pytest.raises(ContentBroken) as broken:
        load(tmp_path / "none", handlers.kinds)
    assert broken.value.problems == [
        Problem(f"{tmp_path}/none", 1, 1, "there is no such folder", "set PRATIP_CONTENT to one")
    ]


def test_a_folder_without_a_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentBroken) as broken:
        load(tmp_path, handlers.kinds)
    assert [str(problem) for problem in broken.value.problems] == ["pack.yaml:1:1: there is no such file: write it"]


# --- whatever is typed into a shipped file

SOME = (
    "pack.yaml",
    "offences.yaml",
    "states.yaml",
    "themes.yaml",
    "topics.yaml",
    "strings/en.yaml",
    "strings/km.yaml",
    "prisoners/seam-pluk.yaml",
    "laws/nationality-subdecree-2026.yaml",
    "recommendations/cycle-4.yaml",
    "reviews/upr-cycle-1.yaml",
    "claims/licadho-list-contested-2016.yaml",
    "figures/licadho-political-prisoners-list.yaml",
    "background/how-cases-were-compiled.yaml",
)
LINES = st.sampled_from(
    [
        "",
        "- ",
        "a: b",
        "  - x",
        "\t",
        "{",
        "]",
        "---",
        "? x",
        "id: a",
        "<<: *x",
        '"',
        "sources:",
        "draft: no",
        "en: [x]",
        "  km: {}",
        "!!set {a}",
        "[" * 50,
        "0: 0",
        "related: [nobody]",
        "title:",
        "languages: [x]",
        "phrases: 5",
    ]
)


@st.composite
def mistakes(draw: st.DrawFn) -> tuple[str, bytes]:
    """One shipped file with something typed, lost or turned in it."""
    name = draw(st.sampled_from(SOME))
    raw = (SHIPPED / name).read_bytes()
    if draw(st.booleans()):
        at = draw(st.integers(0, len(raw)))
        lost = draw(st.integers(0, 40))
        return name, raw[:at] + draw(st.binary(max_size=4) | st.text(max_size=3).map(str.encode)) + raw[at + lost :]
    lines = raw.splitlines(keepends=True)
    first, lost = draw(st.integers(0, len(lines))), draw(st.integers(0, 3))
    indent = b" " * draw(st.sampled_from([0, 2, 4, 6]))
    typed = draw(st.lists(LINES, max_size=2))
    lines[first : first + lost] = [indent + line.encode() + b"\n" for line in typed]
    return name, b"".join(lines)


@pytest.fixture(scope="module")
def shipped_part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few shipped files that need no others."""
    folder = tmp_path_factory.mktemp("content")
    for name in SOME:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(SHIPPED / name, folder / name)
    load(folder, handlers.kinds, TODAY)
    return folder


def leans(problem: Problem, name: str) -> bool:
    """Whether a problem of another file is one of what the changed file no longer gives it."""
    shared = "/" not in name or name.startswith("strings/")  # terms, languages and phrases are for all
    return shared or problem.what.startswith(("there is no entry", "the id "))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mistake=mistakes())
def test_any_mistake_in_a_shipped_file_is_harmless_or_refused_with_a_place(
    shipped_part: Path, mistake: tuple[str, bytes]
) -> None:
    name, raw = mistake
    path = shipped_part / name
    sound = path.read_bytes()
    path.write_bytes(raw)
    try:
        load(shipped_part, handlers.kinds, TODAY)
    except ContentBroken as broken:
        errors = [problem for problem in broken.problems if not problem.warning]
        assert errors
        for problem in errors:
            assert problem.file == name or leans(problem, name), problem
            assert (problem.line > 0, problem.column > 0, problem.what != "", problem.mend != "") == (True,) * 4
            lines = (shipped_part / problem.file).read_bytes().count(b"\n") + 2
            assert problem.line <= lines or b"\r" in raw
    finally:
        path.write_bytes(sound)
