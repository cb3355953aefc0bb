"""Reviews in Confluence and Notion, with the whole bot: written once, brought up to date, never over people's words."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from bot.domain.errors import Refused
from bot.domain.review.export import WikiKind
from bot.usecases.reviews.changes import complete_review, edit_sections, open_review
from bot.usecases.reviews.export import export_review
from bot.usecases.reviews.publish import publish_review
from storage import names, reviews
from tests.integrations.doubles import serving
from tests.integrations.wikis_doubles import EMAIL, PARENT, TOKEN, ConfluenceDouble, NotionDouble
from tests.scenarios.assertions import of_kind, settle, texts, type_command
from tests.scenarios.running import World, policy_file, running_world
from tests.waiting import WITHIN_S

MAYA = "U0MAYA0000"
POLICY = """
preset: sev1-5
announce: "#incidents"
"""


def confluence(double: Any) -> dict[str, Any]:
    return {
        "confluence_url": f"{double.url}/wiki", "confluence_email": EMAIL, "confluence_api_token": TOKEN,
        "confluence_space": "OPS",
    }  # fmt: skip


def notion(double: Any) -> dict[str, Any]:
    return {"notion_api_url": double.url, "notion_token": TOKEN, "notion_parent": PARENT}


def documented() -> list[str]:
    """The words after `tocsin` of the command by which the documentation exports a review."""
    text = (Path(__file__).parents[2] / "docs" / "integrations" / "confluence.md").read_text()
    lines = [line.strip() for line in text.splitlines()]
    return next(line for line in lines if line.startswith("tocsin ") and "--export" in line).split()[1:]


async def end_incident(world: World) -> None:
    await type_command(world, "maya", "#general", "/incident declare sev3 Checkout is <slow> & odd")
    channel = await world.incident_channel(1)
    await type_command(world, "maya", f"#{channel.name}", "/incident resolve Added an index")
    await open_review(world.tocsin.context, 1, MAYA)
    await settle(world)
    await wait_for_name(world, MAYA)


async def wait_for_name(world: World, person: str) -> None:
    """Wait until the person's name is known, since pages that are written before show the ID."""
    async with asyncio.timeout(WITHIN_S):
        known: dict[str, str] = {}
        while person not in known:
            await asyncio.sleep(0.02)
            async with world.tocsin.database.reading() as conn:
                known = await names.get_many(conn, [person])


async def wrote(world: World, **sections: str) -> None:
    async with world.tocsin.database.reading() as conn:
        now = {key: text.version for key, text in (await reviews.current(conn, 1)).items()}
    given = {key: (now.get(key, 0), text) for key, text in sections.items()}
    assert await edit_sections(world.tocsin.context, 1, given, MAYA) == {}


@pytest.mark.parametrize(
    ("kind", "double", "settings"),
    [(WikiKind.CONFLUENCE, ConfluenceDouble(), confluence), (WikiKind.NOTION, NotionDouble(), notion)],
    ids=["confluence", "notion"],
)
async def test_a_published_review_is_written_into_the_wiki_and_words_of_people_there_stay(
    sqlite_url: str, tmp_path: Path, kind: WikiKind, double: Any, settings: Any
) -> None:
    policy = policy_file(tmp_path, POLICY)
    async with serving(double), running_world(sqlite_url, policy=policy, **settings(double)) as world:
        await end_incident(world)
        await wrote(world, lessons="Indexes need owners.", prevention="Alert on slow queries.")
        await complete_review(world.tocsin.context, 1, MAYA)
        await publish_review(world.tocsin.context, 1, MAYA)
        await settle(world)
        assert len(double.pages) == 1
        assert "Indexes need owners." in double.words
        assert "Alert on slow queries." in double.words
        assert "is in" in texts(of_kind(await world.show(), "review"))[-1]

        double.change("Indexes need owners.", "Indexes need owners, says Priya.")
        await wrote(world, lessons="Indexes need owners and dates.", prevention="Alert on slow queries at 200 ms.")
        await export_review(world.tocsin.context, 1, kind, MAYA)
        await settle(world)
        assert "Indexes need owners, says Priya." in double.words
        assert "owners and dates" not in double.words
        assert "Alert on slow queries at 200 ms." in double.words
        assert "Alert on slow queries." not in double.words
        assert double.words.count("Alert on slow queries") == 1
        told = texts(of_kind(await world.show(), "review"))[-1]
        assert told.endswith("Left as people changed them there: Lessons")

        asked = len(double.asked)
        environment = {name.upper(): str(value) for name, value in settings(double).items()}
        environment |= {"DATABASE_URL": sqlite_url, "POLICY_PATH": str(policy)}
        command = [word.replace("confluence", kind) for word in documented()]
        done = await asyncio.to_thread(CliRunner(env=environment).invoke, main, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        await settle(world)
        assert len(double.asked) > asked
        assert all(each.method == "GET" for each in double.asked[asked:]), "nothing has changed"
        assert len(double.pages) == 1


async def test_the_review_of_a_private_incident_goes_to_no_wiki(sqlite_url: str, tmp_path: Path) -> None:
    double = NotionDouble()
    policy = policy_file(tmp_path, POLICY)
    async with serving(double), running_world(sqlite_url, policy=policy, **notion(double)) as world:
        await type_command(world, "maya", "#general", "/incident declare sev3 Leak --private")
        channel = await world.incident_channel(1)
        await type_command(world, "maya", f"#{channel.name}", "/incident resolve Rotated the keys")
        await open_review(world.tocsin.context, 1, MAYA)
        with pytest.raises(Refused, match="private"):
            await export_review(world.tocsin.context, 1, WikiKind.NOTION, MAYA)
        with pytest.raises(Refused, match="private"):
            await export_review(world.tocsin.context, 1, WikiKind.CONFLUENCE, MAYA)
        await complete_review(world.tocsin.context, 1, MAYA)
        await publish_review(world.tocsin.context, 1, MAYA)
        await settle(world)
        assert double.asked == []
