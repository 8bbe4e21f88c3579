"""Spelling: text that looks alike gets one spelling, in two scripts; how alike two words are.

Khmer is written without spaces, so its unit is the orthographic syllable and not the word. Where words are compared,
each distinct syllable is one letter of a private alphabet: a wrong syllable is then one wrong letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, reduce
from itertools import chain, islice, takewhile
from operator import itemgetter

# ---------------------------------------------------------------------------- one spelling

_COENG = "\u17d2"  # makes a subscript of the next letter
_LETTER = "[\u1780-\u17b3]"
_SIGN = f"(?:{_COENG}{_LETTER}|[\u17b6-\u17d1])"
_WORD = r"[^\W_\u1780-\u17ff]++"

_DEPRECATED = {
    "\u17a3": "\u17a2",
    "\u17a4": "\u17a2\u17b6",
    "\u17a8": "\u17a7\u1780",
    "\u17b2": "\u17b1",
    "\u17d3": "\u17c6",
    "\u17dd": "\u17d1",
}
_DIGITS = dict(zip("០១២៣៤៥៦៧៨៩", "0123456789", strict=True))
_INVISIBLE = dict.fromkeys("\u00ad\u034f\u17b4\u17b5\u200b\u200c\u200d\u2060\ufeff", "")
_REPLACED = _DEPRECATED | _DIGITS | _INVISIBLE
_REPLACEABLE = re.compile(f"[{''.join(_REPLACED)}]")
_ACCENT = re.compile("[\u0300-\u036f]")
_STRAY_COENG = re.compile(f"{_COENG}(?!{_LETTER})")
_SIGNED = re.compile(f"{_LETTER}{_SIGN}{{2,}}")
_PART = re.compile(f"{_COENG}?.")

_SPLIT_VOWELS = ((frozenset("\u17c1\u17b8"), "\u17be"), (frozenset("\u17c1\u17b6"), "\u17c4"))
_UPPER_VOWELS = frozenset("\u17b7\u17b8\u17b9\u17ba\u17be")
_SHIFTERS = frozenset("\u17c9\u17ca")
_ORDER = {"\u17cc": 0, _COENG: 1, "\u17c9": 2, "\u17ca": 2}  # then vowels and other signs, by their codes


def normalize(text: str) -> str:
    """Give text that looks alike one spelling: no case, accents or invisible signs, Khmer marks in one order.

    NFKD is for Latin: Khmer's combining classes are wrong, and frozen (Unicode Technical Note 61).
    """
    text = _REPLACEABLE.sub(lambda found: _REPLACED[found[0]], text)
    text = _ACCENT.sub("", unicodedata.normalize("NFKD", text)).casefold()
    text = _STRAY_COENG.sub("", text).replace("\u17d2\u178a", "\u17d2\u178f")  # subscript da is drawn as ta
    return _SIGNED.sub(lambda found: _ordered(found[0]), text)


@lru_cache(maxsize=8192)
def _ordered(syllable: str) -> str:
    letter: str = syllable[0]
    signs = set(_PART.findall(syllable, 1))
    for halves, vowel in _SPLIT_VOWELS:
        if signs >= halves:
            signs = signs - halves | {vowel}
    if signs & _UPPER_VOWELS:  # there a shifter is drawn as the vowel u, and often typed so
        signs = {"\u17bb" if sign in _SHIFTERS else sign for sign in signs}
    return letter + "".join(sorted(signs, key=_rank))


def _rank(sign: str) -> tuple[int, bool, str]:
    last_subscript = sign == "\u17d2\u179a"  # ro
    return _ORDER.get(sign[0], len(_ORDER)), last_subscript, sign


_WORD_OR_DECIMAL = rf"{_WORD}(?:(?<=\d)\.\d++)*"
_SYLLABLE = f"[\u1780-\u17b3\u17d7\u17dc]{_SIGN}*"
_CLUSTER = re.compile(f"{_SYLLABLE}|{_WORD_OR_DECIMAL}")
_TERM = re.compile(rf"([\u1780-\u17b3\u17d7\u17dc][\u1780-\u17d2\u17d7\u17dc]*|{_WORD_OR_DECIMAL})|\S")
COMPOUND = re.compile(rf"\b{_WORD}(?:[-‐]{_WORD})+")
HYPHEN = re.compile("[-‐]")
_APOSTROPHE = re.compile(r"['‘’ʼ](?:s\b)?")


def clusters(text: str) -> list[str]:
    """Split text into Khmer orthographic syllables and the words and numbers of other scripts, in order."""
    return _CLUSTER.findall(plain(text))


def plain(text: str) -> str:
    """Normalize text and drop the apostrophes inside words, and a possessive s with its own."""
    return _APOSTROPHE.sub("", normalize(text))


class Alphabet(dict[str, str]):
    """Gives each new syllable the next private-use character."""

    def __missing__(self, syllable: str) -> str:
        letter = self[syllable] = chr(ord(FIRST_LETTER) + len(self))
        return letter


FIRST_LETTER = "\U000f0000"
UNKNOWN_LETTER = "\U0010ffff"
_Letters = Callable[[str], str]


def terms(text: str, letters: _Letters) -> list[str]:
    """Split plain text into words, and Khmer between spaces in private letters; "" is anything else in between."""
    return [_spell(term, letters) if "\u1780" <= term < "\u1800" else term for term in _TERM.findall(text)]


def _spell(run: str, letters: _Letters) -> str:
    return "".join(map(letters, _CLUSTER.findall(run)))


def is_khmer(term: str) -> bool:
    """Tell whether a term is spelt in private letters."""
    return term >= FIRST_LETTER


# ---------------------------------------------------------------------------- likeness of two terms

EXACT, PREFIX, _VARIANT, _TYPO = 1.0, 0.7, 0.4, 0.2
_NO_DIGITS = re.compile(r"\D+")
# Romanised Khmer has no one spelling: breath, doubling and nearly every vowel vary (Chhun, Chun; Kem, Kim).
_SOUNDS = (
    (re.compile(r"\Bh"), ""),
    (re.compile("w"), "v"),
    (re.compile(r"([a-z])\1+"), r"\1"),
    (re.compile("[aeiouy]+(?:[rv](?![aeiouy]))?"), "a"),
)
LONGEST_QUERY = 200  # characters


def closest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that a misspelt or unfinished word most likely means, or None if none is near."""
    letters = Alphabet().__getitem__
    wanted = "".join(terms(plain(word[:LONGEST_QUERY]), letters))
    graded = ((_likeness(wanted, "".join(terms(plain(choice), letters))), choice) for choice in choices)
    grade, choice = max(graded, key=itemgetter(0), default=(0.0, ""))
    return choice if grade else None


