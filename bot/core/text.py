"""Text: plain characters plus marks. Markup exists only in YAML and is parsed here, once, at load."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from math import inf


class Style(StrEnum):
    """What a mark says of the characters it covers."""

    BOLD = "bold"
    ITALIC = "italic"
    CODE = "code"
    LINK = "link"  # target: the address
    COMMAND = "command"  # "/about" in the text; each platform writes its own prefix
    FALLBACK = "fallback"  # the words are in the reference language, target, and not in the reader's
    DRAFT = "draft"  # a translation that no native speaker has read yet
    CLOSING = "closing"  # what stands under every update alike: of several in one message it is said once


@dataclass(frozen=True, slots=True)
class Mark:
    """A style over the characters from start up to end, counted in code points."""

    start: int
    end: int
    style: Style
    target: str = ""

    def moved(self, by: int) -> Mark:
        """The same mark, further along."""
        return replace(self, start=self.start + by, end=self.end + by)


@dataclass(frozen=True, slots=True)
class Limit:
    """The longest text a platform takes, counted its own way: characters, utf16 (units) or bytes (UTF-8)."""

    size: int
    unit: str = "characters"

    def measure(self, text: str) -> int:
        """The length of the text in this limit's unit."""
        return sum(map(self._weight, text))

    def fitting(self, text: str) -> int:
        """How many leading characters of the text fit; at least one, so that splitting always ends."""
        widths = accumulate(map(self._weight, text))
        return max(1, sum(1 for _ in _while(widths, self.size)))

    def _weight(self, character: str) -> int:
        if self.unit == "utf16":
            return 2 if character > "\uffff" else 1
        if self.unit == "bytes":
            return len(character.encode("utf-8", "surrogatepass"))
        return 1


def _while(widths: Iterable[int], size: int) -> Iterator[int]:
    for width in widths:
        if width > size:
            return
        yield width


