"""Operations that search incidents and read the policy and the playbooks."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from bot import policy as policy_reader
from bot.domain.errors import NotFound
from bot.json_shapes.incidents import past_alert_json, similar_json
from bot.operations.base import Answer, Arguments, Call, NoArguments, Shape, Words, question
from bot.operations.shapes import IncidentShape
from bot.usecases.queries import search
from playbooks import values

_SECRET = ("email", "phone", "pagerduty")  # fields of a contact that only the policy's administrators see


class SearchArguments(Arguments):
    """The words to look for."""

    q: Words
    limit: Annotated[int, Field(ge=1, le=50)] = 10


class MatchShape(IncidentShape):
    """An incident that matches, with what fixed it."""

    model_config = ConfigDict(title="Match")

    fixed: str | None
    fix: dict[str, Any] | None
    reasons: list[str]


class PastAlertShape(Shape):
    """An alert imported from another tool."""

    model_config = ConfigDict(title="PastAlert")

    source: str
    id: str
    title: str
    severity: str
    fired_at: str
    acknowledged_at: str | None
    acknowledged_by: str | None
    resolved_at: str


class MatchesShape(Shape):
    """Incidents, the best match first, and alerts imported from other tools."""

    model_config = ConfigDict(title="Matches")

    incidents: list[MatchShape]
    past_alerts: list[PastAlertShape]


class PolicyShape(Shape):
    """The policy in force, as `tocsin policy --json` prints it; durations in seconds."""

    model_config = ConfigDict(title="Policy", extra="allow")

    name: str
    digest: str
    severities: dict[str, Any]
    roles: dict[str, Any]


class PlaybookShape(Shape):
    """A playbook, as `tocsin playbooks --json` prints it."""

    model_config = ConfigDict(title="Playbook", extra="allow")

    id: str
    name: str
    category: str
    symptoms: list[str]
    phases: list[dict[str, Any]]


class PlaybooksShape(Shape):
    """Every playbook."""

    model_config = ConfigDict(title="Playbooks")

    playbooks: list[PlaybookShape]


async def _search(call: Call, arguments: SearchArguments) -> Answer:
    user = None if call.operator else call.actor
    async with call.context.database.reading() as conn:
        matches = await search.search(conn, arguments.q, user, call.context.clock.now(), arguments.limit)
        alerts = await search.search_past_alerts(conn, arguments.q, arguments.limit)
    return Answer(
        {
            "incidents": [similar_json(match) for match in matches],
            "past_alerts": [past_alert_json(alert) for alert in alerts],
        }
    )


async def _policy(call: Call, _: NoArguments) -> Answer:
    policy = policy_reader.as_json(call.context.policy)
    contacts = {key: _without_addresses(contact) for key, contact in policy["contacts"].items()}
    return Answer({**policy, "contacts": contacts})


def _without_addresses(contact: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in contact.items() if name not in _SECRET}


async def _playbooks(call: Call, _: NoArguments) -> Answer:
    library = await call.context.playbook_library.library()
    order = [level.key for level in call.context.policy.severities]
    return Answer({"playbooks": [values.as_json(playbook, order) for playbook in library.playbooks]})


async def _playbook(call: Call, _: NoArguments) -> Answer:
    library = await call.context.playbook_library.library()
    order = [level.key for level in call.context.policy.severities]
    for playbook in library.playbooks:
        if playbook.id == call.path["playbook"]:
            return Answer(values.as_json(playbook, order))
    raise NotFound(f"There is no playbook “{call.path['playbook'][:80]}”.", "playbook")


OPERATIONS = (
    question("search_incidents", "/search", "Search incidents by words; shows what fixed them", _search, MatchesShape,
             arguments=SearchArguments, example={"q": "connection pool exhausted"}),
    question("get_policy", "/policy", "Read the policy in force, without addresses and numbers of contacts", _policy,
             PolicyShape, tag="Policy"),
    question("list_playbooks", "/playbooks", "List the playbooks", _playbooks, PlaybooksShape, tag="Playbooks"),
    question("get_playbook", "/playbooks/{playbook}", "Read a playbook", _playbook, PlaybookShape, tag="Playbooks"),
)  # fmt: skip
