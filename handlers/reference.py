"""References: ids that name an entry of one kind; apart from the kinds themselves, which need one another."""

from __future__ import annotations

from bot.core.entry import Reference


class LawId(Reference):
    """The id of a law."""

    __slots__ = ()
    names = "law"


class FigureId(Reference):
    """The id of published counts."""

    __slots__ = ()
    names = "figure"
