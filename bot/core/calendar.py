"""Calendar: dates as sources give them, often only a month, a year or a span; and periods as people ask for them."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_WRITTEN = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_SHAPES = "write 2019, 2019-05, 2019-05-30 or {from: 2019-05, to: 2020}"


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A year, a month, a day or a span of those; ordered by its first day, then by its last."""

    first: date
    last: date
    written: str  # "2019", "2019-05", "2019-05-30"; of a span both ends: "2020-11/2022"

    def __str__(self) -> str:
        return self.written

    @property
    def ends(self) -> tuple[PartialDate, ...]:
        """The start and the end of a span; the date itself where it is none."""
        return tuple(map(PartialDate.parse, self.written.split("/"))) if "/" in self.written else (self,)

    @property
    def years(self) -> range:
        """The calendar years it touches."""
        return range(self.first.year, self.last.year + 1)

    def months_before(self, day: date) -> int:
        """Full months from its last day to the given day; 0 when that is not past."""
        months = (day.year - self.last.year) * 12 + day.month - self.last.month
        return max(0, months - (day.day < self.last.day))

    @classmethod
    def parse(cls, value: object) -> PartialDate:
        """Read what a YAML file holds: a string, a year, or a mapping with from and to.

        Raises ValueError with the way to mend it.
        """
        if isinstance(value, PartialDate):
            return value
        if isinstance(value, dict) and value.keys() == {"from", "to"}:
            return cls._span(cls.parse(value["from"]), cls.parse(value["to"]))
        if not isinstance(value, str | int):
            raise ValueError(f"not a date: {_SHAPES}")  # noqa: TRY004 (for pydantic)
        return cls._read(str(value))

    @classmethod
    @lru_cache(maxsize=10_000)  # the same days stand in many files, and each is read once for every language
    def _read(cls, written: str) -> PartialDate:
        found = _WRITTEN.fullmatch(written)
        if not found:
            raise ValueError(f"not a date: {_SHAPES}")
        parts = [int(part) for part in found.groups() if part]
        try:
            first = date(*(*parts, 1, 1)[:3])
        except ValueError as problem:
            raise ValueError(f"there is no such day ({problem}): {_SHAPES}") from None
        return cls(first, first if len(parts) == 3 else _last_day(first, whole_year=len(parts) == 1), written)

    @classmethod
    def _span(cls, start: PartialDate, end: PartialDate) -> PartialDate:
        if end.last < start.first:
            raise ValueError("the span ends before it starts: exchange from and to")
        return cls(start.first, end.last, f"{start}/{end}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.to_string_ser_schema()
        return core_schema.no_info_plain_validator_function(cls.parse, serialization=written)


@dataclass(frozen=True, slots=True)
class Period:
    """The time somebody asks about: from one date to another, either of which may be left open."""

    start: PartialDate | None
    end: PartialDate | None

    def __str__(self) -> str:
        """As it is written: `2019`, `2024-09`, `2019..2021`, `2021..`, `..2017`."""
        same = self.start == self.end
        return str(self.start) if same else f"{self.start or ''}..{self.end or ''}"

    @classmethod
    def parse(cls, written: str) -> Period:
        """Read what `str` writes. Raises ValueError for anything else."""
        start, dots, end = written.partition("..")
        if not (start or end):
            raise ValueError("a period has a start or an end")
        first = PartialDate.parse(start) if start else None
        last = PartialDate.parse(end) if end else None
        if first and last and last.last < first.first:
            raise ValueError("the period ends before it starts")
        return cls(first, last if dots else first)

    @property
    def before(self) -> PartialDate | None:
        """Of a period with no start: the day, month or year right after it, as people say "before 2018"."""
        if self.start or not self.end:
            return None
        return PartialDate.parse(str(self.end.last + timedelta(1))[: len(str(self.end))])

    def has(self, when: PartialDate) -> bool:
        """Whether it certainly happened, or was going on, in this period.

        What is dated 2024 only may have been in another month than September 2024, and so does not fit it; what
        lasted from 2020 to 2022 fits 2021.
        """
        begun, over = when.ends[0], when.ends[-1]
        return self.first <= over.first and begun.last <= self.last

    def may_have(self, when: PartialDate) -> bool:
        """Whether it can have been in this period, as far as its date is known."""
        return self.first <= when.last and when.first <= self.last

    def meets(self, other: Period) -> Period | None:
        """What two half-open periods leave between them: after 2018 and before 2021; None where they do not face."""
        for one, two in ((self, other), (other, self)):
            if one.end is None and two.start is None and one.first <= two.last:
                return Period(one.start, two.end)
        return None

    @property
    def first(self) -> date:
        """Its first day, that of all time where it has no start."""
        return self.start.first if self.start else date.min

    @property
    def last(self) -> date:
        """Its last day, that of all time where it has no end."""
        return self.end.last if self.end else date.max


def _last_day(first: date, *, whole_year: bool) -> date:
    if whole_year:
        return first.replace(month=12, day=31)
    return first.replace(day=monthrange(first.year, first.month)[1])
