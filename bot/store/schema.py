"""Schema: the tables as they are now; migrations say how they came to be. Times are seconds since 1970, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    literal_column,
    text,
)

metadata = MetaData()

# PostgreSQL's integers end in 2038, and it would sort words as people do; SQLite's are wide, and it sorts bytes.
_TIME = Integer().with_variant(BigInteger(), "postgresql")
_SORTED = Text().with_variant(Text(collation="C"), "postgresql")


def _table(name: str, *columns: Any, rowid: bool = False) -> Table:
    return Table(name, metadata, *columns, sqlite_strict=True, sqlite_with_rowid=rowid)


def _needed(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **options)


# One row for a chat that chose a language: a keyed hash of the chat, and the language. Nothing else.
preference = _table("preference", Column("chat", Text, primary_key=True), _needed("language", Text))

# How far each platform has been read and answered; as "content", the pack that drafts were made from; and as "keys",
# a mark of the keys that sealed what is sealed here.
cursor = _table("cursor", Column("platform", Text, primary_key=True), _needed("value", Text))

# Where updates go: a chat, or a thread of one. The address is sealed; place and chat are keyed hashes of it.
subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Integer, primary_key=True),  # never used again: a delivery keeps it when the row is gone
    _needed("place", Text, unique=True),  # of platform, chat and thread
    _needed("chat", Text, index=True),  # of platform and chat
    _needed("platform", Text),
    _needed("address", LargeBinary),
    _needed("private", Integer),
    _needed("channel", Integer, server_default="0"),  # an announcement channel, which the pack names
    _needed("language", Text),
    _needed("zone", Text, server_default=""),
    Column("quiet_from", Integer),  # minutes after local midnight
    Column("quiet_until", Integer),
    _needed("urgent_breaks_quiet", Integer, server_default="0"),
    _needed("discreet", Integer, server_default="0"),
    _needed("digest_hour", Integer, server_default="8"),
    _needed("digest_day", Integer, server_default="0"),
    _needed("contact", Text),  # the month of the last word from there: "2026-11"
    _needed("failures", Integer, server_default="0"),  # days on which it refused us, since the last word from there
    _needed("failed_on", Text, server_default=""),  # the last such day: "2026-11-23"
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

# Of what: "topic:prisoners" or "entry:kem-sokha".
subscription = _table(
    "subscription",
    Column("subject", _SORTED, primary_key=True),
    Column("subscriber", Integer, primary_key=True),
    _needed("pace", Text),
)
Index("subscription_of", subscription.c.subscriber)

# Who was asked, after a year without a word, whether updates shall go on. A word since then makes the row void.
asked = _table("asked", Column("subscriber", Integer, primary_key=True), _needed("day", Text))  # "2026-11-23"

# Digests of the changes that drafts tell, and the draft: the same one is never announced twice.
announced = _table("announced", Column("change", Text, primary_key=True), _needed("broadcast", Integer, index=True))

# How each entry stood when news of it was last drafted.
published = _table(
    "published",
    Column("entry", Text, primary_key=True),
    _needed("kind", Text),
    _needed("standing", Text),  # JSON
    _needed("print", Text),  # a digest of what it says, its id left out: knows a renamed one again
    _needed("evidence", Text, server_default=""),  # a digest of its date and sources
)

broadcast = Table(
    "broadcast",
    metadata,
    Column("id", Integer, primary_key=True),
    _needed("dedupe", Text, unique=True),  # a digest of the change: the same one is never announced twice
    _needed("state", Text),
    _needed("kind", Text),
    _needed("topics", Text),  # JSON
    _needed("items", Text),  # JSON
    _needed("words", Text),  # JSON
    _needed("urgent", Integer),
    _needed("policy", Text),
    _needed("author", Text),
    _needed("original", Integer, server_default="0"),
    _needed("created_at", _TIME),
    Column("expires_at", _TIME),
    Column("sent_at", _TIME),  # when it was approved
    Column("ended_at", _TIME),
    _needed("why", Text, server_default=""),
    _needed("last", Integer, server_default="0"),  # the newest subscriber at approval; later ones are not told
    _needed("reached", Integer, server_default="0"),  # the newest subscriber who has a delivery: where to go on
    _needed("folded", Integer, server_default="0"),  # its deliveries have become totals
    sqlite_strict=True,
    sqlite_autoincrement=True,
)
Index("broadcast_state", broadcast.c.state)

# What it says, frozen at approval: trying again sends the same words.
rendering = _table(
    "rendering",
    Column("broadcast", Integer, primary_key=True),
    Column("language", Text, primary_key=True),
    _needed("body", Text),  # JSON: characters and marks
)

# What moderators did: shown, approved, rejected, composed, paused, resumed, cancelled, withdrawn. Kept 12 months.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    _needed("broadcast", Integer, index=True),
    _needed("moderator", Text),  # "telegram:42"
    _needed("action", Text),
    _needed("digest", Text, server_default=""),  # of the texts it was about
    _needed("at", _TIME),
    sqlite_strict=True,
)

# Moderators who have written to the bot, and can be written to.
moderator = _table(
    "moderator",
    Column("name", _SORTED, primary_key=True),
    _needed("address", LargeBinary),
    _needed("language", Text),
)

# A row per broadcast and subscriber, written before the wire and settled after. It has no address.
delivery = _table(
    "delivery",
    Column("broadcast", Integer, primary_key=True),
    Column("subscriber", Integer, primary_key=True),
    _needed("platform", Text),
    _needed("language", Text),
    _needed("state", Text),
    _needed("digest", Integer),  # 0: by itself; -1: to be collected; n: collected into the message named after n
    _needed("due", _TIME),
    _needed("attempts", Integer, server_default="0"),
    _needed("doubtful", Integer, server_default="0"),  # an earlier attempt may have arrived
    Column("claimed_by", Text),  # the start of the program that has it on the wire
    Column("claimed_at", _TIME),
    Column("reference", LargeBinary),  # of the message, sealed; while it can be corrected
)


def queued(deliveries: FromClause = delivery) -> ColumnElement[bool]:
    """Which deliveries wait. Literal, not bound: only so does SQLite see that an index below holds all of them."""
    return deliveries.c.state == literal_column("'queued'")


QUEUED = queued()
SENDING = delivery.c.state == literal_column("'sending'")


def _of_state(name: str, state: str, *columns: Column[Any]) -> None:
    """An index of the deliveries in one state: it does not grow with those that are over."""
    only = text(f"state = '{state}'")
    Index(name, *columns, sqlite_where=only, postgresql_where=only)


_of_state("delivery_queue", "queued", delivery.c.broadcast, delivery.c.platform, delivery.c.due)
_of_state("delivery_of", "queued", delivery.c.subscriber, delivery.c.due)
_of_state("delivery_claimed", "sending", delivery.c.claimed_by)

# What deliveries become after seven days; n is NULL where it was under ten.
total = _table(
    "total",
    Column("broadcast", Integer, primary_key=True),
    Column("platform", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("n", Integer),
)

# The pace of a platform, and until when it must wait: a restart must not walk into the wall again.
lane = _table(
    "lane",
    Column("platform", Text, primary_key=True),
    _needed("rate", Text),  # messages a second
    _needed("paused_until", _TIME),
)

# How each table's rows end: privacy.py seals what leads to a person, and this says for how long it is kept at all.
LIFE: Mapping[str, str] = {
    "preference": "of a chat: Subscribers.forget",
    "cursor": "of a platform, of nobody: written over",
    "subscriber": "of a chat: Subscribers.forget, stop, the last unsubscribe or unfollow, the third refusal, lapse",
    "subscription": "of a subscriber: with its row",
    "asked": "of a subscriber: with its row, or after the next word from there: Subscribers.lapse",
    "announced": "of the content, of nobody: kept",
    "published": "of the content: Broadcasts.record",
    "broadcast": "what was published, kept; its author 12 months: Ledger.prune_audit",
    "rendering": "what was published, kept",
    "audit": "of a moderator, 12 months: Ledger.prune_audit",
    "moderator": "of a moderator: Moderators.keep",
    "delivery": "of a subscriber's number, 7 days after the end: Ledger.fold; its message's name: drop_references",
    "total": "counts of ten and more, of nobody: kept",
    "lane": "of a platform, of nobody: written over",
}
