"""Settings: when and how updates reach this chat: a screen of buttons, and the same in typed words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from zoneinfo import available_timezones

from bot.core.change import Change, Configure, Subscribe
from bot.core.messages import Button, Context, Reply, Request, Role
from bot.core.query import spelled
from bot.core.router import Bare, Router
from bot.core.spelling import closest, clusters, normalize
from bot.core.subscription import DAY_MINUTES, Pace, Quiet, Settings, Subscriptions
from bot.core.text import lines, paragraphs
from handlers import language
from handlers.hearing import named_topics, topic_name
from handlers.listing import suggestion
from handlers.subscriptions import nearest

router = Router()

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PACES = tuple(Pace)
_HOURS = (6, 7, 8, 9, 12, 15, 17, 18, 19, 20, 21, 22)  # behind buttons; every other one may be typed
_NIGHTS = (Quiet(20 * 60, 7 * 60), Quiet(21 * 60, 6 * 60), Quiet(22 * 60, 7 * 60), Quiet(23 * 60, 8 * 60))
_OFFERED = 5  # time zones


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for, read as what it may mean."""

    chosen: Mapping[str, str]  # facet: value
    topics: tuple[str, ...]
    times: tuple[int | None, ...]  # minutes after midnight; None for a time that no clock shows
    strange: str  # the words that mean nothing here
    typed: str  # the whole argument
    bare: bool  # nothing but the setting's name or topics: it is asked what there is to choose from

    @property
    def switch(self) -> bool | None:
        """On, off, or neither."""
        return {"on": True, "off": False}.get(self.chosen.get("switch", ""))


@router.command("settings", bare=Bare.ALWAYS, needs=Role.ADMIN)
def settings(request: Request, context: Context) -> Reply:
    """All settings, a button each; or one that is set in words."""
    wish = _read(request.argument, context)
    name = _named(wish)
    if name == "language":
        return language.language(replace(request, argument=_after(request.argument, "language", context)), context)
    if not context.prefs.subscriptions:
        return Reply(context.content.say("settings.nothing"), _nothing(request, context))
    if not request.argument:
        return _screen(request, context)
    if name in _SETTERS:
        return _SETTERS[name](wish, request, context)
    return _unknown(wish, context)


@router.command("set", bare=Bare.NEVER, needs=Role.ADMIN, listed=False)
def set_(request: Request, context: Context) -> Reply:
    """The same, by a button of the screen: the answer takes its place."""
    return replace(settings(request, context), replaces=True)


# ---------------------------------------------------------------------------- what was asked for


def _read(argument: str, context: Context) -> _Wish:
    """The argument, read in any language; topics by their ids too, which may have digits or be gone from the pack."""
    own = context.prefs.subscriptions.topics
    rest = " ".join(word for word in argument.split() if word not in own)
    query = context.content.vocabularies["setting"].read(rest)
    meant = [(each.facet, each.value) for each in query.filters if not each.without]
    topics = (*filter(own.__contains__, argument.split()), *(value for facet, value in meant if facet == "topic"))
    chosen = dict(reversed(meant))  # of two values, the first
    if {("switch", "on"), ("switch", "off")} <= set(meant):
        del chosen["switch"]
    times = _times(rest, context)
    bare = not (query.words or times) and {each.facet for each in query.filters} <= {"setting", "topic"}
    return _Wish(chosen, tuple(dict.fromkeys(topics)), times, query.words, argument, bare)


def _named(wish: _Wish) -> str:
    """The setting that is meant, whether or not it was named: "daily" is a pace, "monday 18" the digest's hour."""
    if "pace" in wish.chosen or (wish.topics and "setting" not in wish.chosen):
        return "pace"
    return wish.chosen.get("setting", "digest" if "weekday" in wish.chosen else "")


def _times(argument: str, context: Context) -> tuple[int | None, ...]:
    """Every time of day in the words: 8, 20, 22:30, 8pm, 8 in the evening."""
    phrases = context.content.vocabularies["setting"].phrases
    halves = {spelled(tokens): each.value for tokens, each in phrases.items() if each.facet == "half"}
    named = "|".join(sorted(map(re.escape, halves), key=len, reverse=True))
    shape = rf"(\d+)(?:[:.](\d+))?(?:[^\d–-]{{0,8}}?(?<![a-z])({named})(?![a-z]))?"
    found = re.findall(shape, normalize(argument))
    return tuple(_minutes(int(hour[:4]), minute, halves.get(half, "")) for hour, minute, half in found)


