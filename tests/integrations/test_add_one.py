"""docs/add-an-integration.md, executed: adds a carrier pigeon by the document's steps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from bot import notifiers
from bot.domain.errors import DeliveryError
from bot.domain.policy import policy as policy_values
from bot.integrations.protocol import Notifier, Page, Receipt
from bot.policy.models import targets
from bot.settings import Settings
from tests.integrations.pages import page
from tests.integrations.scene import scene

LOFT: list[Page] = []


# — begin: bot/integrations/pigeon.py
@dataclass(slots=True)
class Pigeon:
    """Flies once. At least once, that is: no pigeon tells us whether it arrived."""

    loft: str
    ring: str = field(repr=False)

    async def send(self, page: Page) -> Receipt:
        if page.person.name == "Tom Cat":
            raise DeliveryError("pigeons refuse to fly to cats", permanent=True)
        LOFT.append(page)
        return Receipt("the loft", f"feather-{len(LOFT)}")


# — end


def build(settings: Settings, session: aiohttp.ClientSession) -> Notifier:
    return Pigeon("the roof", "the-ring")


@pytest.fixture
def pigeons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps 2 to 4 of the document: the method's name, what it needs, how it is made."""
    methods = (*policy_values.METHODS, "pigeon")
    monkeypatch.setattr(policy_values, "METHODS", methods)
    monkeypatch.setattr(targets, "METHODS", methods)
    monkeypatch.setitem(notifiers.NEEDS, "pigeon", ())
    monkeypatch.setitem(notifiers.BUILDERS, "pigeon", build)
    LOFT.clear()


async def test_a_notifier_that_is_registered_is_paged_through(pigeons: None, sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path, first="slack, pigeon") as shown:
        await shown.world.declare("sev1 Payments are down")
        await shown.world.delivered()
        assert [(flown.incident, flown.person.key, flown.title) for flown in LOFT] == [
            ("INC-1", "tom", "Payments are down")
        ]
        found = [r for r in (await shown.receipts()).values() if r.get("method") == "pigeon"]
        assert found == [{"method": "pigeon", "vendor": "the loft", "id": "feather-1", "status": ""}]
        assert "by Slack, pigeon" in (await shown.entries("page"))[0]


async def test_a_page_that_it_refuses_goes_by_the_next_method(pigeons: None, sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path, first="pigeon") as shown:
        path = tmp_path / "policy.yml"
        path.write_text(path.read_text().replace("Tom Baker", "Tom Cat"))
        await shown.world.restart()
        await shown.world.declare("sev1 Payments are down")
        await shown.world.delivered()
        assert LOFT == []
        assert await shown.entries("delivery_failed") == [
            "Could not page Tom Cat by pigeon: pigeons refuse to fly to cats. Instead: SMS."
        ]


def test_it_is_a_notifier_and_hides_its_secret() -> None:
    made: Notifier = Pigeon("the roof", "the-ring")
    assert "the-ring" not in repr(made)
    assert page().headline == "INC-42: Checkout is down"


def test_every_file_named_in_the_document_exists() -> None:
    root = Path(__file__).resolve().parents[2]
    text = (root / "docs" / "add-an-integration.md").read_text()
    named = set(re.findall(r"`((?:bot|tests|docs)/[a-z_/-]+\.(?:py|md))`", text))
    assert len(named) >= 14
    assert {path for path in named if not (root / path).exists()} == set()
    ours = Path(__file__).read_text().split("# — begin: bot/integrations/pigeon.py\n")[1].split("\n\n# — end")[0]
    shown = "\n".join(line.removeprefix("   ") for line in text.splitlines())
    assert ours.strip() in shown, "the document shows another pigeon than the one that flies here"
