"""Reads and writes the console's cookies, and makes the tokens that every form carries.

A cookie's value is signed, so that a forged one is refused without a query. A form's token is bound to its
session, and on the pages before sign-in to a cookie of their own: another site can send neither.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass

from aiohttp import web

from bot.domain.access import session as sessions
from bot.domain.access.session import Session

FIELD = "csrf"  # of a form
LONGEST = 400
_SESSION, _VISIT, _OPENID = "tocsin_session", "tocsin_visit", "tocsin_openid"
_LONGEST_OPENID = 1000


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies of one bot. `secure`: its public address is https, and browsers send them there alone."""

    key: str
    secure: bool

    def session_secret(self, request: web.Request) -> str | None:
        """The secret of the session that the request belongs to; None without one, and for one we did not sign."""
        return self._read(request, _SESSION)

    def set_session(self, response: web.Response, secret: str) -> None:
        """Give the browser a session."""
        self._write(response, _SESSION, secret, int(sessions.LONGEST.total_seconds()))

    def delete_session(self, response: web.Response) -> None:
        """Delete the cookie of the session."""
        self._write(response, _SESSION, "", 0)

    def visit(self, request: web.Request) -> str | None:
        """The random value that identifies a browser before sign-in."""
        return self._read(request, _VISIT)

    def set_visit(self, response: web.Response, visit: str) -> None:
        """Give the browser its random value, for the forms before sign-in."""
        self._write(response, _VISIT, visit, 3600)

    def openid(self, request: web.Request) -> str | None:
        """The state that was stored when the browser was sent to Slack to sign in."""
        value = self._read(request, _OPENID, _LONGEST_OPENID)
        return None if value is None else base64.urlsafe_b64decode(value).decode()

    def set_openid(self, response: web.Response, state: str) -> None:
        """Store this state while the browser is at Slack, for ten minutes."""
        self._write(response, _OPENID, base64.urlsafe_b64encode(state.encode()).decode(), 600)

    def delete_openid(self, response: web.Response) -> None:
        """Delete the state."""
        self._write(response, _OPENID, "", 0)

    def session_token(self, session: Session) -> str:
        """The CSRF token of a session's form. It is salted anew each time, against attacks on compressed pages."""
        return self._token(_owner_of(session))

    def visit_token(self, visit: str) -> str:
        """The CSRF token of a form before sign-in."""
        return self._token(visit)

    def is_of_session(self, form_token: object, session: Session) -> bool:
        """Whether a form of this session carries this token, also one from before its secret was replaced."""
        return self._is_token_of(form_token, _owner_of(session))

    def is_of_visit(self, form_token: object, visit: str | None) -> bool:
        """Whether a form of this browser carries this token."""
        return visit is not None and self._is_token_of(form_token, visit)

    def _token(self, owner: str) -> str:
        salt = secrets.token_urlsafe(9)
        return f"{salt}.{sessions.mac('form', f'{owner}:{salt}', self.key)}"

    def _is_token_of(self, form_token: object, owner: str) -> bool:
        if not isinstance(form_token, str) or len(form_token) > LONGEST:
            return False
        salt, _, mac = form_token.partition(".")
        expected = sessions.mac("form", f"{owner}:{salt}", self.key)
        return hmac.compare_digest(mac.encode("utf-8", "replace"), expected.encode())

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name

    def _read(self, request: web.Request, name: str, longest: int = LONGEST) -> str | None:
        value = request.cookies.get(self._name(name), "")
        return sessions.verify(name, value, self.key) if 0 < len(value) <= longest else None

    def _write(self, response: web.Response, name: str, value: str, lasts_s: int) -> None:
        response.set_cookie(
            self._name(name), sessions.sign(name, value, self.key) if value else "", max_age=lasts_s, path="/",
            httponly=True, samesite="Lax", secure=self.secure,
        )  # fmt: skip


def _owner_of(session: Session) -> str:
    return f"session {session.id} {session.created_at.isoformat()}"


def from_another_site(request: web.Request) -> bool:
    """Whether the browser says that a page of another site sent this."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}