def _minutes(hour: int, minute: str, half: str) -> int | None:
    """Minutes after midnight, or None; 24:00 is midnight, and ten at night is 22:00."""
    if (minute and (len(minute) != 2 or int(minute) > 59)) or (half and not 1 <= hour <= 12):
        return None
    if half:
        late = half == "pm" or (half == "night" and hour >= 6)
        hour = hour % 12 + (12 if late and not (half == "night" and hour == 12) else 0)
    minutes = hour * 60 + int(minute or 0)
    return minutes % DAY_MINUTES if minutes <= DAY_MINUTES else None


def _after(argument: str, name: str, context: Context) -> str:
    """The argument behind the word for a setting, as it was typed."""
    phrases = context.content.vocabularies["setting"].phrases
    words = {tokens for tokens, each in phrases.items() if (each.facet, each.value) == ("setting", name)}
    for cut in range(len(argument), 0, -1):
        if tuple(clusters(argument[:cut])) in words:
            return argument[cut:].strip()
    return argument


# ---------------------------------------------------------------------------- one setting each


def _pace(wish: _Wish, request: Request, context: Context) -> Reply:
    """How often topics arrive: those named, else all that are subscribed to."""
    subscriptions, say = context.prefs.subscriptions, context.content.say
    topics = subscriptions.topics if "all" in wish.topics or not wish.topics else dict.fromkeys(wish.topics)
    strangers = [topic for topic in topics if topic not in subscriptions.topics]
    if strangers or not topics:
        names = named_topics(strangers, context)
        said = say("unsubscribe.not", topics=names) if strangers else say("unsubscribe.none")
        return Reply(said, ((Button(str(say("button.subscribe")), "subscribe"),),))
    pace = wish.chosen.get("pace")
    slot = _slot(wish, subscriptions.settings)
    if pace is None or (slot is None and not (wish.times or "weekday" in wish.chosen)):
        return _paces(wish, topics, context)
    if slot is None:
        return _digest(wish, request, context)
    paced = {**subscriptions.topics, **dict.fromkeys(topics, Pace(pace))}
    timed = (Configure(slot),) if slot != subscriptions.settings else ()
    after = replace(subscriptions, topics=paced, settings=slot)
    return _screen(request, context, after, Subscribe(tuple(topics), Pace(pace)), *timed)


def _paces(wish: _Wish, topics: Mapping[str, Pace | None], context: Context) -> Reply:
    """How often there is; after words that are none of it, the topics that may be meant by them."""
    say, pace = context.content.say, wish.chosen.get("pace")
    if wish.bare:
        return Reply(say("settings.pace.ask"), _rows(_choices(topics, context), 1))
    near = nearest(wish.strange, context.prefs.subscriptions.topics, context)
    meant = [Button(topic_name(each, context), " ".join(filter(None, ("set", each, pace)))) for each in near]
    said = paragraphs(say("settings.pace.bad", words=wish.typed), suggestion([each.label for each in meant], context))
    return Reply(said, _rows([*(meant or (() if pace else _choices(topics, context))), _back(context)], 1))


def _choices(topics: Mapping[str, object], context: Context) -> Sequence[Button]:
    return [Button(_label(each, context), _paced(topics, each)) for each in _PACES]


def _paced(topics: Mapping[str, object], pace: Pace) -> str:
    return f"set {' '.join(topics)} {pace}"


def _quiet(wish: _Wish, request: Request, context: Context) -> Reply:
    settings = context.prefs.subscriptions.settings
    if wish.switch is False:
        return _configured(request, context, replace(settings, quiet=None))
    match wish.times:
        case (int(start), int(end)) if start != end:
            return _configured(request, context, replace(settings, quiet=Quiet(start, end)))
    off = Button(context.content.label("switch", "off"), "set quiet off")
    nights = [Button(_span(each), f"set quiet {_span(each, '-')}") for each in _NIGHTS]
    rows = (*_rows(nights, 2), (off, _back(context)))
    return Reply(context.content.say("settings.quiet.ask" if wish.bare else "settings.quiet.bad"), rows)


