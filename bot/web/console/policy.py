"""The page about the policy: what is in force, how its file differs, and a changed policy tried before it is saved."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from bot import policy as policy_reader
from bot.domain.access.token import Scope
from bot.domain.policy.policy import Policy
from bot.domain.replay.sending import night_pages, pages
from bot.policy import LoadedPolicy, PolicyError, Problem
from bot.usecases.queries.replay import replay
from bot.web.api.authentication import require
from bot.web.console.fields import Field
from bot.web.console.forms import Form
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor
from bot.web.form import form_of
from storage import incidents

LONGEST_DIFF = 400  # lines
LONGEST_POLICY = 400_000  # characters
PLAYED, PLAYED_SINCE = 50, timedelta(days=30)  # incidents that are played again, and how old they may be


def routes(console: Console, policy_file: Callable[[], Path | None]) -> list[web.RouteDef]:
    """GET shows the page; POST checks a changed policy."""

    async def show(visitor: Visitor) -> web.StreamResponse:
        require(visitor.token, Scope.ADMIN)
        return await _page(visitor, policy_file())

    async def check(visitor: Visitor) -> web.StreamResponse:
        require(visitor.token, Scope.ADMIN)
        text = str((await form_of(visitor.request)).get("text", "")).replace("\r\n", "\n")[:LONGEST_POLICY]
        return await _page(visitor, policy_file(), text)

    return [
        web.get("/setup/policy", login_required(console, show)),
        web.post("/setup/policy", login_required(console, check)),
    ]


async def _page(visitor: Visitor, path: Path | None, text: str | None = None) -> web.Response:
    context = visitor.context
    checked = await _check_policy(visitor, text) if text is not None else None
    hint = "The policy file as you want it. Nothing is saved, and nothing changes."
    field = Field("text", "Policy, in YAML", "text", True, hint=hint)
    policy_text = text if text is not None else await asyncio.to_thread(_file_text, path)
    form = Form("policy", "/setup/policy", "Try a changed policy", (field,), "Check it", {"text": policy_text})
    status = 422 if checked is not None and checked["problems"] else 200
    return await visitor.page(
        "policy.html", status, at="setup", form=form, checked=checked,
        policy={"name": context.policy.name, "digest": context.policy.digest[:12]},
        difference=await asyncio.to_thread(difference, context.policies.document, path),
        in_force="\n".join(_lines(context.policies.document)),
    )  # fmt: skip


async def _check_policy(visitor: Visitor, text: str) -> dict[str, Any]:
    """The problems of the policy; else its differences, and the messages it would have sent."""
    try:
        loaded = await asyncio.to_thread(policy_reader.read_text, text)
    except PolicyError as error:
        return {
            "problems": [_problem_text(problem) for problem in error.problems],
            "warnings": (),
            "lines": [],
            "played": None,
        }
    lines = await asyncio.to_thread(_diff, visitor.context.policies.document, loaded)
    played = await _play_incidents(visitor, loaded.policy)
    return {"problems": [], "warnings": loaded.warnings, "lines": lines, "played": played}


def _problem_text(problem: Problem) -> str:
    return f"Line {problem.line}: {problem.message}" if problem.line else problem.message


async def _play_incidents(visitor: Visitor, policy: Policy) -> dict[str, Any]:
    """The messages sent in the latest incidents, and those that the policy would have sent."""
    context, now = visitor.context, visitor.now
    incident_filter = incidents.IncidentFilter(declared_since=now - PLAYED_SINCE)
    async with context.database.snapshot() as conn:
        chosen = [
            incident for incident in await incidents.find(conn, incident_filter, (), PLAYED) if not incident.drill
        ]
        played = [
            await replay(conn, incident, await context.policies.of(conn, incident), policy, context.methods, now)
            for incident in chosen
        ]
    rows = (
        (
            "Pages",
            sum(pages(comparison.sent) for comparison in played),
            sum(pages(comparison.would_send) for comparison in played),
        ),
        (
            "Pages at night",
            sum(night_pages(comparison.sent, policy.zone) for comparison in played),
            sum(night_pages(comparison.would_send, policy.zone) for comparison in played),
        ),
        (
            "Minutes of silence beyond the cadence",
            round(sum(comparison.silent[0] for comparison in played)),
            round(sum(comparison.silent[1] for comparison in played)),
        ),
    )
    return {"incidents": len(played), "rows": rows, "days": PLAYED_SINCE.days}


def difference(document: Mapping[str, Any], path: Path | None) -> dict[str, Any]:
    """The differences between the policy file and the policy in force; `problem` if the file cannot be used."""
    try:
        loaded = policy_reader.read(path)
    except (PolicyError, OSError) as error:
        return {"file": str(path or "the preset"), "problem": str(error), "lines": []}
    return {"file": str(path or "the preset"), "problem": "", "lines": _diff(document, loaded)}


def _diff(document: Mapping[str, Any], loaded: LoadedPolicy) -> list[str]:
    before, after = _lines(document), _lines(loaded.document)
    return list(difflib.unified_diff(before, after, lineterm="", n=2))[2:][:LONGEST_DIFF]  # without the names of files


def _lines(document: Mapping[str, Any]) -> list[str]:
    return yaml.safe_dump(dict(document), allow_unicode=True, default_flow_style=False, width=100).split("\n")


def _file_text(path: Path | None) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")[:LONGEST_POLICY] if path is not None else "preset: sev1-5\n"
    except (OSError, UnicodeDecodeError):
        return ""
