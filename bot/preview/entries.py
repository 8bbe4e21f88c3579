"""Entries: the list of entries, and beside it the messages of the one that is chosen, or of what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.core.content import Content
from bot.core.entry import Entry
from bot.preview import updates
from bot.preview.address import ONLY
from bot.preview.bubble import Bubble
from bot.preview.updates import Update
from bot.preview.view import Group, View

_ROWS = 40  # entries on one page of the list
_FORMS = ("show", "full", "sources", "timeline", "related")  # what may be asked about an entry


@dataclass(frozen=True, slots=True)
class Row:
    """An entry in a list."""

    id: str
    href: str
    title: str
    language: str
    kind: str
    chosen: bool
    errors: int
    warnings: int
    long: bool


def entries(view: View) -> Mapping[str, Any]:
    """What the page shows."""
    found = view.entries()
    pages = max(1, -(-len(found) // _ROWS))
    page = min(view.address.number, pages)
    chosen = _chosen(view)
    return {
        "rows": [_row(entry, chosen, view) for entry in found[(page - 1) * _ROWS : page * _ROWS]],
        "total": len(found),
        "page": page,
        "pages": pages,
        "kinds": _kinds(view),
        "themes": _themes(view.content),
        "only": ONLY,
        "entry": chosen,
        "groups": list(_groups(chosen, view)),
        **(_about(chosen, view) if chosen else {}),
    }


def _chosen(view: View) -> Entry | None:
    """The entry that is asked about, where one is."""
    request = view.office.understood(view.address.ask, view.content) if view.address.ask else None
    if request is None or request.command not in _FORMS:
        return None
    return view.content.entries.get(request.argument.partition(" ")[0])


def _row(entry: Entry, chosen: Entry | None, view: View) -> Row:
    problems = view.by_entry.get(entry.id, ())
    errors = sum(not each.warning for each in problems)
    return Row(
        entry.id,
        view.address.asking(f"show {entry.id}"),
        str(entry.heading),
        view.language(entry),
        view.kind(entry),
        entry is chosen,
        errors,
        len(problems) - errors,
        view.is_long(entry.id),
    )


def _kinds(view: View) -> list[tuple[str, str, int]]:
    """Each kind that there is: its noun, its name, how many entries it has."""
    some = ((kind.noun, view.content.of(kind)) for kind in view.office.pack.kinds)
    return [(noun, view.kind(each[0]), len(each)) for noun, each in some if each]


def _themes(content: Content) -> list[tuple[str, str]]:
    used = {str(theme) for entry in content.entries.values() for theme in entry.themes}
    return sorted(((theme, content.label("theme", theme)) for theme in used), key=lambda each: each[1].casefold())


# ---------------------------------------------------------------------------- what is asked


def _form(view: View) -> str:
    """Which of the messages about an entry is shown."""
    return view.address.form or view.address.ask.removeprefix("/").partition(" ")[0]


def _groups(chosen: Entry | None, view: View) -> Iterator[Group]:
    for content in view.spoken if view.address.ask else ():
        if bubbles := _bubbles(chosen, view, content):
            group = view.group(content, bubbles, chosen)
            card = chosen and _form(view) == "show"
            yield replace(group, card=view.office.measure(chosen.id, content)) if chosen and card else group


def _bubbles(chosen: Entry | None, view: View, content: Content) -> tuple[Bubble, ...]:
    if chosen and view.address.form == "news":
        broadcast = updates.as_news(content.entries[chosen.id], view.office.context(content))
        return updates.bubbles(view, Update(broadcast), content) if broadcast else ()
    return view.office.bubbles(view.address, view.address.ask, content)


def _about(entry: Entry, view: View) -> Mapping[str, Any]:
    """What the page says of an entry beside its messages."""
    address, near = view.address, view.content.links.get(entry.id, frozenset())
    tabs = [(form, address.asking(f"{form} {entry.id}")) for form in _FORMS]
    if updates.as_news(entry, view.office.context(view.content)):
        tabs.append(("news", address.with_("/", ask=f"/show {entry.id}", form="news")))
    return {
        "place": view.places.of(entry.id),
        "kind": view.kind(entry),
        "language": view.language(entry),
        "form": _form(view),
        "tabs": tabs,
        "problems": view.by_entry.get(entry.id, ()),
        "links": [_row(other, None, view) for other in view.content.of(Entry) if other.id in near],
    }
