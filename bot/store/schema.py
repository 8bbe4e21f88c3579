"""Schema: the tables as they are now; migrations say how they came to be."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, Table, Text

metadata = MetaData()

# One row for a chat that chose a language: a keyed hash of the chat, and the language. Nothing else.
preference = Table(
    "preference",
    metadata,
    Column("chat", Text, primary_key=True),
    Column("language", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# How far each platform has been read and answered.
cursor = Table(
    "cursor",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
