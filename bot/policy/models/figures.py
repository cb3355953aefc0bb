"""Defines the schema of the targets of figures, of the weekly digest and of the mailed emergency sheet."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from bot.policy.models.base import StrictModel, invalid, quote_value
from bot.policy.models.targets import Channel
from bot.policy.models.texts import Text

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _percentage(value: Any) -> float:
    """A share from 0 to 1, also where it is written as a percentage."""
    if isinstance(value, str) and (match := re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?%", value.strip())):
        value = float(match[1]) / 100
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise invalid(f"must be a share such as 99% or 0.99, not {quote_value(value)}.")
    return float(value)


def _weekday(value: Any) -> str:
    day = value.strip().lower()[:3] if isinstance(value, str) else ""
    if day not in DAYS:
        raise invalid(f"must be a day of the week such as monday, not {quote_value(value)}.")
    return day


def _time_of_day(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise invalid(f'must be a time such as "09:00", in quotes, not {quote_value(value)}.')
    return value


Percentage = Annotated[float, PlainValidator(_percentage), WithJsonSchema({"examples": ["99%", 0.99]})]
Weekday = Annotated[str, PlainValidator(_weekday), WithJsonSchema({"type": "string", "examples": ["monday"]})]
TimeOfDay = Annotated[str, PlainValidator(_time_of_day), WithJsonSchema({"type": "string", "examples": ["09:00"]})]


class AutomationTargets(StrictModel):
    """Which share of incidents machines are to handle."""

    auto_detection: Percentage | None = Field(default=None, description="Incidents that an alert tells of first.")
    auto_triage: Percentage | None = Field(default=None, description="Shown, but not measured.")
    auto_remediation: Percentage | None = Field(
        default=None, description="Resolved incidents for which a step of a playbook ran by itself and worked."
    )


class AccuracyTargets(StrictModel):
    """How often alerts and analyses are to be right."""

    rca_confidence: Percentage | None = Field(default=None, description="Shown, but not measured.")
    false_positive_rate: Percentage | None = Field(default=None, description="Decided alerts that are false, at most.")
    false_negative_rate: Percentage | None = Field(
        default=None, description="Incidents that no alert tells of, at most."
    )


class FigureTargets(StrictModel):
    """What figures are compared with. Times are compared with `resolve_within` and `respond_within`."""

    automation: AutomationTargets = Field(default=AutomationTargets(), description="What machines are to handle.")
    accuracy: AccuracyTargets = Field(default=AccuracyTargets(), description="How often alerts are to be right.")


class WeeklyDigest(StrictModel):
    """Where and when the digest of the week is posted."""

    channel: Channel = Field(description="Where it is posted.")
    day: Weekday = Field(default="mon", description="On which day of the week.")
    at: TimeOfDay = Field(default="09:00", description="When, in the policy's time zone.")


class Sheet(StrictModel):
    """To whom and when the emergency sheet is mailed each week."""

    mail: list[Text] = Field(min_length=1, max_length=50, description="Contacts with an `email`, and addresses.")
    day: Weekday = Field(default="mon", description="On which day of the week.")
    at: TimeOfDay = Field(default="08:00", description="When, in the policy's time zone.")
