"""Finds the teams of a policy: by name, and by the services that they look after."""

from __future__ import annotations

from bot.domain.errors import Refused
from bot.domain.policy.policy import Policy, fold_name


def teams_by_service(policy: Policy) -> dict[str, tuple[str, ...]]:
    """The keys of the teams that look after each service; services of nobody are left out.

    Those teams list the service. If none does, they are the teams whose on-call schedule is that of the service.
    """
    by_service: dict[str, tuple[str, ...]] = {}
    for key, service in policy.services.items():
        team_keys = [team.key for team in policy.teams.values() if key in team.services]
        if not team_keys and service.schedule is not None:
            team_keys = [team.key for team in policy.teams.values() if team.schedule == service.schedule]
        if team_keys:
            by_service[key] = tuple(team_keys)
    return by_service


def team_key(name: str, policy: Policy) -> str:
    """The key of the team with this key or name. Raises `Refused` that lists the teams."""
    folded = fold_name(name)
    for team in policy.teams.values():
        if folded in (fold_name(team.key), fold_name(team.name)):
            return team.key
    raise Refused(no_team(name, policy), next(iter(policy.teams), None))


def no_team(name: str, policy: Policy) -> str:
    """The message about a team that is not in the policy."""
    keys = ", ".join(policy.teams)
    choices = f"There are {keys}." if keys else "The policy has no teams: add them under `teams`."
    return f"There is no team “{name[:40]}”. {choices}"
