"""Who gets into the console, and for how long."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot.usecases import tokens
from tests.api.calls import MAYA, TOM, token_for
from tests.api.commands import tocsin
from tests.scenarios.running import World, running_world
from tests.web.console.browser import browser, hidden


@pytest.fixture
async def world(sqlite_url: str) -> Any:
    async with running_world(sqlite_url) as running:
        yield running


async def test_nobody_sees_a_page_without_signing_in_and_comes_back_to_it_afterwards(world: World) -> None:
    async with browser(world, None) as stranger:
        sent_away = await stranger.get("/incidents/INC-1?show=key")
        assert (sent_away.status, sent_away.headers["Location"]) == (303, "/login?next=/incidents/INC-1?show%3Dkey")
        form = await stranger.get(sent_away.headers["Location"])
        wrong = await stranger.send(form, "/login", token="tcs_guessed")
        assert wrong.status == 401
        assert "unknown, expired or revoked" in wrong.text
        _, secret = await token_for(world)
        signed_in = await stranger.send(form, "/login", token=secret)
        assert (signed_in.status, signed_in.headers["Location"]) == (303, "/incidents/INC-1?show=key")
        cookie = signed_in.headers["Set-Cookie"]
        assert secret not in cookie
        assert {"HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
        assert (await stranger.get("/")).status == 200


async def test_a_session_ends_with_its_token_and_by_signing_out(world: World) -> None:
    token, secret = await token_for(world)
    async with browser(world, None) as first, browser(world, TOM) as second:
        await first.signed_in(secret)
        assert (await first.get("/")).status == 200
        await tokens.revoke(world.tocsin.database, str(token.id), world.tocsin.context.clock.now())
        assert (await first.get("/")).status == 303
        kept = second.cookies()
        assert (await second.send(await second.get("/"), "/logout")).status == 303
        second.put_cookies(kept)
        assert (await second.get("/")).status == 303, "a stolen cookie opens nothing after signing out"


async def test_a_session_gets_a_new_secret_each_hour_and_ends_when_it_is_idle(world: World) -> None:
    async with browser(world) as maya:
        before = maya.cookies()
        form = await maya.get("/")
        await world.pass_time(hours=2)
        assert "tocsin_session" in (await maya.get("/")).headers["Set-Cookie"]
        assert "Set-Cookie" not in (await maya.get("/")).headers
        assert (await maya.send(form, "/declare", title="Sent from an older page", severity="sev3")).status == 303
        await world.pass_time(minutes=6)
        maya.put_cookies(before)
        assert (await maya.get("/")).status == 303, "the secret before opens nothing"
    async with browser(world, TOM) as tom:
        await world.pass_time(hours=13)
        assert (await tom.get("/")).status == 303


async def test_a_link_signs_in_once_and_only_by_its_button(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = {"DATABASE_URL": world.settings.url, "TOCSIN_URL": "https://tocsin.example.com"}
    printed = await tocsin(env, "login", MAYA)
    links = re.findall(r"https?://\S+", printed)
    assert len(links) == 1
    path = links[0].removeprefix("https://tocsin.example.com")
    async with browser(world, None) as maya, browser(world, None) as thief:
        for _ in range(3):
            page = await maya.get(path)
            assert page.status == 200
        assert (await maya.post(path, hidden(page.text))).status == 303
        assert (await maya.get("/")).status == 200
        late = await thief.get(path)
        assert late.status == 410
        answer = await thief.post(path, {"csrf": hidden(late.text)["csrf"]})
        assert answer.status == 410
        assert (await thief.get("/")).status == 303


async def test_a_link_expires(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    printed = await tocsin({"DATABASE_URL": world.settings.url}, "login", MAYA)
    path = re.findall(r"http://127.0.0.1:\d+(/login/\S+)", printed)[0]
    await world.pass_time(minutes=16)
    async with browser(world, None) as maya:
        assert (await maya.get(path)).status == 410


async def test_failed_sign_ins_are_limited_and_the_right_token_waits_as_well(world: World) -> None:
    _, secret = await token_for(world)
    async with browser(world, None) as guesser:
        form = (await guesser.get("/login")).form("/login")
        answers = [(await guesser.post("/login", {**form, "token": f"tcs_{guess}"})).status for guess in range(11)]
        assert answers == [401] * 10 + [429]
        late = await guesser.post("/login", {**form, "token": secret})
        assert (late.status, late.headers["Retry-After"]) == (429, "6")


async def test_a_form_sent_after_the_session_ended_comes_back_with_its_words(world: World) -> None:
    _, secret = await token_for(world)
    async with browser(world, None) as maya:
        await maya.signed_in(secret)
        form = await maya.get("/")
        await world.pass_time(hours=13)
        words = 'Down since "4512" <again>'
        out = await maya.send(form, "/declare", title=words, severity="sev2")
        assert out.status == 401
        assert "&lt;again&gt;" in out.text
        again = await maya.send(out, "/login", token=secret)
        assert again.status == 200
        assert "&lt;again&gt;</textarea>" in again.text
        sent = await maya.send(again, "/declare", title=words, severity="sev2")
        assert (sent.status, sent.headers["Location"]) == (303, "/incidents/INC-1?done=Declare")


async def test_words_that_another_site_sends_are_not_kept(world: World) -> None:
    async with browser(world, None) as stranger:
        sent = await stranger.post("/declare", {"title": "Buy this"}, **{"Sec-Fetch-Site": "cross-site"})
        assert sent.status == 401
        assert "Buy this" not in sent.text
