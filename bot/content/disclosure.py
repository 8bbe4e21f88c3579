"""Disclosure: contact data, identity numbers and places of persons in the words of a file, and what hides in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.content.document import Document, Place
from bot.core.text import clean

# What looks like somebody's contact or whereabouts. Paragraphs of the UN (118.22, 118.120) are no coordinates, its
# symbols (A/HRC/41/17) and dates no phone numbers; \d are the digits of Khmer too.
_EMAIL = r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_PHONE = r"""
    (?<![\w/.+-]) (?:
        \+ \d (?: [ .()\u00a0–-]{0,2} \d ){7,14}                  # +855 (0)12 345 678, +66 81 234 5678
      | (?:00)? 855 [ -] 0? \d{2} [ -] \d{3} [ -] \d{3,4}          # 855 12 345 678
      | (?:00)? 855 0? \d{8,9}
      | [0០] [ -]? [1-9១-៩] \d (?: [ .\u00a0–-]? \d ){6,7}         # 012 345 678, 097-1234567
    ) (?! [\w/] | [.-]\w )
"""
_PLACE = r"""
    (?<![\w.]) [+-]? \d{1,3} \. \d{4,} (?: \s*[,;/]\s* | \s+ ) [+-]? \d{1,3} \. \d{4,}      # 11.5564, 104.9282
  | (?<![\w.]) \d{1,3} [.,] \d+ \s* °? \s* [NS] [\s,;/]* \d{1,3} [.,] \d+ \s* °? \s* [EW] \b   # 11.55 N 104.92 E
  | \b [NS] \s* \d{1,3} [.,] \d+ \s* °? [\s,;/]* [EW] \s* \d{1,3} [.,] \d+                    # N 11.55, E 104.92
  | \d{1,3} (?: [.,]\d+ )? \s* ° \s* (?: \d{1,2} (?: [.,]\d+ )? \s* ['′’] | [NSEW] \b )        # 11°33'N, 104.92° E
  | \b (?: lat | lng | lon ) [a-z]* \W{1,3} \d{1,3} [.,] \d+                                   # lat: 11.55
"""
_IDENTITY = r"""
    (?<! [\w./-] ) \d{9} (?: [ ]? \( \d{2} \) )? (?! [\w/-] | \.\w )                            # 012345678(01)
  | \b (?: ID | (?i:identity|passport) ) \b (?i: [ ] (?: card | number | no\.? ) )* [ :#]{0,3} [A-Z]{0,2} [ ]? \d{6,}
"""
PRIVATE = tuple(
    (re.compile(pattern, re.VERBOSE), what, mend)
    for pattern, what, mend in (
        (_EMAIL, "an e-mail address", "leave it out"),
        (_PHONE, "a phone number", "leave it out"),
        (_PLACE, "coordinates", "leave them out"),
        (_IDENTITY, "an identity number", "leave it out, or write 123,456,789"),
    )
)

_ADDRESSES = {"url", "site"}  # what stands there is no words
# Whether any of these may be there: one look at all words of a file, where each of the patterns above would take ten
# times as long. Nearly all digits are those of a day, a year or a paragraph.
_NUMBERS = re.compile(
    r"""\d (?:
        (?<=\+\d) | \d{5} | \.\d{4} | [\s°,;/]* [NSEW] (?![a-z])
      | (?<![\d-]\d) (?! \d{3}-\d\d (?:-\d\d)? (?! [ .()\u00a0–-]{0,2} \d ) ) (?: [ .()\u00a0–-]{0,2} \d ){6}
    )""",
    re.VERBOSE,
)
_LATITUDE = re.compile(r"l(?:at|ng|on)[a-z]*\W{1,3}\d")


def _perhaps_private(words: str) -> bool:
    return "@" in words or "°" in words or bool(_NUMBERS.search(words) or _LATITUDE.search(words))


def check(document: Document) -> None:
    """No contact data, identity numbers or places of persons in any words; addresses of sources are no words.

    And no hidden characters: they turn the words around them, or make a platform refuse the message. Nearly every file
    is free of all that, which is seen in all its words at once.
    """
    words = "\t".join(_strings(document.data, []))
    if clean(words) == words and not _perhaps_private(words):
        return
    for place, each in _placed_strings(document.data, ()):
        if clean(each) != each:
            document.object(place, "a hidden control character stands here", "write it without")
        if not {*place[-1:]} & _ADDRESSES and _perhaps_private(each):
            for pattern, what, mend in PRIVATE:
                if pattern.search(each):
                    document.object(place, f"this looks like {what}", mend)


def _strings(value: Any, found: list[str]) -> list[str]:
    """Add all words to those found, and return them. An address is none, unless something is hidden in it."""
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict):
        for name, part in value.items():
            if name not in _ADDRESSES or clean(str(part)) != str(part):
                _strings(part, found)
    elif isinstance(value, list):
        for part in value:
            _strings(part, found)
    elif isinstance(value, int):
        found.append(str(value))
    return found


def _placed_strings(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str | int):
        yield place, str(value)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _placed_strings(part, (*place, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _placed_strings(part, (*place, index))
