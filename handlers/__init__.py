"""Handlers: the list of what the bot can do, one feature a file; pure functions from request and context to reply."""

from __future__ import annotations

from bot.core.entry import Entry
from bot.core.router import Router
from handlers import (
    about,
    actions,
    background,
    broadcasts,
    claims,
    composing,
    drafts,
    export,
    figures,
    following,
    history,
    language,
    latest,
    laws,
    mydata,
    prisoners,
    privacy,
    recommendations,
    search,
    settings,
    show,
    sources,
    subscriptions,
    timeline,
)

kinds: tuple[type[Entry], ...] = (
    prisoners.Prisoner,
    laws.Law,
    recommendations.Recommendation,
    recommendations.Review,
    claims.Claim,
    figures.Figure,
    actions.Action,
    timeline.Happening,
    latest.Update,
    background.Background,
)

router = Router()
for feature in (
    prisoners,
    laws,
    recommendations,
    claims,
    figures,
    timeline,
    search,
    actions,
    latest,
    subscriptions,
    following,
    settings,
    sources,
    history,
    export,
    show,
    language,
    privacy,
    mydata,
    about,
    drafts,
    composing,
    broadcasts,
):
    router.include(feature.router)