@dataclass(frozen=True, slots=True)
class Text:
    """Plain characters with marks beside them; a value put into it can never become markup."""

    plain: str = ""
    marks: tuple[Mark, ...] = ()

    def __str__(self) -> str:
        return self.plain

    def __bool__(self) -> bool:
        return bool(self.plain)

    def __add__(self, other: Text | str) -> Text:
        return join((self, other))

    def __getitem__(self, part: slice) -> Text:
        """The characters of a slice (step 1) with what is left of their marks."""
        start, end, _ = part.indices(len(self.plain))
        clipped = (replace(m, start=max(m.start, start), end=min(m.end, end)) for m in self.marks)
        return Text(self.plain[start:end], tuple(m.moved(-start) for m in clipped if m.start < m.end))

    def styled(self, style: Style, target: str = "") -> Text:
        """The whole text under one more mark."""
        if not self.plain:
            return self
        return Text(self.plain, (Mark(0, len(self.plain), style, target), *self.marks))

    def has(self, style: Style) -> bool:
        """Whether any character carries the style."""
        return any(mark.style is style for mark in self.marks)

    def strip(self) -> Text:
        """Without white space at either end."""
        start = len(self.plain) - len(self.plain.lstrip())
        return self[start : max(start, len(self.plain.rstrip()))]

    def format(self, **values: Text | str) -> Text:
        """Put values into {placeholders}, in link targets too; a value's own marks come with it.

        Raises KeyError for a placeholder without a value.
        """
        pieces: list[Text] = []
        moves: list[tuple[int, int]] = []  # (old offset from which on, characters gained)
        position = gained = 0
        for hole in _PLACEHOLDER.finditer(self.plain):
            value = as_text(values[hole[1]])
            pieces += [Text(self.plain[position : hole.start()]), value]
            position = hole.end()
            gained += len(value.plain) - len(hole[0])
            moves.append((position, gained))
        body = join((*pieces, self.plain[position:]))

        def moved(offset: int) -> int:
            return offset + next((gain for start, gain in reversed(moves) if start <= offset), 0)

        ends = ((moved(m.start), min(moved(m.end), len(body.plain)), m) for m in self.marks)
        own = (Mark(start, end, m.style, _fill(m.target, values)) for start, end, m in ends)
        return Text(body.plain, tuple(m for m in own if m.start < m.end) + body.marks)

    def placeholders(self) -> frozenset[str]:
        """The names of the values this text asks for."""
        targets = (mark.target for mark in self.marks)
        return frozenset(name for part in (self.plain, *targets) for name in _PLACEHOLDER.findall(part))

    def split(self, limit: Limit) -> Iterator[Text]:
        """Parts that each fit the limit, cut at the widest break there is: paragraph, line, sentence, word."""
        rest = self.strip()
        while rest:
            cut = _break(rest.plain, limit.fitting(rest.plain))
            yield rest[:cut].strip()
            rest = rest[cut:].strip()

    def shortened(self, size: int) -> Text:
        """At most size characters: whole sentences where the first fits, else clauses or words, and an ellipsis."""
        if len(self.plain) <= size:
            return self
        sentences = [m.end() for m in _SENTENCE_END.finditer(self.plain) if m.end() <= size]
        if sentences:
            return self[: sentences[-1]].strip()
        clause = self.plain.rfind("; ", size // 3, size - 1)
        cut = self.plain[: clause if clause > 0 else _break(self.plain, max(1, size - 1))].rstrip(" ,;:–-(")
        return self[: len(cut)] + "…"

    def capitalized(self) -> Text:
        """With a capital first letter, where the script has one; marks stay where they are."""
        first = self.plain[:1].upper()
        return Text(first + self.plain[1:], self.marks) if len(first) == 1 else self  # "ß" would become two


_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# A sentence ends in a stop before a space, but not after an abbreviation like "arts." or "No.", nor inside quotes.
_SENTENCE_END = re.compile(r"(?<!\b[A-Z])(?<!\barts)(?<!\bart)(?<!\bNo)(?<!\bvs)[.!?។]['\"”’)]?(?=\s|$)")
_BREAKS = ("\n\n", "\n", "។", ". ", "; ", ", ", " ", "\u200b")


def _fill(target: str, values: Mapping[str, Text | str]) -> str:
    return _PLACEHOLDER.sub(lambda hole: str(values[hole[1]]), target)


def _break(text: str, fitting: int) -> int:
    """Where to cut so that at most fitting characters come before, never inside a written syllable."""
    if fitting >= len(text):
        return len(text)
    for mark in _BREAKS:
        found = text.rfind(mark, 0, fitting)
        if found > fitting // 2:
            return found + len(mark)
    cut = fitting
    while cut > 1 and _joined(text[cut - 1], text[cut]):
        cut -= 1
    return cut if cut > 1 else fitting


def _joined(before: str, after: str) -> bool:
    """Whether two neighbours are one written sign: combining marks, joiners, Khmer subscripts."""
    return unicodedata.category(after) in ("Mn", "Mc", "Me") or {before, after} & _JOINERS != set()


_JOINERS = {"\u17d2", "\u200d", "\ufe0f"}  # Khmer coeng, zero-width joiner, emoji variation


def as_text(value: Text | str) -> Text:
    """A string as text without marks; a text as it is."""
    return value if isinstance(value, Text) else Text(value)


def join(parts: Iterable[Text | str], separator: str = "") -> Text:
    """The parts one after another, with a separator between them."""
    plain: list[str] = []
    marks: list[Mark] = []
    position = 0
    for part in map(as_text, parts):
        if plain and separator:
            plain.append(separator)
            position += len(separator)
        plain.append(part.plain)
        marks += [mark.moved(position) for mark in part.marks]
        position += len(part.plain)
    return Text("".join(plain), tuple(marks))


def lines(*parts: Text | str | None) -> Text:
    """The parts that are there, one a line."""
    return join((part for part in parts if part), "\n")


def paragraphs(*parts: Text | str | None) -> Text:
    """The parts that are there, with an empty line between them."""
    return join((part for part in parts if part), "\n\n")


@dataclass(frozen=True, slots=True)
class Loose:
    """Words that may be cut short where there is no room for all of them, and the line that holds them."""

    words: Text
    line: Callable[[Text], Text] = as_text
    weight: int = 1  # twice the weight, twice the room; at 0 the words come whole, where room is left, or not at all

    def within(self, size: int) -> Text:
        """As many of the words as so many characters hold."""
        if self.weight:
            return self.words.shortened(max(_KEPT, size))
        return self.words if len(self.words.plain) <= size else Text()


Line = Text | Loose | None
_KEPT = 27  # characters that loose words keep however little room there is


def whole(parts: Iterable[Line]) -> Text:
    """The parts that are there, one a line, with nothing cut."""
    return lines(*(part.line(part.words) if isinstance(part, Loose) else part for part in parts))


def fitted(parts: Iterable[Line], room: int) -> Text:
    """The parts that are there, one a line, in so many characters: the loose ones share what the others leave."""
    given = tuple(parts)
    loose = {place: part for place, part in enumerate(given) if isinstance(part, Loose)}
    left = room - len(whole(given).plain) + sum(len(part.words.plain) for part in loose.values())
    shown = _shared(loose, left)
    return lines(*(part.line(shown[place]) if isinstance(part, Loose) else part for place, part in enumerate(given)))


def _shared(loose: Mapping[int, Loose], left: int) -> dict[int, Text]:
    """The words of each loose line: what the short ones leave goes to the long ones, the rest to the weightiest."""
    order = sorted(loose, key=lambda each: _need(loose[each]))
    shown: dict[int, Text] = {}
    for done, place in enumerate(order, 1):
        others = [loose[each] for each in order[done:] if loose[each].weight]
        weights = loose[place].weight + sum(part.weight for part in others)
        share = left * loose[place].weight // weights if weights else left
        shown[place] = loose[place].within(min(share, left - _KEPT * len(others)))
        left -= len(shown[place].plain)
    for place in sorted(loose, key=lambda each: -loose[each].weight):
        taken = len(shown[place].plain)
        shown[place] = loose[place].within(taken + left) if left > 0 else shown[place]
        left += taken - len(shown[place].plain)
    return shown


def _need(part: Loose) -> float:
    return len(part.words.plain) / part.weight if part.weight else inf


_MARKUP = re.compile(
    r"\\(?P<escaped>[\\*_`\[\]/])"
    r"|`(?P<code>[^`\n]+)`"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<url>[^)\s]+)\)"
    r"|(?<![A-Za-z0-9*])\*(?! )(?P<bold>[^*\n]+)(?<! )\*(?![A-Za-z0-9*])"
    r"|(?<![A-Za-z0-9_])_(?! )(?P<italic>[^_\n]+)(?<! )_(?![A-Za-z0-9_])"
    r"|(?<![\w/.:@-])/(?P<command>[a-z][a-z_]+)"
)


