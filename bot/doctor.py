"""Doctor: what is in order, what is not, and how to mend it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from bot.clock import Clock
from bot.content import counted
from bot.core.content import Snapshot
from bot.core.messages import Chat
from bot.platforms import Platform, Refusal
from bot.privacy import SealBroken

_SKEW = timedelta(seconds=30)  # a clock further off makes dates, limits and tokens go wrong


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and what to mend; mend is empty where all is well."""

    what: str
    mend: str = ""
    optional: bool = False  # the bot works without

    def __str__(self) -> str:
        grade = "note" if self.optional else "mend" if self.mend else "ok"
        return f"{f'[{grade}]':6} {self.what}" + (f": {self.mend}" if self.mend else "")


@runtime_checkable
class Vouched(Protocol):
    """A platform on which others' apps ask for more than our account before they trust us."""

    async def doubt(self) -> str:
        """What to mend so that they do; empty where all is well. Raises Refusal."""


def content_finding(snapshot: Snapshot, warnings: int) -> Finding:
    """What the pack holds."""
    view = snapshot.views[snapshot.default]
    held = "1 entry" if len(view.entries) == 1 else f"{len(view.entries)} entries"
    return Finding(f"content: {held} in {', '.join(snapshot.views)}; {counted(warnings, 'warning')}")


def contact_finding(snapshot: Snapshot) -> Finding:
    """Whether readers are told where to report an error."""
    if snapshot.views[snapshot.default].pack.contacts.errors:
        return Finding("contact: named")
    return Finding("contact", "set contacts.errors in pack.yaml: cards say where to report an error", optional=True)


def approval_findings(
    needed: int, moderators: Collection[str], reachable: Collection[str], drafts: int
) -> Iterator[Finding]:
    """Whether updates can go out, and whether all who decide are told of them."""
    yield Finding(f"drafts: {drafts} pending")
    if needed == 1:
        yield Finding("approvals", "PRATIP_APPROVALS is 1: whoever approves sends alone; set it to 2", optional=True)
    yield _enough(needed, len(moderators))
    strangers = [name for name in moderators if name not in reachable]
    if strangers:
        mend = f"ask {', '.join(strangers)} to write to the bot once: it cannot reach them before"
        yield Finding("moderators", mend, optional=True)


def _enough(needed: int, moderators: int) -> Finding:
    """Whether there are as many moderators as approvals; the shell of this machine is one more."""
    if moderators >= needed:
        return Finding(f"moderators: {moderators}, of whom {needed} must approve an update")
    if moderators == 0:
        return Finding("moderators", "name some in PRATIP_MODERATORS, and updates can go out", optional=True)
    few = f"{moderators} of {needed} that must approve an update"
    if moderators + 1 == needed:
        mend = "every update needs pratip broadcast approve in this machine's shell too; name more in PRATIP_MODERATORS"
        return Finding(f"moderators: {few}", mend, optional=True)
    return Finding(f"moderators: {few}", "no update can ever go out: name more in PRATIP_MODERATORS")


def unposted_findings(snapshot: Snapshot, platforms: Collection[str]) -> Iterator[Finding]:
    """The pack's announcement channels that no configured platform can post to."""
    for platform in ("telegram", "matrix"):
        for what, _ in _channels(snapshot, platform) if platform not in platforms else ():
            yield Finding(what, f"{platform} is not configured, so nothing is posted there", optional=True)


def _channels(snapshot: Snapshot, platform: str) -> Iterator[tuple[str, Chat]]:
    """The announcement channels on a platform, and what they are called here."""
    for channel in snapshot.views[snapshot.default].pack.channels:
        if address := channel.addresses().get(platform):
            what = f"channel {address}: {channel.topic} in {channel.language}"
            yield what, Chat(platform, address, private=False)


async def platform_findings(platforms: Sequence[Platform], snapshot: Snapshot, clock: Clock) -> AsyncIterator[Finding]:
    """Whether each platform knows us, its clock agrees with ours, and we may post to the pack's channels there."""
    for platform in platforms:
        channels = list(_channels(snapshot, platform.name))
        try:
            async with platform:
                found = [*await _known(platform, clock), *[await _channel(platform, *each) for each in channels]]
        except SealBroken:
            found = _broken(platform, "these keys do not open the stored session; restore the key file", channels)
        except Refusal as refusal:
            found = _broken(platform, f"{refusal}; check its settings, PRATIP_PROXY and the network", channels)
        for finding in found:
            yield finding


def _broken(platform: Platform, mend: str, channels: Sequence[tuple[str, Chat]]) -> list[Finding]:
    """A platform that says nothing, of its channels neither."""
    untold = [
        Finding(what, f"it cannot be told while {platform.name} is to mend", optional=True) for what, _ in channels
    ]
    return [Finding(platform.name, mend), *untold]


async def _known(platform: Platform, clock: Clock) -> Sequence[Finding]:
    """What a platform says of us and of the time. Raises Refusal."""
    theirs = await platform.check()
    doubt = await platform.doubt() if isinstance(platform, Vouched) else None
    found = [Finding(f"{platform.name}: {platform.me}")]
    if doubt is not None:
        found.append(Finding("trust", doubt) if doubt else Finding(f"{platform.name}: the device is cross-signed"))
    if theirs is not None:
        found.append(_clock(platform.name, clock.now() - theirs))
    return found


async def _channel(platform: Platform, what: str, chat: Chat) -> Finding:
    """Whether we may post to a channel, as far as the platform can tell."""
    try:
        mend = await platform.hindrance(chat)
    except Refusal as refusal:
        return Finding(what, f"it cannot be told ({refusal}): see that the bot may post there", optional=True)
    return Finding(what, mend) if mend else Finding(f"{what}: the bot may post there")


def _clock(name: str, ahead: timedelta) -> Finding:
    seconds = round(ahead.total_seconds())
    if abs(ahead) <= _SKEW:
        return Finding(f"clock: agrees with {name}")
    direction = "ahead of" if seconds > 0 else "behind"
    return Finding(f"clock: {abs(seconds)} s {direction} {name}", "set this machine's time, for example by NTP")
