"""The page **Setup**: the check, the policy in force and its file, tokens, sessions, and a test of each integration."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.domain.access.token import Scope
from bot.domain.errors import NotFound
from bot.usecases.access import sessions
from bot.web.api.authentication import require
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.integrations import Integration, by_name
from bot.web.console.list_parts import list_part
from bot.web.console.login_required import login_required
from bot.web.console.policy import difference
from bot.web.console.visitor import Console, Visitor
from storage import console_sessions

PER_PART = 25  # tokens, and sessions


@dataclass(frozen=True, slots=True)
class Installation:
    """The page's dependencies in the rest of the bot."""

    check: Callable[[], Awaitable[list[dict[str, Any]]]]  # what `tocsin check` finds
    policy_file: Callable[[], Path | None]
    integrations: Callable[[], Sequence[Integration]]


def routes(console: Console, installation: Installation) -> list[web.RouteDef]:
    """The page, and its forms: check, tests of integrations, tokens, sessions."""

    async def show(visitor: Visitor) -> web.StreamResponse:
        return await _page(visitor, installation)

    async def check(visitor: Visitor) -> web.StreamResponse:
        require(visitor.token, Scope.ADMIN)
        return await _page(visitor, installation, findings=await installation.check())

    async def send_test(visitor: Visitor) -> web.StreamResponse:
        require(visitor.token, Scope.ADMIN)
        integration = by_name(installation.integrations()).get(visitor.request.match_info["integration"])
        if integration is None:
            raise NotFound("There is no such integration.")
        return await _page(visitor, installation, tested=(integration.name, await _run_test(integration, visitor)))

    async def create(visitor: Visitor) -> web.StreamResponse:
        try:
            token = await carry_out(visitor, _token_form(visitor), {})
        except Rejected as rejected:
            return await _page(visitor, installation, rejected.form, rejected.status)
        return await _page(visitor, installation, made=token)

    return [
        web.get("/setup", login_required(console, show)),
        web.post("/setup/check", login_required(console, check)),
        web.post("/setup/test/{integration:[a-z0-9-]{1,40}}", login_required(console, send_test)),
        web.post("/setup/tokens", login_required(console, create)),
        web.post("/setup/tokens/{token:[0-9]+}/revoke", login_required(console, revoke_token)),
        web.post("/setup/sessions/{session:[0-9]{1,18}}/end", login_required(console, end_session)),
    ]


async def _run_test(integration: Integration, visitor: Visitor) -> str:
    if integration.missing:
        return f"It is not set up. Set {' and '.join(integration.missing)}."
    return await integration.test(visitor)


async def revoke_token(visitor: Visitor) -> web.StreamResponse:
    """Revoke a token; sessions that began with it end."""
    form = form_for("revoke_token", "", visitor.context.policy)
    try:
        await carry_out(visitor, form, visitor.request.match_info)
    except Rejected as rejected:
        return await visitor.page(
            "message.html", rejected.status, at="setup", title="Not revoked", text=rejected.form.error
        )
    return redirect("/setup#tokens")


async def end_session(visitor: Visitor) -> web.StreamResponse:
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


def _token_form(visitor: Visitor) -> Form:
    return form_for("create_token", "/setup/tokens", visitor.context.policy, "Make a token", **{"as": "me"})


async def _page(
    visitor: Visitor, installation: Installation, form: Form | None = None, status: int = 200, **values: Any
) -> web.Response:
    context = visitor.context
    admin = visitor.may(Scope.ADMIN)
    tokens = (await visitor.ask("list_tokens"))["tokens"] if admin else []
    results: dict[str, Any] = {"findings": None, "tested": None, "made": None, **values}
    return await visitor.page(
        "setup.html", status, at="setup", admin=admin, form=form or _token_form(visitor),
        policy={"name": context.policy.name, "digest": context.policy.digest[:12]},
        difference=await asyncio.to_thread(difference, context.policies.document, installation.policy_file())
        if admin else None,
        tokens=list_part(visitor.request, "tokens", tokens, PER_PART),
        sessions=list_part(visitor.request, "sessions", [
            {"id": session.id, "person": session.person, "way": str(session.way), "created_at": session.created_at,
             "seen_at": session.seen_at, "mine": session.id == visitor.session.id}
            for session in await _sessions(visitor)
        ], PER_PART),
        integrations=installation.integrations() if admin else [],
        **results,
    )  # fmt: skip
