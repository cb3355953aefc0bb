"""Calls Slack's Web API: one attempt for each call, within the rate limits.

An error says whether the call may have taken effect.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import DeliveryError
from bot.integrations.http import CONNECT_S, RETRY_MARGIN_S, TIMEOUT_S, retry_after_s
from bot.slack.client.profiles import Profiles
from bot.slack.client.rate_limiter import RateLimiter, current_caller

# Errors on Slack's side: the call may have taken effect. https://docs.slack.dev/reference/methods (common errors)
UNCERTAIN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
# Slack refuses every call with this token, until an operator sets another or an admin of the workspace lets the app in.
# https://docs.slack.dev/reference/methods/auth.test (common errors)
TOKEN_REFUSED = frozenset(
    {
        "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type",
        "org_login_required", "team_access_not_granted", "team_added_to_org", "two_factor_setup_required",
        "accesslimited",
    }
)  # fmt: skip
MISSING_SCOPE = "missing_scope"
WRONG_WORKSPACE = "wrong_workspace"  # our own name: the token works, but for another workspace
_BLOCKING = TOKEN_REFUSED | {MISSING_SCOPE, WRONG_WORKSPACE}
BLOCKED_WAIT_S = 60.0  # until a call without its scope is tried again by itself
# The same while the token is refused. All that waits is tried as soon as the token works, but a notice may be stored as
# waiting only after that.
REFUSED_WAIT_S = 15.0
RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
RATE_LIMIT_WAIT = "Slack's rate limit is used up for now; this waits for its turn"
_DETAILED = frozenset({"invalid_blocks", "invalid_arguments"})  # errors whose details help and quote no text
_NO_JSON = "no JSON in the answer"
_NO_NAME = "it gave no reason"
NOT_SLACKS = frozenset({_NO_JSON, _NO_NAME})  # Slack names every error: something on the way answered in its place


class SlackError(DeliveryError):
    """A call that failed.

    `name` is Slack's error name, or the bot's own words if Slack gave no answer. `counts` says whether the call counts
    against Slack's rate limit. `channel` is the ID that the call named, if any; `needed` is the scope that was missing.
    """

    def __init__(
        self,
        name: str,
        method: str,
        *,
        permanent: bool = False,
        uncertain: bool = False,
        wait_s: float | None = None,
        attempted: bool = True,
        counts: bool = True,
    ) -> None:
        super().__init__(
            f"{method}: {name}",
            permanent=permanent,
            uncertain=uncertain,
            wait_s=wait_s,
            attempted=attempted,
            blocked=name in _BLOCKING,
        )
        self.channel = ""
        self.needed = ""
        self.counts = counts
        self.name = name
        self.method = method


class SlackApi:
    """Calls Slack's methods by name, within the rate limits.

    `observe` receives the method, the result and the seconds of every call; `waits` receives the method and the
    seconds of every call that has to wait for the rate limit.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        observe: Callable[[str, str, float], None] = lambda method, result, took_s: None,
        waits: Callable[[str, float], None] = lambda method, wait_s: None,
    ) -> None:
        self.client = client
        self.refused: str | None = None  # the error name, while Slack refuses the token
        self.answered_at: float | None = None  # when Slack last took a call with the token in use (monotonic)
        self.missing_scopes: dict[str, str] = {}  # by method: the scope that its last call lacked
        self.rate_limiter = RateLimiter()
        self.profiles = Profiles(self.call)
        self._observe = observe
        self._waits = waits

    async def call(self, method: str, **args: Any) -> dict[str, Any]:
        """Make one attempt and return Slack's JSON. Arguments that are None are left out.

        Raises `SlackError`: with `attempted=False` when the rate limit is used up and nothing was sent, with
        `uncertain=True` when the call may have taken effect all the same.
        """
        if self.refused is not None and method != "auth.test":
            raise SlackError(self.refused, method, wait_s=REFUSED_WAIT_S, attempted=False)
        channel = str(args.get("channel", ""))
        permit = self.rate_limiter.acquire(method, channel, current_caller.get())
        if isinstance(permit, float):
            self._waits(method, permit)
            raise SlackError(RATE_LIMIT_WAIT, method, wait_s=permit, attempted=False)
        started, token = time.perf_counter(), self.client.token
        result, counts = "ok", True
        try:
            answer = await self._post(method, {key: value for key, value in args.items() if value is not None})
            if self.client.token == token:  # else the answer says nothing about the token in use
                self._note_success(method)
            return answer
        except SlackError as error:
            error.channel = channel or str(args.get("channel_id", ""))
            result, counts = error.name, error.counts
            if error.name in RATE_LIMITED:
                counts = False
                self.rate_limiter.back_off(method, channel, error.wait_s or _retry_after({}))
            if error.blocked and self.client.token == token:
                self._note_refusal(error)
            raise
        finally:
            permit.release(counts=counts)
            self._observe(method, result, time.perf_counter() - started)

    def use_token(self, token: str) -> None:
        """Use another bot token from now on. Calls that Slack refused with the earlier token are tried again."""
        self.client.token = token
        self.refused = self.answered_at = None
        self.missing_scopes.clear()

    def _note_success(self, method: str) -> None:
        if self.refused != WRONG_WORKSPACE:  # there Slack accepts the token, and we do not
            self.refused = None
        self.answered_at = time.monotonic()
        self.missing_scopes.pop(method, None)

    def _note_refusal(self, error: SlackError) -> None:
        if error.name == MISSING_SCOPE:
            self.missing_scopes[error.method] = error.needed
        else:
            self.refused = error.name

    async def _post(self, method: str, args: dict[str, Any]) -> dict[str, Any]:
        try:
            response = await getattr(self.client, method.replace(".", "_"))(**args)
        except SlackApiError as error:
            raise _from_answer(error, method) from error
        except aiohttp.ClientConnectorError as error:
            raise SlackError("could not connect to Slack", method, counts=False) from error
        except RedirectRefused as error:
            raise SlackError("it answers from elsewhere; check SLACK_API_URL", method) from error
        except TimeoutError as error:
            raise SlackError("no answer in time", method, uncertain=True) from error
        except aiohttp.ClientError as error:
            raise SlackError(f"the connection broke ({type(error).__name__})", method, uncertain=True) from error
        data = response.data
        return data if isinstance(data, dict) else {}


