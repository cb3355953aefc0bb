"""Defines the schema of shadow mode."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.policy.models.base import StrictModel


class Shadow(StrictModel):
    """Another paging service pages; Tocsin pages nobody and reports each day what it would have done."""

    source: Literal["opsgenie", "pagerduty"] = Field(description="The service that pages, whose webhooks arrive here.")
    days: Annotated[int, Field(ge=1, le=90, strict=True)] = Field(
        default=14, description="For how many days; it ends by itself."
    )