def _slot(wish: _Wish, settings: Settings) -> Settings | None:
    """The settings with the digest's day and hour that were asked for; None where they make no sense."""
    day = wish.chosen.get("weekday")
    settings = replace(settings, digest_day=WEEKDAYS.index(day)) if day else settings
    match wish.times:
        case ():
            return None if wish.strange else settings
        case (int(minutes),) if minutes % 60 == 0 and "-" not in wish.typed:
            return replace(settings, digest_hour=minutes // 60)
    return None


def _digest(wish: _Wish, request: Request, context: Context) -> Reply:
    slot = _slot(wish, context.prefs.subscriptions.settings)
    if slot and (wish.times or "weekday" in wish.chosen):
        return _configured(request, context, slot, "" if _collected(context.prefs.subscriptions) else "digest")
    hours = [Button(f"{hour}:00", f"set digest {hour}") for hour in _HOURS]
    days = [Button(context.content.label("weekday", each), f"set digest {each}") for each in WEEKDAYS]
    rows = (*_rows(hours, 4), *_rows(days, 4), (_back(context),))
    return Reply(context.content.say("settings.digest.ask" if wish.bare else "settings.digest.bad"), rows)


def _zone(wish: _Wish, request: Request, context: Context) -> Reply:
    asked = _after(wish.typed, "zone", context)
    if zone := _zones().get(asked.casefold().replace(" ", "_")):
        return _configured(request, context, replace(context.prefs.subscriptions.settings, zone=zone))
    near = _near(asked)
    said = context.content.say("settings.zone.bad", words=asked) if asked else None
    text = paragraphs(said, suggestion(near, context) or context.content.say("settings.zone.ask"))
    zones = near or [context.content.pack.time_zone]
    return Reply(text, _rows([*(Button(each, f"set zone {each}") for each in zones), _back(context)], 1))


def _urgent(wish: _Wish, request: Request, context: Context) -> Reply:
    if wish.switch is None:
        return _switch("urgent", wish, context)
    settings = replace(context.prefs.subscriptions.settings, urgent_breaks_quiet=wish.switch)
    return _configured(request, context, settings, "urgent" if wish.switch and not settings.quiet else "")


def _discreet(wish: _Wish, request: Request, context: Context) -> Reply:
    if wish.switch is None:
        return _switch("discreet", wish, context)
    return _configured(request, context, replace(context.prefs.subscriptions.settings, discreet=wish.switch))


_Setter = Callable[[_Wish, Request, Context], Reply]
_SETTERS: Mapping[str, _Setter] = {
    "pace": _pace,
    "quiet": _quiet,
    "digest": _digest,
    "zone": _zone,
    "urgent": _urgent,
    "discreet": _discreet,
}


def _switch(name: str, wish: _Wish, context: Context) -> Reply:
    """What it does, and on or off to choose from; first a word on what is neither."""
    say, label = context.content.say, context.content.label
    bad = None if wish.bare else say("settings.switch", setting=label("setting", name))
    switches = tuple(Button(label("switch", each), f"set {name} {each}") for each in ("on", "off"))
    return Reply(paragraphs(bad, say(f"settings.{name}.ask")), (switches, (_back(context),)))


def _unknown(wish: _Wish, context: Context) -> Reply:
    phrases = context.content.vocabularies["setting"].phrases
    names = {spelled(tokens): each.value for tokens, each in phrases.items() if each.facet == "setting"}
    words = wish.strange or wish.typed
    near = closest(words, names) or closest(words.split()[0], names)
    meant = [Button(context.content.label("setting", names[near]), f"settings {names[near]}")] if near else []
    said = context.content.say("settings.unknown", words=wish.typed)
    text = paragraphs(said, suggestion([each.label for each in meant], context))
    return Reply(text, _rows([*meant, _back(context)], 1))


# ---------------------------------------------------------------------------- time zones


@cache
def _zones() -> Mapping[str, str]:
    """Every IANA time zone by its name in small letters, places before abbreviations."""
    names = sorted(available_timezones(), key=lambda name: ("/" not in name, len(name), name))
    return {name.casefold(): name for name in names}


def _places() -> Sequence[str]:
    """The zones to offer; those of Etc mean the contrary of what they seem to: Etc/GMT+7 is west."""
    return [zone for zone in _zones().values() if not zone.startswith("Etc/")]


def _near(asked: str) -> Sequence[str]:
    """The zones that have all the words, else those whose city is one part of what was asked, else looks like one."""
    parts = asked.split("/")[::-1]  # a city is the last part of a zone's name
    return (_having(asked, _apart) or [zone for part in parts for zone in _having(part, _city)] or _alike(parts))[
        :_OFFERED
    ]


def _having(words: str, called: Callable[[str], str]) -> Sequence[str]:
    """The zones that are called by all the words."""
    wanted = set(clusters(words))
    return [zone for zone in _places() if wanted and wanted <= set(clusters(called(zone)))]


def _alike(words: Sequence[str]) -> Sequence[str]:
    """The zone whose city looks most like one of the words."""
    cities = {_city(zone): zone for zone in reversed(_places())}
    return [cities[city] for each in words if (city := closest(each, cities))]


def _city(zone: str) -> str:
    return _apart(zone.rpartition("/")[2])


def _apart(name: str) -> str:
    return name.replace("_", " ")


# ---------------------------------------------------------------------------- the screen


def _configured(request: Request, context: Context, held: Settings, idle: str = "") -> Reply:
    """The screen after a change of settings; idle names one that changes nothing yet, and it is said when it will."""
    after = replace(context.prefs.subscriptions, settings=held)
    return _screen(request, context, after, Configure(held), idle=idle)


def _screen(
    request: Request, context: Context, subscriptions: Subscriptions | None = None, *changes: Change, idle: str = ""
) -> Reply:
    """What holds, a button each: one press changes it, or offers what to choose from."""
    held, say = subscriptions or context.prefs.subscriptions, context.content.say
    zone = held.settings.zone or context.content.pack.time_zone
    done = lines(say("settings.done"), say(f"settings.{idle}.idle") if idle else None) if changes else None
    text = paragraphs(done, say("settings.lead", zone=zone))
    settings = (*_topics(held, context), *_times_of(held, context), *_switches(held, context))
    buttons = (*settings, *_others(request, context))
    return Reply(text, tuple((button,) for button in buttons), changes=changes)


def _topics(held: Subscriptions, context: Context) -> Sequence[Button]:
    """A topic's pace; pressing it gives the next one."""
    return [
        _button(
            "topic", f"set {topic} {_next(pace)}", context, topic=topic_name(topic, context), pace=_label(pace, context)
        )
        for topic, pace in held.topics.items()
    ]


def _next(pace: Pace) -> Pace:
    return _PACES[(_PACES.index(pace) + 1) % len(_PACES)]


def _label(pace: Pace, context: Context) -> str:
    return context.content.label("pace", pace)


def _times_of(held: Subscriptions, context: Context) -> Sequence[Button]:
    settings = held.settings
    quiet = _span(settings.quiet) if settings.quiet else context.content.label("switch", "off")
    return [
        *_digest_of(held, context),
        _button("quiet", "set quiet", context, quiet=quiet),
        _button("zone", "set zone", context, zone=settings.zone or context.content.pack.time_zone),
    ]


def _digest_of(held: Subscriptions, context: Context) -> Sequence[Button]:
    """When collected updates arrive, where some are collected: the hour, and the day for weekly ones."""
    paces = _collected(held)
    if not paces:
        return []
    hour = _clock(held.settings.digest_hour * 60)
    day = context.content.label("weekday", WEEKDAYS[held.settings.digest_day])
    return [_button(f"digest.{paces.pop() if len(paces) == 1 else 'both'}", "set digest", context, hour=hour, day=day)]


def _collected(held: Subscriptions) -> set[Pace]:
    """The paces at which updates are collected."""
    return set(held.topics.values()) - {Pace.NOW}


def _switches(held: Subscriptions, context: Context) -> Sequence[Button]:
    """What is on or off; that of urgent news where there are quiet hours."""
    settings = held.settings
    switches = {"urgent": settings.urgent_breaks_quiet} if settings.quiet else {}
    switches["discreet"] = settings.discreet
    return [
        _button(
            name, f"set {name} {'off' if on else 'on'}", context, state=context.content.label("switch", _state(on=on))
        )
        for name, on in switches.items()
    ]


def described(held: Subscriptions, context: Context) -> Sequence[str]:
    """What holds, a line each."""
    return [button.label for each in (_topics, _times_of, _switches) for button in each(held, context)]


def _others(request: Request, context: Context) -> Sequence[Button]:
    return [*_language(request, context), _plain("subscribe", context), _plain("following", context)]


def _language(request: Request, context: Context) -> Sequence[Button]:
    """A group's language is nobody's to choose."""
    content = context.content
    own = content.languages[content.locale.code]
    return [_button("language", "language", context, language=own)] if request.chat.private else []


def _nothing(request: Request, context: Context) -> tuple[tuple[Button, ...], ...]:
    return tuple((button,) for button in (_plain("subscribe", context), *_language(request, context)))


def _button(name: str, command: str, context: Context, **values: str) -> Button:
    return Button(str(context.content.say(f"settings.button.{name}", **values)), command)


def _plain(command: str, context: Context) -> Button:
    return Button(str(context.content.say(f"button.{command}")), command)


def _back(context: Context) -> Button:
    return Button(str(context.content.say("button.settings")), "set")


def _rows(buttons: Sequence[Button], wide: int) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(buttons[start : start + wide]) for start in range(0, len(buttons), wide))


def _state(*, on: bool) -> str:
    return "on" if on else "off"


def _span(quiet: Quiet, dash: str = "–") -> str:
    return f"{_clock(quiet.start)}{dash}{_clock(quiet.end)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"
