"""A log line is one line, in both forms, for any text; it has no secret, in any encoding."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import quote

import pytest
import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot import logs

SECRET = 'p"4ss\\w0rd/ä+&x'
FORGED = "2026-01-05 03:04:05 [info     ] forged                         who=root"
HOSTILE = f"x\r\n{FORGED}\n\x1b[2J\x1b]0;title\x07 \x9b31m \x00 \u2028{FORGED}\u2029 \x85 \u202eevil \x08\x08\ud83d"
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_bolt_does_not_alarm_the_operator_about_a_token_that_is_in_use(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-in-use")
    logs.configure("json", "INFO")
    app = AsyncApp(name="tocsin", authorize=_authorize)
    app.logger.info("A new session has been established")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "A new session has been established"


async def _authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id=None)


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_text_forges_a_log_line_or_controls_the_terminal(
    form: Literal["console", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(form, "DEBUG")
    log = structlog.get_logger("bot.test")
    log.info("one", text=HOSTILE, deep={"list": [HOSTILE], HOSTILE: {"again": (HOSTILE,)}}, error=ValueError("x"))
    log.warning(HOSTILE)
    logging.getLogger("library").warning("two %s", HOSTILE)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        log.exception("three", text=HOSTILE)
        logging.getLogger("library").exception("four")
    said = capsys.readouterr().err
    assert not CONTROLS.search(re.sub("\x1b\\[[0-9;]*m", "", said) if form == "console" else said)
    lines = said.splitlines()
    assert not any(line.startswith("2026-01-05") for line in lines)
    if form == "json":
        assert len(lines) == 5
        assert [json.loads(line)["level"] for line in lines] == ["info", "warning", "warning", "error", "error"]
    else:
        own = [line for line in lines if not line.startswith("    ")]
        assert len(own) == 5, own


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_secret_is_logged_in_any_encoding(
    form: Literal["console", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(form, "DEBUG", [SECRET])
    log = structlog.get_logger("bot.test")
    ways = [
        SECRET, repr(SECRET), json.dumps(SECRET), json.dumps({"token": SECRET}, ensure_ascii=False), quote(SECRET),
        quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode(),
    ]  # fmt: skip
    for way in ways:
        log.info("said", text=way, deep={"a": [way]}, error=ValueError(way))
        logging.getLogger("library").error("in a library: %s", way)
        try:
            raise ConnectionError(way)
        except ConnectionError:
            log.exception("failed")
    said = capsys.readouterr().err
    assert "•••" in said
    for way in ways:
        bare = way.strip("\"'{}").removeprefix('token": "')
        assert bare not in said
        assert json.dumps(bare)[1:-1] not in said
