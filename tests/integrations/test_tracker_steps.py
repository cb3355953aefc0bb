"""Every tracker is in each place that CONTRIBUTING.md names; a new one fails here until it is."""

from __future__ import annotations

import re

import pytest

from bot import trackers
from bot.domain.actions.ticket import TITLES, TrackerKind
from bot.settings import Settings
from bot.web.console.integrations import LABELS
from bot.web.hooks.tickets import HOOKS
from tests.documents.reading import ROOT

VENDORS = [kind for kind in TrackerKind if kind is not TrackerKind.WEBHOOK]  # the policy's webhooks need nothing


@pytest.mark.parametrize("kind", VENDORS)
def test_a_tracker_is_in_each_place_that_the_steps_name(kind: TrackerKind) -> None:
    assert kind in TITLES, "its title in bot/domain/actions/ticket.py"
    assert kind in trackers.NEEDS, "the settings that it needs in bot/trackers.py"
    assert kind in trackers.BUILDERS, "how it is built in bot/trackers.py"
    assert kind in LABELS, "its name in bot/web/console/integrations.py"
    assert kind in {hook.name for hook in HOOKS}, "how its webhook signs in bot/web/hooks/tickets.py"
    assert f"{kind}_webhook_secret" in Settings.model_fields, "the secret of its webhook in bot/settings.py"


@pytest.mark.parametrize("kind", VENDORS)
def test_the_guide_to_tickets_has_a_trackers_settings_and_webhook(kind: TrackerKind) -> None:
    guide = (ROOT / "docs" / "trackers.md").read_text()
    named = set(re.findall(r"`([A-Z_]+)`", guide))
    assert {*trackers.NEEDS[kind], f"{kind.upper()}_WEBHOOK_SECRET"} <= named
    assert f"`/hooks/{kind}`" in guide
    assert f"integrations/{kind}.md" in guide
