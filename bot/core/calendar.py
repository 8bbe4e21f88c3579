"""Calendar: dates as sources give them, which is often only a month, a year or a span."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
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
        found = _WRITTEN.fullmatch(str(value)) if isinstance(value, str | int) else None
        if not found:
            raise ValueError(f"not a date: {_SHAPES}")
        return cls._single(found[0], [int(part) for part in found.groups() if part])

    @classmethod
    def _single(cls, written: str, parts: Sequence[int]) -> PartialDate:
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


def _last_day(first: date, *, whole_year: bool) -> date:
    if whole_year:
        return first.replace(month=12, day=31)
    return first.replace(day=monthrange(first.year, first.month)[1])
