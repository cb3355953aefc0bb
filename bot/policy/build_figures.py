"""Converts the validated targets of figures, the weekly digest and the mailed sheet of a policy into domain values."""

from __future__ import annotations

from datetime import time

from bot.domain.policy.figures import FigureTargets, SheetMail, WeeklyDigest
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


def build_sheet(model: models.Sheet | None) -> SheetMail | None:
    """When and to whom the emergency sheet is mailed; None without a recipient."""
    if model is None:
        return None
    return SheetMail(tuple(dict.fromkeys(model.mail)), models.DAYS.index(model.day), time.fromisoformat(model.at))
