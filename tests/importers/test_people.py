"""People are matched to Slack by their addresses, and keep their own ways of being paged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from pydantic import SecretStr

from bot.importers.account import Account, Ladder, Origin, Participant, Person, Rung, Step, Team
from bot.importers.compose.people import Directory, Member
from bot.importers.plan import Plan, make_plan
from bot.importers.slack_members import directory_of
from bot.policy import load
from bot.settings import Settings
from tests.importers.doubles import serving

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def person(identity: str, name: str, email: str = "", phone: str = "") -> Person:
    return Person(Origin("user", identity, name), email=email, phone=phone)


def plan_of(*people: Person, members: tuple[Member, ...] = (), ladder: Ladder | None = None) -> Plan:
    account = Account("opsgenie", people=list(people), ladders=[ladder] if ladder else [])
    account.teams = [Team(Origin("team", "t1", "Ops"), members=[each.origin.id for each in people])]
    return make_plan(account, "", NOW, Directory.of(members), severities=("sev1",))


def test_a_person_who_is_not_in_slack_is_listed_with_the_nearest_members() -> None:
    members = (Member("U1", "Anna Sorensen", "anna.s@example.com"), Member("U2", "Zoe Quist", "zoe@example.com"))
    plan = plan_of(
        person("1", "Anna Sørensen", "anna@example.com"), person("2", "Zoe Quist", "zoe@example.com"), members=members
    )
    rows = {row.id: row for row in plan.report.rows if row.kind == "user"}
    assert rows["1"].state == "changed"
    assert "Anna Sorensen (U1, anna.s@example.com)" in rows["1"].do
    assert "Zoe" not in rows["1"].do
    assert rows["2"].state == "moved"


def test_users_with_one_address_or_no_name_keep_their_contacts_when_the_import_is_repeated() -> None:
    people = [person("1", "Anna", "anna@example.com"), person("2", "Anna Again", "anna@example.com"), person("3", "")]
    first = plan_of(*people)
    again = make_plan(Account("opsgenie", people=people), first.policy_text, NOW, severities=("sev1",))
    assert [addition.key for addition in again.additions if addition.section == ("contacts",)] == []


def test_a_person_s_own_methods_follow_one_another(tmp_path: Path) -> None:
    anna = person("1", "Anna", "anna@example.com")
    for place, (method, after) in enumerate((("phone", 5), ("slack", 0), ("email", 2))):
        anna.steps.append(Step(Origin("notification_step", str(place)), method=method, after=timedelta(minutes=after)))
    path = tmp_path / "policy.yml"
    path.write_text(plan_of(anna).policy_text)
    (first, second) = load(path).contacts["anna"].methods
    assert (first.method, second.method, second.after) == ("slack", "email", timedelta(minutes=2))
    assert anna.steps[0].lost, "there is no number to call"


def test_rungs_page_the_next_on_call_and_teams_in_turn() -> None:
    ladder = Ladder(Origin("escalation", "e1", "E"))
    ladder.rungs = [
        Rung(Origin("escalation_rule", "1"), targets=[Participant("team", "t1")], how="round_robin"),
        Rung(Origin("escalation_rule", "2"), targets=[Participant("person", "1")], how="next"),
    ]
    plan = plan_of(person("1", "Anna", "anna@example.com"), ladder=ladder)
    (value,) = [addition.value for addition in plan.additions if addition.section == ("ladders",)]
    assert [rung["notify"] for rung in value] == [["turn:ops"], ["contact:anna"]]
    assert {row.id: str(row.state) for row in plan.report.rows if row.kind == "escalation_rule"} == {
        "1": "moved",
        "2": "changed",
    }


@dataclass(slots=True)
class Slack:
    """Answers users.list, two members a page."""

    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        cursor = (await request.post()).get("cursor") or request.query.get("cursor")
        listed = [
            {"id": "U1", "profile": {"real_name": "Anna", "email": "Anna@example.com"}},
            {"id": "U2", "deleted": True, "profile": {"real_name": "Gone", "email": "gone@example.com"}},
            {"id": "B1", "is_bot": True, "profile": {"real_name": "Bot"}},
        ]
        members, following = (listed[2:], "") if cursor else (listed[:2], "more")
        return web.json_response({"ok": True, "members": members, "response_metadata": {"next_cursor": following}})


async def test_the_members_of_the_workspace_are_read_page_by_page() -> None:
    async with serving(Slack()) as url:
        settings = Settings(_env_file=None, slack_bot_token=SecretStr("xoxb-1"), slack_api_url=f"{url}/")
        directory = await directory_of(settings)
    assert directory.members == (Member("U1", "Anna", "anna@example.com"),)
