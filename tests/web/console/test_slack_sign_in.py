"""Sign-in with Slack: checks of the proof, and of the browser that brings it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

import sandbox
from sandbox.openid import OpenId
from sandbox.server import Server
from sandbox.workspace import Workspace
from tests.api.calls import MAYA
from tests.scenarios.running import MANIFEST, World, settings_for, start
from tests.web.console.browser import Browser, Page, browser

PUBLIC = "http://tocsin.example.com"
BACK = f"{PUBLIC}/login/slack/callback"


@dataclass
class Scene:
    world: World
    openid: OpenId


@pytest.fixture
async def scene(sqlite_url: str) -> AsyncIterator[Scene]:
    settings = sandbox.Settings(manifest=MANIFEST, redirect_urls=(BACK,))
    server = Server(Workspace(settings))
    await server.start()
    wanted = settings_for(
        server.ws, sqlite_url, tocsin_url=PUBLIC, slack_client_id=settings.client_id,
        slack_client_secret=settings.client_secret,
    )  # fmt: skip
    world = World(server.ws, await start(server.ws, wanted), wanted)
    yield Scene(world, server.openid)
    await world.tocsin.stop()
    await server.stop()


async def to_slack(visitor: Browser, path: str = "/login/slack") -> dict[str, str]:
    """What Slack is asked for."""
    sent = await visitor.get(path)
    assert sent.status == 303
    return {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()}


async def authorized(visitor: Browser, scene: Scene, asked: dict[str, str], user: str = MAYA) -> dict[str, str]:
    """What Slack sends the browser back with."""
    address = f"{scene.world.ws.url}/openid/connect/authorize"
    async with visitor.session.get(address, params={**asked, "user": user}, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    return {name: values[0] for name, values in parse_qs(back.query).items()}


async def come_back(visitor: Browser, values: dict[str, str]) -> Page:
    return await visitor.get("/login/slack/callback?" + "&".join(f"{key}={value}" for key, value in values.items()))


async def test_people_sign_in_with_slack_and_each_code_and_state_works_once(scene: Scene) -> None:
    async with browser(scene.world, None) as maya:
        assert "Sign in with Slack" in (await maya.get("/login")).text
        asked = await to_slack(maya, "/login/slack?next=/oncall")
        back = await authorized(maya, scene, asked)
        signed_in = await come_back(maya, back)
        assert (signed_in.status, signed_in.headers["Location"]) == (303, "/oncall")
        assert MAYA in (await maya.get("/")).text
        assert (await come_back(maya, back)).status == 403, "the state is used up"


async def test_a_code_that_another_browser_got_signs_nobody_in(scene: Scene) -> None:
    async with browser(scene.world, None) as attacker, browser(scene.world, None) as victim:
        back = await authorized(attacker, scene, await to_slack(attacker))
        assert (await come_back(victim, back)).status == 403
        await to_slack(victim)
        assert (await come_back(victim, back)).status == 403, "the state is the attacker's"
        assert (await victim.get("/")).status == 303


async def test_a_proof_counts_only_with_its_nonce_signature_audience_issuer_and_time(scene: Scene) -> None:
    genuine = scene.openid.claims
    for wrong in (
        {"nonce": "another"}, {"aud": "another"}, {"iss": "https://evil.example.com"}, {"exp": int(time.time()) - 600},
        {"https://slack.com/team_id": "T0OTHER"}, {"https://slack.com/user_id": 7},
    ):  # fmt: skip
        scene.openid.claims = lambda grant, wrong=wrong: {**genuine(grant), **wrong}  # type: ignore[method-assign,misc]
        assert await tried(scene) == 403, wrong
    scene.openid.claims = genuine  # type: ignore[method-assign]
    published = scene.openid._public()
    scene.openid._public = lambda: published  # type: ignore[method-assign]
    scene.openid._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert await tried(scene) == 403, "signed with a key that Slack does not publish"


async def test_neither_an_unsigned_token_nor_one_signed_with_the_public_key_counts(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode: Any = jwt.encode
    monkeypatch.setattr(jwt, "encode", lambda claims, key, **how: encode(claims, None, algorithm="none"))
    assert await tried(scene) == 403
    secret = scene.openid.client_secret * 3
    monkeypatch.setattr(
        jwt, "encode", lambda claims, key, **how: encode(claims, secret, algorithm="HS256", headers=how["headers"])
    )
    assert await tried(scene) == 403


async def tried(scene: Scene) -> int:
    """The status of one sign-in from its beginning."""
    async with browser(scene.world, None) as maya:
        return (await come_back(maya, await authorized(maya, scene, await to_slack(maya)))).status


async def test_the_double_of_slack_is_strict(scene: Scene) -> None:
    async with browser(scene.world, None) as maya:
        asked = await to_slack(maya)
        address = f"{scene.world.ws.url}/openid/connect/authorize"
        for changed in ({"redirect_uri": f"{BACK}/"}, {"client_id": "1.2"}, {"state": ""}, {"scope": "profile"}):
            async with maya.session.get(address, params={**asked, **changed, "user": MAYA}) as answer:
                assert answer.status == 400, changed
        code = (await authorized(maya, scene, asked))["code"]
        form = {
            "code": code, "client_id": scene.openid.client_id, "client_secret": scene.openid.client_secret,
            "redirect_uri": BACK,
        }  # fmt: skip
        exchange = f"{scene.world.ws.url}/api/openid.connect.token"
        for changed, error in (({}, None), ({}, "invalid_code")):
            async with maya.session.post(exchange, data={**form, **changed}) as answer:
                assert (await answer.json()).get("error") == error


async def test_deactivated_people_and_bots_do_not_get_in(scene: Scene) -> None:
    scene.world.ws.change_user("maya", deleted=True)
    assert await tried(scene) == 403
