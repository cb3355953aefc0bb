"""The page **Setup**: the check, the policy in force and its file, tokens, sessions, and a test of each integration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.domain.access.token import Scope
from bot.domain.errors import DeliveryError, NotFound
from bot.domain.paging.people import person_by_address
from bot.integrations.prometheus import Address, Prometheus, PrometheusError
from bot.integrations.protocol import Action, Notifier, Page
from bot.notifiers import NEEDS
from bot.usecases.access import sessions
from bot.web.api.authentication import require
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.login_required import login_required
from bot.web.console.policy import difference
from bot.web.console.visitor import Console, Visitor
from storage import console_sessions

_NAMES = {"pagerduty": "PagerDuty", "email": "E-mail", "sms": "SMS", "phone": "Telephone", "push": "Push (ntfy)"}


@dataclass(frozen=True, slots=True)
class Installation:
    """What the page asks of the rest of the bot."""

    check: Callable[[], Awaitable[list[dict[str, Any]]]]  # what `tocsin check` finds
    policy_file: Callable[[], Path | None]
    notifiers: Callable[[], Mapping[str, Notifier]]
    missing: Callable[[str], list[str]]  # the settings that a way of paging still needs
    slack: Callable[[], Awaitable[str | None]]  # what is wrong with Slack, if something is
    prometheus: Callable[[], Address | None]


def routes(console: Console, installation: Installation) -> list[web.RouteDef]:
    """The routes."""

    async def show(visitor: Visitor) -> web.StreamResponse:
        return await _page(visitor, installation)

    async def check(visitor: Visitor) -> web.StreamResponse:
        require(visitor.token, Scope.ADMIN)
        return await _page(visitor, installation, findings=await installation.check())

    async def send_test(visitor: Visitor) -> web.StreamResponse:
        require(visitor.token, Scope.ADMIN)
        method = visitor.request.match_info["method"]
        return await _page(visitor, installation, tested=(method, await _tested(visitor, installation, method)))

    async def create(visitor: Visitor) -> web.StreamResponse:
        try:
            token = await carry_out(visitor, _creating(visitor), {})
        except Rejected as rejected:
            return await _page(visitor, installation, rejected.form, rejected.status)
        return await _page(visitor, installation, made=token)

    return [
        web.get("/setup", login_required(console, show)),
        web.post("/setup/check", login_required(console, check)),
        web.post("/setup/test/{method:[a-z]+}", login_required(console, send_test)),
        web.post("/setup/tokens", login_required(console, create)),
        web.post("/setup/tokens/{token:[0-9]+}/revoke", login_required(console, revoke)),
        web.post("/setup/sessions/{session:[0-9]{1,18}}/end", login_required(console, end)),
    ]


async def revoke(visitor: Visitor) -> web.StreamResponse:
    """Revoke a token; sessions that began with it end."""
    form = form_for("revoke_token", "", visitor.context.policy)
    try:
        await carry_out(visitor, form, visitor.request.match_info)
    except Rejected as rejected:
        return await visitor.page(
            "message.html", rejected.status, at="setup", title="Not revoked", text=rejected.form.error
        )
    return redirect("/setup#tokens")


async def end(visitor: Visitor) -> web.StreamResponse:
    """End a session: one's own, or any with the scope `admin`."""
    session_id = int(visitor.request.match_info["session"])
    if session_id not in {session.id for session in await _sessions(visitor)}:
        raise NotFound("There is no such session.")
    await sessions.end(visitor.context.database, session_id, visitor.now)
    return redirect("/setup#sessions")


async def _sessions(visitor: Visitor) -> list[Any]:
    """The sessions that the visitor may see and end."""
    whose = None if visitor.may(Scope.ADMIN) else visitor.person
    async with visitor.context.database.reading() as conn:
        return list(await console_sessions.in_use(conn, visitor.now, whose))


def _creating(visitor: Visitor) -> Form:
    return form_for("create_token", "/setup/tokens", visitor.context.policy, "Make a token", user="me")


async def _page(
    visitor: Visitor, installation: Installation, form: Form | None = None, status: int = 200, **values: Any
) -> web.Response:
    context = visitor.context
    admin = visitor.may(Scope.ADMIN)
    results: dict[str, Any] = {"findings": None, "tested": None, "made": None, **values}
    return await visitor.page(
        "setup.html", status, at="setup", admin=admin, form=form or _creating(visitor),
        policy={"name": context.policy.name, "digest": context.policy.digest[:12]},
        difference=await asyncio.to_thread(difference, context.policies.document, installation.policy_file())
        if admin else None,
        tokens=(await visitor.ask("list_tokens"))["tokens"] if admin else [],
        sessions=[
            {"id": session.id, "person": session.person, "way": str(session.way), "created_at": session.created_at,
             "seen_at": session.seen_at, "mine": session.id == visitor.session.id}
            for session in await _sessions(visitor)
        ],
        integrations=[
            ("slack", "Slack", []),
            *((name, _NAMES.get(name, name.capitalize()), installation.missing(name)) for name in NEEDS),
            ("prometheus", "Prometheus", [] if installation.prometheus() else ["PROMETHEUS_URL"]),
        ],
        **results,
    )  # fmt: skip


async def _tested(visitor: Visitor, installation: Installation, method: str) -> str:
    """Send a test to the visitor, and say what came of it."""
    if method == "slack":
        return await installation.slack() or "Slack answers."
    if method == "prometheus":
        return await _asked_prometheus(installation.prometheus())
    notifier = installation.notifiers().get(method)
    if notifier is None:
        return f"It is not set up. Set {' and '.join(installation.missing(method)) or method}."
    try:
        receipt = await notifier.send(_test_page(visitor, Action.TRIGGER))
        if method == "pagerduty":
            await notifier.send(_test_page(visitor, Action.RESOLVE))
    except DeliveryError as error:
        return f"It failed: {error}"
    return f"Sent; {receipt.vendor} answered {receipt.status or 'that it has it'}."


async def _asked_prometheus(address: Address | None) -> str:
    if address is None:
        return "It is not set up. Set PROMETHEUS_URL."
    client, now = Prometheus(lambda: address), time.time()
    try:
        await client.range("vector(1)", now - 60, now, 60)
    except PrometheusError as error:
        return f"It failed: {error}"
    finally:
        await client.close()
    return f"{address.shown} answers."


def _test_page(visitor: Visitor, action: Action) -> Page:
    person = person_by_address(visitor.person, visitor.context.policy)
    name = f"test-{visitor.session.id}-{int(visitor.now.timestamp())}"
    return Page(
        incident="TEST", action=action, dedup_key=name, key=name, person=person, title="A test of this integration",
        severity=None, severe=None, status=None, why="Somebody pressed “Send a test”. Nothing is wrong.", link=None,
        rung=None, times=1, declared_at=visitor.now, paged_at=visitor.now,
    )  # fmt: skip
