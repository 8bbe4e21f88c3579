"""Search in two scripts: one spelling for text that looks alike, an index, tolerance for misspelt names.

Khmer is written without spaces, so it is searched by syllable and not by word: an index gives every distinct
syllable one letter of a private alphabet. A Khmer word is then a substring, a wrong syllable is one wrong
letter, and no syllable is ever found inside another.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from heapq import nlargest
from itertools import chain, islice, pairwise, takewhile
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
_COMPOUND = re.compile(rf"\b{_WORD}(?:[-‐]{_WORD})+")
_HYPHEN = re.compile("[-‐]")
_APOSTROPHE = re.compile(r"['‘’ʼ](?:s\b)?")


def clusters(text: str) -> list[str]:
    """Split text into Khmer orthographic syllables and the words and numbers of other scripts, in order."""
    return _CLUSTER.findall(_plain(text))


def _plain(text: str) -> str:
    return _APOSTROPHE.sub("", normalize(text))


class _Alphabet(dict[str, str]):
    """Gives each new syllable the next private-use character."""

    def __missing__(self, syllable: str) -> str:
        letter = self[syllable] = chr(ord(_FIRST_LETTER) + len(self))
        return letter


_FIRST_LETTER = "\U000f0000"
_UNKNOWN_LETTER = "\U0010ffff"
_Letters = Callable[[str], str]


def _terms(plain: str, letters: _Letters) -> list[str]:
    """Split text into words, and Khmer between spaces in private letters; "" is anything else in between."""
    return [_spell(term, letters) if "\u1780" <= term < "\u1800" else term for term in _TERM.findall(plain)]


def _spell(run: str, letters: _Letters) -> str:
    return "".join(map(letters, _CLUSTER.findall(run)))


def _is_khmer(term: str) -> bool:
    return term >= _FIRST_LETTER


# ---------------------------------------------------------------------------- likeness of two terms

_EXACT, _PREFIX, _VARIANT, _TYPO = 1.0, 0.7, 0.4, 0.2
_NO_DIGITS = re.compile(r"\D+")
# Romanised Khmer has no one spelling: breath, doubling and nearly every vowel vary (Chhun, Chun; Kem, Kim).
_SOUNDS = (
    (re.compile(r"\Bh"), ""),
    (re.compile("w"), "v"),
    (re.compile(r"([a-z])\1+"), r"\1"),
    (re.compile("[aeiouy]+(?:[rv](?![aeiouy]))?"), "a"),
)
_LONGEST_QUERY = 200  # characters


def closest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that a misspelt or unfinished word most likely means, or None if none is near."""
    letters = _Alphabet().__getitem__
    wanted = "".join(_terms(_plain(word[:_LONGEST_QUERY]), letters))
    graded = ((_likeness(wanted, "".join(_terms(_plain(choice), letters))), choice) for choice in choices)
    grade, choice = max(graded, key=itemgetter(0), default=(0.0, ""))
    return choice if grade else None


def _likeness(word: str, other: str) -> float:
    if not word or not other:
        return 0.0
    if word == other:
        return _EXACT
    if _may_be_unfinished(word) and other.startswith(word):
        return _PREFIX
    return _VARIANT if _sound(word) == _sound(other) else _typing(word, other)


def _may_be_unfinished(word: str) -> bool:
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
    if _is_khmer(word):
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


class _Speller:
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


# ---------------------------------------------------------------------------- the index