def _from_answer(error: SlackApiError, method: str) -> SlackError:
    status = int(getattr(error.response, "status_code", None) or getattr(error.response, "status", None) or 200)
    headers = getattr(error.response, "headers", None) or {}
    if status == 429:
        return SlackError("ratelimited", method, wait_s=_retry_after(headers))
    if status >= 500:
        return SlackError(f"Slack answered {status}", method, uncertain=True)
    name = _detailed_name(error)
    if name in RATE_LIMITED:
        return SlackError(name, method, wait_s=_retry_after(headers))
    if name in UNCERTAIN:
        return SlackError(name, method, uncertain=True)
    if name in NOT_SLACKS:
        return SlackError(name, method, uncertain=status < 400)
    if name in _BLOCKING:
        refusal = SlackError(name, method, wait_s=BLOCKED_WAIT_S if name == MISSING_SCOPE else REFUSED_WAIT_S)
        refusal.needed = _needed_scope(error)
        return refusal
    return SlackError(name, method, permanent=True)


def error_name(data: object) -> str:
    """Slack's error name, or `unknown_error` for any other text: it might quote what was sent, token and all."""
    if not isinstance(data, dict):
        return _NO_JSON
    name = data.get("error")
    if not isinstance(name, str) or not name:
        return _NO_NAME
    return name if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", name) and not name.startswith("xox") else "unknown_error"


def _detailed_name(error: SlackApiError) -> str:
    data = getattr(error.response, "data", None)
    name = error_name(data)
    if not isinstance(data, dict) or name not in _DETAILED:
        return name
    details = (data.get("response_metadata") or {}).get("messages") or []
    return f"{name} {' '.join(map(str, details))}".strip()


def _needed_scope(error: SlackApiError) -> str:
    """The scopes that Slack names, one of which suffices; empty where it names none."""
    data = getattr(error.response, "data", None)
    needed = str(data.get("needed", "")) if isinstance(data, dict) else ""
    return needed if re.fullmatch(r"[a-z:.,_-]{1,200}", needed) else ""


def _retry_after(headers: Any) -> float:
    """The wait in seconds, possibly a fraction; one second if Slack does not say."""
    lower = {str(name).lower(): str(value) for name, value in headers.items()}
    return retry_after_s({"Retry-After": lower.get("retry-after", "")}) or 1.0 + RETRY_MARGIN_S


def ends_before(deadline: float) -> bool:
    """Whether a call that starts now ends before `deadline` (monotonic clock) even if it times out."""
    return time.monotonic() + TIMEOUT_S <= deadline


class RedirectRefused(aiohttp.ClientError):
    """The server sent a redirect, which is never followed."""


async def _refuse_redirect(*_: Any) -> None:
    raise RedirectRefused("redirects are not followed")


def open_session() -> aiohttp.ClientSession:
    """The shared HTTP session, with the time-outs: the SDK ignores its own when it is given a session.

    The session follows no redirects: tokens and pages go to the configured addresses only.
    """
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse_redirect)
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S, connect=CONNECT_S),
        connector=aiohttp.TCPConnector(limit=100),
        trace_configs=[trace],
    )


def web_client(token: str | None, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """The SDK's client on the shared session, with its own retries off: the outbox retries."""
    logger = logging.getLogger("slack_sdk.web")
    logger.setLevel(logging.WARNING)  # its own level decides whether the SDK composes lines for debugging
    return AsyncWebClient(
        token=token, base_url=base_url, session=session, timeout=int(TIMEOUT_S), retry_handlers=[], logger=logger
    )
