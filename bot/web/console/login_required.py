"""Handlers of the console's pages for people who have signed in, and the page that signs in."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import quote

import structlog
from aiohttp import web

from bot.domain.access.identity import OPERATOR
from bot.domain.errors import NotFound, Refused
from bot.operations.base import API
from bot.web.api.problems import Problem, problem_of_refusal
from bot.web.console import rendering
from bot.web.console.cookies import FIELD, from_another_site
from bot.web.console.kept_words import KeptWords, keep_form
from bot.web.console.local_path import local_path
from bot.web.console.visitor import Console, Visitor
from bot.web.form import form_of
from storage.engine.errors import StorageError

log = structlog.get_logger()

SIGNED_OUT = "You are signed out. Nothing was changed."
FORGED = "This form is too old, or it came from another page. Nothing was changed. Open the page again and repeat it."

Page = Callable[[Visitor], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def login_required(console: Console, page: Page) -> Handler:
    """A handler for people who have signed in. Others are redirected to the sign-in, and back afterwards."""

    @wraps(page)
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            visitor = await console.visitor(request)
        except Problem as problem:
            return _bare_page(request, problem)
        except StorageError:
            return _bare_page(request, Problem("not-recorded", "The database does not answer. Try again in a moment."))
        if visitor is None:
            if request.method != "GET":
                return await _ask_to_sign_in_again(console, request)
            raise web.HTTPSeeOther(f"/login?next={quote(request.path_qs, safe='/')}")
        response = await _answer(visitor, page)
        if visitor.new_secret is not None and not response.prepared and isinstance(response, web.Response):
            visitor.cookies.set_session(response, visitor.new_secret)
        return response

    return handle


async def _answer(visitor: Visitor, page: Page) -> web.StreamResponse:
    try:
        if visitor.request.method != "GET":
            form_token = (await form_of(visitor.request)).get(FIELD)
            if from_another_site(visitor.request) or not visitor.cookies.is_of_session(form_token, visitor.session):
                raise Problem("not-allowed", FORGED)
        if visitor.person not in {API, OPERATOR}:
            await visitor.console.authenticator.identify(visitor.token, ask=False)
        return await page(visitor)
    except Refused as refused:
        return await _problem_page(visitor, problem_of_refusal(refused), missing=isinstance(refused, NotFound))
    except Problem as problem:
        return await _problem_page(visitor, problem)
    except StorageError as error:
        log.warning("console.not_recorded", error=str(error), path=visitor.request.path)
        return _bare_page(visitor.request, Problem("not-recorded", "Nothing was recorded. Go back and send it again."))


async def _problem_page(visitor: Visitor, problem: Problem, *, missing: bool = False) -> web.Response:
    status = problem.response().status
    title = "There is nothing here" if missing else "That did not work"
    return await visitor.page("message.html", status, title=title, text=problem.detail, at="")


async def _ask_to_sign_in_again(console: Console, request: web.Request) -> web.Response:
    """The page that signs in, with what was typed into the form, unless another site sent it."""
    kept_words = None if from_another_site(request) else keep_form(request.path, await form_of(request))
    return await login_page(console, request, error=SIGNED_OUT, status=401, kept=kept_words)


async def login_page(
    console: Console, request: web.Request, *, error: str = "", person: str = "", status: int = 200,
    kept: KeptWords | None = None,
) -> web.Response:  # fmt: skip
    """The page that signs in."""
    cookies = await console.cookies()
    visit = cookies.visit(request)
    fresh = visit or secrets.token_urlsafe(18)
    response = rendering.html(
        request, "login.html", status, error=error, person=person, csrf=cookies.visit_token(fresh),
        next=local_path(request.query.get("next")), slack=console.slack, kept=kept,
    )  # fmt: skip
    if visit is None:
        cookies.set_visit(response, fresh)
    return response


def _bare_page(request: web.Request, problem: Problem) -> web.Response:
    return rendering.html(request, "alone.html", problem.response().status, title="Not now", text=problem.detail)
