"""Signs people in with Slack by OpenID Connect: the address to go to, and the proof that comes back.

https://docs.slack.dev/authentication/sign-in-with-slack/
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bot.domain.errors import DeliveryError
from bot.integrations import http

VENDOR = "Slack"
USER, TEAM = "https://slack.com/user_id", "https://slack.com/team_id"  # claims
LEEWAY_S = 60
_SCOPES = "openid profile"


class IdentityNotVerified(Exception):
    """Slack's answer does not prove a person's identity. The message is for the log, and holds no secret."""


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """The person who signed in, as Slack reports."""

    user: str
    team: str


@dataclass(slots=True)
class SlackOpenId:
    """A client of one workspace's Slack. `root` is `https://slack.com/`; keys are read when one is not known."""

    session: aiohttp.ClientSession
    root: str
    client_id: str
    secret: Callable[[], str] = field(repr=False)
    _keys: dict[str, Any] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """The issuer of the proofs."""
        return self.root.rstrip("/")

    def address(self, redirect_uri: str, state: str, nonce: str, team: str) -> str:
        """The address at which the browser signs in."""
        query = {
            "response_type": "code", "scope": _SCOPES, "client_id": self.client_id, "state": state, "nonce": nonce,
            "redirect_uri": redirect_uri, "team": team,
        }  # fmt: skip
        return f"{self.root}openid/connect/authorize?{urlencode(query)}"

    async def signed_in_user(self, code: str, redirect_uri: str, nonce: str) -> SignedInUser:
        """Exchange the code of the browser. Raises `IdentityNotVerified`, or `DeliveryError` if Slack is away."""
        secret = self.secret()
        form = {
            "grant_type": "authorization_code", "code": code, "client_id": self.client_id, "client_secret": secret,
            "redirect_uri": redirect_uri,
        }  # fmt: skip
        answer = await self._ask("POST", f"{self.root}api/openid.connect.token", (secret, code), data=form)
        token = answer.data.get("id_token")
        if answer.data.get("ok") is not True or not isinstance(token, str):
            raise IdentityNotVerified(f"openid.connect.token: {answer.text('error') or answer.status}")
        claims = await self._claims(token, nonce)
        user, team = claims.get(USER), claims.get(TEAM)
        if not isinstance(user, str) or not isinstance(team, str):
            raise IdentityNotVerified("the token names no user")
        return SignedInUser(user, team)

    async def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        import jwt  # noqa: PLC0415 - slow to import, and seldom needed

        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(str(header.get("kid", "")))
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=["RS256"], audience=self.client_id, issuer=self.issuer, leeway=LEEWAY_S,
                options={"require": ["exp", "iat", "aud", "iss", "sub"]},
            )  # fmt: skip
        except jwt.PyJWTError as error:
            raise IdentityNotVerified(f"the token is not valid ({type(error).__name__})") from None
        if claims.get("nonce") != nonce:
            raise IdentityNotVerified("the token belongs to another sign-in")
        return claims

    async def _key(self, kid: str) -> Any:
        import jwt  # noqa: PLC0415 - as above

        if kid not in self._keys:
            answer = await self._ask("GET", f"{self.root}openid/connect/keys", ())
            key_set = answer.data.get("keys")
            fresh = jwt.PyJWKSet.from_dict({"keys": key_set if isinstance(key_set, list) else []})
            self._keys = {str(key.key_id): key for key in fresh.keys}
        if kid not in self._keys:
            raise IdentityNotVerified("the token is signed with an unknown key")
        return self._keys[kid]

    async def _ask(self, method: str, url: str, secrets: tuple[str, ...], **how: Any) -> http.Answer:
        timeout = aiohttp.ClientTimeout(total=http.TIMEOUT_S)
        answer = await http.ask(
            self.session, method, url, VENDOR, secrets, headers=http.headers(), timeout=timeout, **how
        )  # fmt: skip
        if (error := http.temporary_error(answer, VENDOR)) is not None:
            raise DeliveryError(str(error))
        return answer
