"""Search: an index over two scripts, tolerant of misspelt names.

Khmer is written without spaces, so it is searched by syllable and not by word: an index gives every distinct
syllable one letter of a private alphabet. A Khmer word is then a substring, a wrong syllable is one wrong
letter, and no syllable is ever found inside another.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nlargest
from itertools import chain, pairwise
from operator import itemgetter

from bot.core.spelling import (
    COMPOUND,
    EXACT,
    FIRST_LETTER,
    HYPHEN,
    LONGEST_QUERY,
    PREFIX,
    UNKNOWN_LETTER,
    Alphabet,
    Speller,
    clusters,
    is_khmer,
    may_be_unfinished,
    plain,
    terms,
)


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
FUNCTION_WORDS = frozenset(
    clusters(
        """a about and any are as at be been being by can could did do does for from has have he her his how i in is it
        its many me might much of on or please she should still tell than that the their them then there
        they this to today was were what when where which who why will with would you your"""
    )
)
_MOST_WORDS = 16
_SHORT = 3  # letters; such a word is the beginning of another only where it is no word itself (Hun, Hungary)
_MOST_UNFINISHED = 400  # words; a beginning that fits more tells nothing


class _Field:
    """The postings of one part of every document: words and single syllables to document numbers."""

    def __init__(self) -> None:
        self._postings: dict[str, list[int]] = defaultdict(list)
        self._runs: list[str] = []

    def add(self, number: int, units: Sequence[str], compounds: Iterable[str] = ()) -> None:
        words, run = set(units), ""
        if is_khmer(max(units, default="")):
            words = {unit for unit in units if not is_khmer(unit)}
            run = "".join(unit if is_khmer(unit) else " " for unit in units).strip()
        self._runs.append(run)
        for unit in words.union(run, compounds) - {"", " "}:
            self._postings[unit].append(number)

    @cached_property
    def words(self) -> list[str]:
        return sorted(unit for unit in self._postings if not is_khmer(unit))

    def beginning(self, start: str) -> Sequence[int]:
        """Documents with a word that begins so, the word itself among them."""
        if not may_be_unfinished(start) or is_khmer(start):
            return ()
        first, last = (bisect_left(self.words, key) for key in (start, start + UNKNOWN_LETTER))
        words = self.words[first : min(last, first + _MOST_UNFINISHED)]
        return list(chain.from_iterable(self._postings[word] for word in words))

    def having(self, term: str) -> Sequence[int]:
        """Documents with the word, or with the Khmer run anywhere in theirs."""
        if len(term) == 1 or not is_khmer(term):
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
        self._letters = Alphabet()
        self._names, self._all = _Field(), _Field()
        self._wholes: dict[str, list[int]] = defaultdict(list)
        self._pairs: dict[str, list[int]] = defaultdict(list)
        for document in documents:
            self._add(document)
        runs = filter(is_khmer, self._wholes)
        self._speller = Speller([*self._all.words, *runs], [*self._names.words, *self._wholes])

    def _add(self, document: Document) -> None:
        letters = self._letters.__getitem__
        number = len(self._ids)
        self._ids.append(document.id)
        names = [terms(plain(name), letters) for name in dict.fromkeys((*document.names, document.id))]
        for whole in {"".join(name) for name in names}:
            self._wholes[whole].append(number)
        for pair in {a + b for name in names for a, b in pairwise(filter(None, name))}:
            self._pairs[pair].append(number)
        text = plain(document.text)
        compounds = [HYPHEN.sub("", compound) for compound in COMPOUND.findall(text)]
        divided = [term for name in names for term in (*name, "")]
        self._names.add(number, divided)
        self._all.add(number, divided + terms(text, letters), compounds)

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
        found = terms(plain(query[:LONGEST_QUERY]), lambda syllable: self._letters.get(syllable, UNKNOWN_LETTER))
        return list(filter(None, found))[:_MOST_WORDS]

    def _scores(self, words: Sequence[str], *, fuzzy: bool) -> _Scores:
        """Add up, for the documents that have every word, how well they have it."""
        found: list[list[_Graded]] = []
        for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
            graded = [*self._exact(word), *self._looser(word), *(self._misspelt(word) if fuzzy else ())]
            if not is_khmer(word):
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
        yield EXACT, self._all.having(word)
        yield EXACT + _NAME, self._names.having(word)
        yield EXACT + _NAME, self._wholes.get(word, ())
        yield EXACT + _NAME, self._pairs.get(word, ())

    def _looser(self, word: str) -> Iterator[_Graded]:
        """Find words that begin so; and Khmer words, typed as one, that stand apart."""
        if len(word) > _SHORT or not self._all.having(word):
            yield PREFIX, self._all.beginning(word)
            yield PREFIX + _NAME, self._names.beginning(word)
        if is_khmer(word) and len(word) >= 4 and not self._all.having(word):
            yield PREFIX, self._all.covering(word)

    def _misspelt(self, word: str) -> Iterator[_Graded]:
        for other, likeness in self._speller.alike(word).items():
            yield from ((grade - EXACT + likeness, numbers) for grade, numbers in self._exact(other))

    def _correction(self, word: str) -> str:
        """Return the word itself where it is known, else the most similar one of a name, or nothing."""
        if self._all.having(word) or word in self._wholes:
            return word
        alike = self._speller.alike(word)
        return max(filter(self._names.having, alike), key=alike.__getitem__, default="")

    def _readable(self, word: str) -> str:
        syllables = list(self._letters) if is_khmer(word) else ()
        return "".join(syllables[ord(letter) - ord(FIRST_LETTER)] for letter in word) if syllables else word


def _telling(words: list[str]) -> list[str]:
    return [word for word in words if word not in FUNCTION_WORDS] or words


def _size(graded: Iterable[_Graded]) -> int:
    return sum(len(numbers) for _, numbers in graded)


def _narrowed(scores: _Scores | None, graded: Iterable[_Graded]) -> _Scores:
    """Keep the documents that have one more word, at its best grade; None stands for all of them."""
    best: _Scores = {}
    for grade, numbers in sorted(graded, key=itemgetter(0)):
        best |= dict.fromkeys(numbers if scores is None else filter(scores.__contains__, numbers), grade)
    return best if scores is None else {number: scores[number] + grade for number, grade in best.items()}
