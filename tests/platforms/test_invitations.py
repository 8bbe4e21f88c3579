"""Invitations: however many there are, and however slow their servers, nobody who asks something waits for them."""

from __future__ import annotations

from typing import Any

from nio.events import InviteMemberEvent

from bot.platforms.matrix.invitations import PER_POLL, Invitations

ME = "@lantern:home.test"


class Homeserver:
    """What the client asks of a homeserver about rooms; each join takes so many seconds of the test's clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now = seconds, 0.0
        self.joined: list[str] = []

    async def join(self, room_id: str) -> None:
        self.now += self.seconds
        self.joined.append(room_id)

    def monotonic(self) -> float:
        return self.now


def invited(server: str) -> Any:
    content = {"membership": "invite", "is_direct": True}
    source = {"type": "m.room.member", "sender": f"@spam:{server}", "state_key": ME, "content": content}
    event = InviteMemberEvent.parse_event(source)
    assert isinstance(event, InviteMemberEvent)
    return event


def flooded(homeserver: Homeserver) -> Invitations:
    """A thousand invitations from a thousand servers."""
    waiting = Invitations((), homeserver.monotonic)
    for number in range(1_000):
        waiting.note(f"!{number}:s{number}.test", [invited(f"s{number}.test")], ME)
    return waiting


async def worked(seconds: float, polls: int) -> tuple[Homeserver, list[float]]:
    """How long each of so many polls, five seconds apart, was held up."""
    homeserver = Homeserver(seconds)
    waiting, held = flooded(homeserver), []
    for _ in range(polls):
        began = homeserver.now
        await waiting.work(homeserver)  # type: ignore[arg-type] # all of a client that it needs
        held.append(homeserver.now - began)
        homeserver.now += 5
    return homeserver, held


async def test_of_a_thousand_invitations_each_poll_attends_to_a_few() -> None:
    homeserver, held = await worked(0.05, 300)
    assert len(homeserver.joined) == len(set(homeserver.joined)) == 1_000
    assert max(held) <= PER_POLL * 0.05 + 1e-6


async def test_a_thousand_slow_servers_take_a_tenth_of_the_time_and_no_more() -> None:
    homeserver, held = await worked(2.0, 300)
    assert max(held) <= PER_POLL * 2.0
    assert 0 < sum(held) <= homeserver.now / 10 + max(held)
    assert len([each for each in held if not each]) > 250
