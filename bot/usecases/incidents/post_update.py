"""Posts a status update of an incident in one transaction."""

from __future__ import annotations

from datetime import timedelta

from bot.domain import incident as verbs
from bot.domain.incident import Change, Incident
from bot.domain.incident.status import Status
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident
from bot.usecases.incidents.change_status import permission_for
from bot.usecases.unit_of_work import UnitOfWork


async def post_update(  # noqa: PLR0913 - eight values, all of one form
    context: Context,
    number: int,
    text: str,
    actor: str,
    *,
    status: Status | None = None,
    severity: str | None = None,
    next_in: timedelta | None = None,
    delivery: str | None = None,
) -> Incident:
    """Post a numbered update, and change the status and the severity with it if they differ."""

    def verb(work: UnitOfWork) -> Change:
        incident = work.incident
        if severity and severity != incident.severity:
            authorize.require(context, "severity", actor, incident)
        if status and status is not incident.status and (action := permission_for(status)):
            authorize.require(context, action, actor, incident)
        post = verbs.StatusUpdate(text, status, severity, next_in)
        return verbs.post_update(incident, post, actor, work.policy, work.now)

    return await change_incident(context, number, "update", actor, verb, delivery)
