"""Converts the validated targets of figures and the weekly digest of a policy into domain values."""

from __future__ import annotations

from datetime import time

from bot.domain.policy.figures import FigureTargets, WeeklyDigest
from bot.policy.models import figures as models


def build_targets(model: models.FigureTargets) -> FigureTargets:
    """The targets that are set."""
    return FigureTargets(
        model.automation.model_dump(exclude_none=True),
        model.accuracy.model_dump(exclude_none=True),
    )


def build_digest(model: models.WeeklyDigest | None) -> WeeklyDigest | None:
    """The weekly digest; None without one."""
    if model is None:
        return None
    return WeeklyDigest(model.channel, models.DAYS.index(model.day), time.fromisoformat(model.at))
