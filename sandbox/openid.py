"""Plays Slack's OpenID Connect: authorizes a browser, exchanges a code once, and signs tokens with RS256.

https://docs.slack.dev/authentication/sign-in-with-slack/
"""

import base64
import hashlib
import html
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.core import WorkspaceCore

CODE_LASTS_S = 600.0
COOKIE = "sandbox_user"
KEY_ID = "sandbox-1"


@dataclass(frozen=True)
class Grant:
    """The sign-in that a code can be exchanged for."""

    user: str
    nonce: str
    redirect_uri: str
    at: float


class OpenId:
    """The endpoints. `redirect_urls` are those that the app has registered: a sign-in comes back to no other."""

    def __init__(self, ws: WorkspaceCore) -> None:
        self.ws = ws
        self.client_id = ws.settings.client_id
        self.client_secret = ws.settings.client_secret
        self.redirect_urls: list[str] = list(ws.settings.redirect_urls)
        self._codes: dict[str, Grant] = {}
        self._key: rsa.RSAPrivateKey | None = None

    def routes(self, app: web.Application) -> None:
        """Add the routes. That of the token comes before the other methods of the Web API."""
        app.router.add_get("/openid/connect/authorize", self.authorize)
        app.router.add_get("/openid/connect/keys", self.keys)
        app.router.add_get("/openid/as/{user}", self.choose)
        app.router.add_post("/api/openid.connect.token", self.token)

    async def choose(self, request: web.Request) -> web.Response:
        """Make the browser that of a person, and go to a page of the app: for the workspace's own links."""
        user = self.ws.state.users.get(request.match_info["user"])
        then = request.query.get("then", "/")
        if user is None or not any(_same_origin(then, url) for url in self.redirect_urls):
            return web.Response(status=404, text="no such person, or not a page of the app")
        response = web.Response(status=303, headers={"Location": then})
        response.set_cookie(COOKIE, user.id, httponly=True, samesite="Lax", path="/openid")
        return response

    async def authorize(self, request: web.Request) -> web.Response:
        """Send the browser back with a code for the person whose browser it is; without one, ask who it is."""
        query = request.query
        if (problem := self._problem(request)) is not None:
            return web.Response(status=400, text=problem)
        user = self.ws.state.users.get(query.get("user") or request.cookies.get(COOKIE, ""))
        if user is None:
            people = [user for user in self.ws.state.users.values() if not user.is_bot and not user.deleted]
            links = "".join(
                f'<li><a href="?{html.escape(urlencode({**query, "user": user.id}))}">{html.escape(user.real_name)}</a>'
                for user in people
            )
            page = f"<!doctype html><title>Sign in</title><h1>Sign in to {html.escape(self.ws.settings.team_name)}</h1>"
            return web.Response(text=f"{page}<ul>{links}</ul>", content_type="text/html")
        code = secrets.token_urlsafe(24)
        self._codes[code] = Grant(user.id, query.get("nonce", ""), query["redirect_uri"], time.time())
        answer_query = urlencode({"code": code, "state": query.get("state", "")})
        return web.Response(status=302, headers={"Location": f"{query['redirect_uri']}?{answer_query}"})

    async def keys(self, _: web.Request) -> web.Response:
        """The public keys, as a JSON Web Key Set."""
        return web.json_response({"keys": [self._public()]})

    async def token(self, request: web.Request) -> web.Response:
        """Exchange a code, which works once, for the token of the person who signed in."""
        form = await request.post()
        grant = self._codes.pop(str(form.get("code", "")), None)
        if form.get("client_id") != self.client_id or form.get("client_secret") != self.client_secret:
            return _error("bad_client_secret" if form.get("client_id") == self.client_id else "invalid_client_id")
        if form.get("grant_type", "authorization_code") != "authorization_code":
            return _error("invalid_grant_type")
        if grant is None or time.time() - grant.at > CODE_LASTS_S:
            return _error("invalid_code")
        if form.get("redirect_uri") != grant.redirect_uri:
            return _error("bad_redirect_uri")
        signed = jwt.encode(self.claims(grant), self._private(), algorithm="RS256", headers={"kid": KEY_ID})
        return web.json_response(
            {"ok": True, "access_token": "xoxp-sandbox", "token_type": "Bearer", "id_token": signed}
        )

    def claims(self, grant: Grant) -> dict[str, Any]:
        """The claims of the token."""
        user, team, now = self.ws.state.users[grant.user], self.ws.settings.team_id, int(time.time())
        claims: dict[str, Any] = {
            "iss": self.ws.url, "sub": user.id, "aud": self.client_id, "exp": now + 300, "iat": now, "auth_time": now,
            "at_hash": hashlib.sha256(b"xoxp-sandbox").hexdigest()[:22],
            "https://slack.com/team_id": team, "https://slack.com/user_id": user.id,
            "name": user.real_name, "locale": "en-US", "https://slack.com/team_name": self.ws.settings.team_name,
            "https://slack.com/team_domain": self.ws.settings.team_domain,
        }  # fmt: skip
        return claims | ({"nonce": grant.nonce} if grant.nonce else {})

    def _problem(self, request: web.Request) -> str | None:
        """Why nobody is authorized."""
        query = request.query
        if query.get("client_id") != self.client_id:
            return "invalid_client_id"
        if query.get("response_type") != "code":
            return "invalid_response_type"
        if "openid" not in query.get("scope", "").replace(",", " ").split():
            return "invalid_scope"
        if not query.get("state"):
            return "missing_state"
        if query.get("redirect_uri") not in self.redirect_urls:
            return "bad_redirect_uri"
        own = self.ws.settings.team_id
        return None if query.get("team", own) == own else "invalid_team_for_app"

    def _private(self) -> rsa.RSAPrivateKey:
        if self._key is None:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._key

    def _public(self) -> dict[str, str]:
        numbers = self._private().public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": KEY_ID,
            "n": _base64(numbers.n),
            "e": _base64(numbers.e),
        }


def _error(name: str) -> web.Response:
    return web.json_response({"ok": False, "error": name})


def _base64(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode().rstrip("=")


def _same_origin(first: str, second: str) -> bool:
    return urlsplit(first)[:2] == urlsplit(second)[:2]
