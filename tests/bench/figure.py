"""Figure: something measured beside what is to be reached, and a table of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_HEAD = ("bench", "figure", "measured", "to reach", "ratio", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, with what it ought to be at least or at most, or what it is compared with."""

    bench: str
    name: str
    value: float
    unit: str = ""
    least: float | None = None
    most: float | None = None
    ours: float | None = None  # another program's figure stands beside ours

    @property
    def reached(self) -> bool:
        """Whether it is as it ought to be; what has no target is."""
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    def row(self) -> tuple[str, ...]:
        """Its line in the table."""
        targets = ((self.least, ">="), (self.most, "<="), (self.ours, "ours"))
        beside = next(((value, sign) for value, sign in targets if value is not None), None)
        if beside is None:
            return self.bench, self.name, _shown(self.value, self.unit), "", "", ""
        target, sign = beside
        ratio = f"{self.value / target:.3g}" if target else ""
        verdict = "" if self.ours is not None else "reached" if self.reached else "MISSED"
        return (
            self.bench,
            self.name,
            _shown(self.value, self.unit),
            f"{sign} {_shown(target, self.unit)}",
            ratio,
            verdict,
        )


def _shown(value: float, unit: str) -> str:
    if math.isnan(value):
        return ""
    number = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
    return f"{number} {unit}".strip()


def table(figures: Iterable[Figure]) -> str:
    """All figures as a Markdown table, its columns in line."""
    rows = [_HEAD, *(each.row() for each in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    rule = "-|-".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))


def quantile(values: Sequence[float], share: float) -> float:
    """The value that such a share does not exceed; of nothing it is endless."""
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)] if values else math.inf
