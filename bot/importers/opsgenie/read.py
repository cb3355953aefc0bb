"""Reads a whole Opsgenie account, from which an import is planned."""

from __future__ import annotations

from bot.importers.account import Account, unread_lists
from bot.importers.opsgenie.convert import ladder_of, person_of, schedule_of, team_of
from bot.importers.opsgenie.history import alert_of, incident_of
from bot.importers.opsgenie.routing import integration_of, priorities, rules_of, service_of, unsupported_of
from bot.importers.opsgenie.source import Opsgenie
from bot.importers.reader import Reader

SOURCE = "opsgenie"


async def read_account(reader: Reader, *, history: bool = True) -> Account:
    """Read everything that the API key may read. A list that it may not read becomes an object of the account.

    Without `history`, past alerts and incidents are left out.
    """
    opsgenie = Opsgenie(reader, {})
    account = Account(SOURCE, priorities=priorities())
    for raw in await opsgenie.users():
        person, source_objects = person_of(raw)
        account.people.append(person)
        account.others += source_objects
    teams, services = await opsgenie.teams(), await opsgenie.services()
    for team in teams:
        account.teams.append(team_of(team))
        account.routing += rules_of(team)
    account.schedules = [schedule_of(raw) for raw in await opsgenie.schedules()]
    account.ladders = [ladder_of(raw) for raw in await opsgenie.escalations()]
    account.services = [service_of(raw) for raw in services]
    account.senders = [integration_of(raw) for raw in await opsgenie.integrations()]
    account.others += unsupported_of(await opsgenie.unsupported(teams, services))
    if history:
        account.past = [alert_of(raw) for raw in await opsgenie.alerts()]
        account.past += [incident_of(raw) for raw in await opsgenie.incidents()]
    account.others += unread_lists(opsgenie.missing)
    return account
