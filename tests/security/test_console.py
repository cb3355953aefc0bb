"""The console's protection against other sites, stolen addresses and readers of the log."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from bot.web.console.local_path import local_path
from tests.api.calls import token_for
from tests.scenarios.running import World, running_world
from tests.web.console.browser import browser

PAGES = ("/", "/incidents", "/incidents/INC-1", "/alerts", "/oncall", "/figures", "/audit", "/setup")


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with running_world(sqlite_url) as running:
        yield running


async def test_every_form_needs_a_token_of_its_own_session(world: World) -> None:
    async with browser(world) as maya, browser(world, "U0TOM00000") as tom:
        page = await maya.get("/")
        for action in re.findall(r'<form method="post" action="([^"]+)"', page.text):
            assert page.form(action)["csrf"], action
        of_tom = (await tom.get("/")).form("/declare")["csrf"]
        for forged in ({}, {"csrf": ""}, {"csrf": "x.y"}, {"csrf": of_tom}):
            answer = await maya.post("/declare", {"title": "Forged", "severity": "sev1", **forged})
            assert answer.status == 403
        genuine = page.form("/declare")
        answer = await maya.post(
            "/declare", {"title": "F", "severity": "sev1", **genuine}, **{"Sec-Fetch-Site": "cross-site"}
        )
        assert answer.status == 403
        assert "All quiet" in (await maya.get("/")).text
        for path in ("/logout", "/setup/check", "/setup/tokens", "/setup/sessions/1/end", "/silences"):
            assert (await maya.post(path, {})).status == 403, path


async def test_signing_in_needs_the_browsers_own_form_and_gives_it_a_new_session(world: World) -> None:
    async with browser(world, None) as victim, browser(world, None) as attacker:
        _, secret = await token_for(world)
        foreign = (await attacker.get("/login")).form("/login")
        await victim.get("/login")
        assert (await victim.post("/login", {**foreign, "token": secret})).status == 403, "signed in as somebody else"
        await attacker.signed_in(secret)
        planted = attacker.cookies()
        victim.put_cookies(planted)
        _, own = await token_for(world, "U0TOM00000")
        await victim.post("/logout", {})  # without a token it changes nothing
        victim.session.cookie_jar.clear()
        await victim.signed_in(own)
        assert victim.cookies()["tocsin_session"] != planted["tocsin_session"]
        for made_up in ("guessed", "guessed.guessed", planted["tocsin_session"][:-1] + "0"):
            victim.put_cookies({"tocsin_session": made_up})
            assert (await victim.get("/")).status == 303, made_up


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example.com", "//evil.example.com", "/\\evil.example.com", "/%0d%0aLocation:x\r\nX: y",
        "javascript:alert(1)", "evil.example.com", "/\t/evil.example.com", "", "/" + "a" * 600,
    ],
)  # fmt: skip
def test_signing_in_leads_to_our_own_pages_only(path: str) -> None:
    assert local_path(path) == "/"
    assert local_path("/incidents/INC-1?show=key") == "/incidents/INC-1?show=key"


async def test_every_page_forbids_frames_inline_scripts_and_storing(world: World) -> None:
    await world.declare()
    async with browser(world, scopes="admin") as maya:
        for path in PAGES:
            page = await maya.get(path)
            policy = page.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy, path
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert "form-action 'self'" in policy
            assert page.headers["X-Frame-Options"] == "DENY"
            assert page.headers["Cache-Control"] == "no-store"
            assert page.headers["Referrer-Policy"] == "no-referrer"
            assert not re.search(r"<script(?! src=)|<[^>]* (?:on[a-z]+|style)=|javascript:", page.text), path


async def test_no_secret_stands_in_a_page_an_address_or_the_log(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    _, secret = await token_for(world)
    async with browser(world, None) as maya:
        await maya.signed_in(secret)
        session = maya.cookies()["tocsin_session"].rpartition(".")[0]
        seen = "".join([(await maya.get(path)).text for path in PAGES if path != "/incidents/INC-1"])
        wrong = await maya.post("/login", {"token": secret, "csrf": "forged"})
        seen += wrong.text + str(wrong.headers)
    logged = capsys.readouterr().out + capsys.readouterr().err + caplog.text
    for each in (secret, session):
        assert each not in seen
        assert each not in logged


async def test_the_cookie_goes_to_https_alone_where_the_public_address_is_https(sqlite_url: str) -> None:
    async with (
        running_world(sqlite_url, tocsin_url="https://tocsin.example.com") as world,
        browser(world, None) as maya,
    ):
        cookie = (await maya.get("/login")).headers["Set-Cookie"]
        assert cookie.startswith("__Host-tocsin_visit=")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_nobody_revokes_a_token_that_is_not_there_or_not_theirs_to_revoke(world: World) -> None:
    of_tom, _ = await token_for(world, "U0TOM00000")
    async with browser(world) as maya, browser(world, scopes="admin") as admin:
        assert (await maya.act(f"/setup/tokens/{of_tom.id}/revoke", {})).status == 403
        for missing in ("999", "9" * 5000):
            assert (await admin.act(f"/setup/tokens/{missing}/revoke", {})).status == 404
            assert (await admin.act(f"/setup/sessions/{missing}/end", {})).status == 404