def parse(markup: str) -> Text:
    r"""Read `*bold* _italic_ \`code\` [label](url) /command`; a backslash takes a sign's meaning away."""
    if not _SIGN.search(markup):  # as in most words
        return Text(markup)
    parts: list[Text | str] = []
    position = 0
    for found in _MARKUP.finditer(markup):
        parts += [markup[position : found.start()], _marked(found)]
        position = found.end()
    return join((*parts, markup[position:]))


def literal(words: str) -> str:
    """The markup that says exactly these words, somebody else's, with no mark on them."""
    lightly = _MARKUP.sub(r"\\\g<0>", words)
    return lightly if parse(lightly) == Text(words) else _SIGN.sub(r"\\\g<0>", words)


def _marked(found: re.Match[str]) -> Text:
    kind, value = found.lastgroup or "", found[found.lastgroup or 0]
    match kind:
        case "escaped":
            return Text(value)
        case "command":
            return Text("/" + value).styled(Style.COMMAND)
        case "url":
            return parse(found["label"]).styled(Style.LINK, value)
        case _:
            return parse(value).styled(Style(kind))


_SIGN = re.compile(r"[\\*_`\[\]/]")

# What hides in a message and turns what stands around it: bidirectional controls, and halves of characters.
_HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def clean(words: str) -> str:
    """Somebody else's characters without controls, direction overrides and lone surrogates."""
    return _HOSTILE.sub("", words.replace("\r\n", "\n"))