@dataclass(frozen=True, slots=True)
class Document:
    """What can be found: its names and aliases, in any script, weigh more than its text."""

    id: str
    names: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that has every word of a query."""

    id: str
    score: float
    named: bool  # every word is in its names
    fuzzy: bool  # some word only by a correction of its spelling


_Scores = dict[int, float]
_Graded = tuple[float, Sequence[int]]

_NAME = 1000.0  # added to a match in a name: more than the matches in texts can add up to
_WHOLE = 1.0  # added where the query is the whole of a name
# They tell documents apart no more than a comma does. Not "an": it is a name.
_FUNCTION_WORDS = frozenset(
    clusters(
        """a about and any are as at be been being by can could did do does for from has have he her his how i in is it
        its many me might much of on or please she should still tell than that the their them then there
        they this to today was were what when where which who why will with would you your"""
    )
)
_MOST_WORDS = 16
_MOST_UNFINISHED = 400  # words; a beginning that fits more tells nothing


class _Field:
    """The postings of one part of every document: words and single syllables to document numbers."""

    def __init__(self) -> None:
        self._postings: dict[str, list[int]] = defaultdict(list)
        self._runs: list[str] = []

    def add(self, number: int, terms: Sequence[str], compounds: Iterable[str] = ()) -> None:
        words, run = set(terms), ""
        if _is_khmer(max(terms, default="")):
            words = {term for term in terms if not _is_khmer(term)}
            run = "".join(term if _is_khmer(term) else " " for term in terms).strip()
        self._runs.append(run)
        for unit in words.union(run, compounds) - {"", " "}:
            self._postings[unit].append(number)

    @cached_property
    def words(self) -> list[str]:
        return sorted(unit for unit in self._postings if not _is_khmer(unit))

    def beginning(self, start: str) -> Sequence[int]:
        """Documents with a word that begins so, the word itself among them."""
        if not _may_be_unfinished(start) or _is_khmer(start):
            return ()
        first, last = (bisect_left(self.words, key) for key in (start, start + _UNKNOWN_LETTER))
        words = self.words[first : min(last, first + _MOST_UNFINISHED)]
        return list(chain.from_iterable(self._postings[word] for word in words))

    def having(self, term: str) -> Sequence[int]:
        """Documents with the word, or with the Khmer run anywhere in theirs."""
        if len(term) == 1 or not _is_khmer(term):
            return self._postings.get(term, ())
        return [number for number in self._rarest(term) if term in self._runs[number]]

    def covering(self, run: str) -> Sequence[int]:
        """Documents with the run in the fewest pieces: words typed as one that stand apart in the text."""
        ends = [n for n in self._rarest(run) if run[:2] in self._runs[n] and run[-2:] in self._runs[n]]
        pieces = {number: _pieces(run, self._runs[number]) for number in ends}
        fewest = min(filter(None, pieces.values()), default=0)
        return [number for number, n in pieces.items() if n and n == fewest]

    def _rarest(self, run: str) -> Sequence[int]:
        return min((self._postings.get(letter, ()) for letter in run), key=len)


def _pieces(run: str, text: str) -> int:
    """Count the fewest pieces of two or more syllables in the text that make the run; 0 if none do."""
    fewest = {0: 0}
    for start in range(len(run)):
        end = start + 2
        while start in fewest and end <= len(run) and run[start:end] in text:
            fewest[end] = min(fewest.get(end, len(run)), fewest[start] + 1)
            end += 1
    return fewest.get(len(run), 0)


class Index:
    """A search index in memory, built once."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._ids: list[str] = []
        self._letters = _Alphabet()
        self._names, self._all = _Field(), _Field()
        self._wholes: dict[str, list[int]] = defaultdict(list)
        self._pairs: dict[str, list[int]] = defaultdict(list)
        for document in documents:
            self._add(document)
        runs = filter(_is_khmer, self._wholes)
        self._speller = _Speller([*self._all.words, *runs], [*self._names.words, *self._wholes])

    def _add(self, document: Document) -> None:
        letters = self._letters.__getitem__
        number = len(self._ids)
        self._ids.append(document.id)
        names = [_terms(_plain(name), letters) for name in dict.fromkeys((*document.names, document.id))]
        for whole in {"".join(name) for name in names}:
            self._wholes[whole].append(number)
        for pair in {a + b for name in names for a, b in pairwise(filter(None, name))}:
            self._pairs[pair].append(number)
        text = _plain(document.text)
        compounds = [_HYPHEN.sub("", compound) for compound in _COMPOUND.findall(text)]
        divided = [term for name in names for term in (*name, "")]
        self._names.add(number, divided)
        self._all.add(number, divided + _terms(text, letters), compounds)

    def search(self, query: str, *, within: Container[str] | None = None, limit: int = 50) -> list[Hit]:
        """Find the documents with every word, best first; spelling is corrected only if that finds none."""
        words = self._words(query)
        telling = _telling(words)
        for fuzzy in (False, True):
            scores = self._scores(telling, fuzzy=fuzzy)
            numbers = [n for n in sorted(scores) if within is None or self._ids[n] in within]
            if numbers:
                scores |= {n: scores[n] + _WHOLE for n in self._wholes.get("".join(words), ()) if n in scores}
                best = nlargest(limit, numbers, key=scores.__getitem__)
                return [Hit(self._ids[n], scores[n], scores[n] >= _NAME * len(telling), fuzzy) for n in best]
        return []

    def nearest(self, query: str) -> str | None:
        """Replace unknown words by the most similar ones of names; None without need, or without hope."""
        words = _telling(self._words(query))
        corrected = [self._correction(word) for word in words]
        return None if corrected == words or "" in corrected else " ".join(map(self._readable, corrected))

    def _words(self, query: str) -> list[str]:
        plain = _plain(query[:_LONGEST_QUERY])
        terms = _terms(plain, lambda syllable: self._letters.get(syllable, _UNKNOWN_LETTER))
        return list(filter(None, terms))[:_MOST_WORDS]

    def _scores(self, words: Sequence[str], *, fuzzy: bool) -> _Scores:
        """Add up, for the documents that have every word, how well they have it."""
        found: list[list[_Graded]] = []
        for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
            graded = [*self._exact(word), *self._looser(word), *(self._misspelt(word) if fuzzy else ())]
            if not _is_khmer(word):
                pairs = {before + word, word + after} - {word}
                graded += chain.from_iterable(map(self._exact, pairs))
            if not _size(graded):
                return {}
            found.append(graded)
        scores: _Scores | None = None
        for graded in sorted(found, key=_size):
            scores = _narrowed(scores, graded)
        return scores or {}

    def _exact(self, word: str) -> Iterator[_Graded]:
        """Find the word, or the words of a name that were typed as one."""
        yield _EXACT, self._all.having(word)
        yield _EXACT + _NAME, self._names.having(word)
        yield _EXACT + _NAME, self._wholes.get(word, ())
        yield _EXACT + _NAME, self._pairs.get(word, ())

    def _looser(self, word: str) -> Iterator[_Graded]:
        """Find words that begin so; and Khmer words, typed as one, that stand apart."""
        yield _PREFIX, self._all.beginning(word)
        yield _PREFIX + _NAME, self._names.beginning(word)
        if _is_khmer(word) and len(word) >= 4 and not self._all.having(word):
            yield _PREFIX, self._all.covering(word)

    def _misspelt(self, word: str) -> Iterator[_Graded]:
        for other, likeness in self._speller.alike(word).items():
            yield from ((grade - _EXACT + likeness, numbers) for grade, numbers in self._exact(other))

    def _correction(self, word: str) -> str:
        """Return the word itself where it is known, else the most similar one of a name, or nothing."""
        if self._all.having(word) or word in self._wholes:
            return word
        alike = self._speller.alike(word)
        return max(filter(self._names.having, alike), key=alike.__getitem__, default="")

    def _readable(self, word: str) -> str:
        syllables = list(self._letters) if _is_khmer(word) else ()
        return "".join(syllables[ord(letter) - ord(_FIRST_LETTER)] for letter in word) if syllables else word


def _telling(words: list[str]) -> list[str]:
    return [word for word in words if word not in _FUNCTION_WORDS] or words


def _size(graded: Iterable[_Graded]) -> int:
    return sum(len(numbers) for _, numbers in graded)


def _narrowed(scores: _Scores | None, graded: Iterable[_Graded]) -> _Scores:
    """Keep the documents that have one more word, at its best grade; None stands for all of them."""
    best: _Scores = {}
    for grade, numbers in sorted(graded, key=itemgetter(0)):
        best |= dict.fromkeys(numbers if scores is None else filter(scores.__contains__, numbers), grade)
    return best if scores is None else {number: scores[number] + grade for number, grade in best.items()}