def _likeness(word: str, other: str) -> float:
    if not word or not other:
        return 0.0
    if word == other:
        return EXACT
    if may_be_unfinished(word) and other.startswith(word):
        return PREFIX
    return _VARIANT if _sound(word) == _sound(other) else _typing(word, other)


def may_be_unfinished(word: str) -> bool:
    """Tell whether a word is long enough to be the beginning of another; a number is whole."""
    return len(word) >= 3 and not word[0].isdecimal()


def _sound(word: str) -> str:
    """Reduce a romanised word to what its spellings have in common; one of two letters is left alone."""
    return reduce(lambda sound, rule: rule[0].sub(rule[1], sound), _SOUNDS, word) if len(word) > 2 else word


def _typing(word: str, other: str) -> float:
    """Grade what may be a typing error: the fewer edits, the better; 0 if there are too many."""
    allowed = range(1, _allowed_edits(word, other) + 1)
    return next((_TYPO / edits for edits in allowed if _within(word, other, edits)), 0.0)


def _allowed_edits(word: str, other: str) -> int:
    length = min(len(word), len(other))
    if is_khmer(word):
        return int(length >= 3)
    if (length < 5 and word[0] != other[0]) or _number(word) != _number(other):
        return 0
    return (length >= 4) + (length >= 7)


def _number(word: str) -> str:
    return "" if word.isalpha() else _NO_DIGITS.sub("", word)


def _within(word: str, other: str, edits: int) -> bool:
    """Tell whether so many letters dropped, added, changed or swapped with a neighbour suffice."""
    if word == other:
        return True
    if not edits or abs(len(word) - len(other)) > edits or len(set(word) ^ set(other)) > 2 * edits:
        return False
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(word, other, strict=False)))
    a, b = word[same:], other[same:]
    tried = [(a[1:], b[1:]), (a[1:], b), (a, b[1:])]
    if a[:2] == b[1::-1]:
        tried.append((a[2:], b[2:]))
    return any(_within(x, y, edits - 1) for x, y in tried)


class Speller:
    """Finds the known words that a misspelt one may stand for."""

    def __init__(self, words: Iterable[str], names: Iterable[str]) -> None:
        self._words = _grouped((gram, word) for word in words for gram in _grams(word))
        self._names = _grouped((_sound(name), name) for name in names)

    def alike(self, word: str) -> dict[str, float]:
        """Grade other known words by their likeness to this one; the spelling of names alone may vary."""
        postings = sorted((self._words.get(gram, ()) for gram in _grams(word)), key=len)
        shared = Counter(islice(chain.from_iterable(postings), _MOST_SHARED))  # rare grams tell the most
        graded = {other: _typing(word, other) for other, _ in shared.most_common(_MOST_TRIED)}
        graded |= dict.fromkeys(self._names.get(_sound(word), ()), _VARIANT)
        return {other: grade for other, grade in graded.items() if grade and other != word}


_MOST_SHARED = 2_000
_MOST_TRIED = 32


def _grams(word: str) -> Iterator[str]:
    padded = f"  {word}  "
    return (padded[n : n + 3] for n in range(len(word) + 2))


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups
