"""Actions of people outside Slack while it is down: by the API, in the console and on the command line."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.cli import operation_client
from bot.cli.main import main as tocsin
from bot.domain.access.token import Scope
from bot.usecases import tokens
from storage.open import open_database
from tests.scenarios import processes
from tests.scenarios.processes import SteppedClock
from tests.torture.acts import ACCEPTED, REFUSED, UNKNOWN, Act, pick
from tests.torture.people import number_of
from tests.torture.schedule import PEOPLE, Step
from tests.web.console.browser import Browser

if TYPE_CHECKING:
    from tests.torture.world import World

WITHIN_S = 6.0  # of one act by one interface
AGAIN_S = 0.3
_Given = dict[str, Any]


class Elsewhere:
    """Everybody's token, and every incident that was declared without Slack."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens: dict[str, str] = {}
        self._declared: list[int] = []

    async def sign_up(self) -> None:
        """Give everybody a token."""
        database = await open_database(self._world.url, migrate=False)
        try:
            for who in PEOPLE:
                user = self._world.ws.user(who).id
                scopes, now = (Scope.READ, Scope.WRITE), self._world.clock.now()
                self._tokens[who] = (await tokens.create(database, f"of {who}", user, scopes, now))[1]
        finally:
            await database.close()

    async def do(self, step: Step) -> None:
        """Do one step by the interface that it names. Skip it if its object does not exist yet."""
        with contextlib.suppress(LookupError):
            what = step.what.removeprefix("elsewhere:")
            verb, given = _asked(what, step)
            number = None if verb == "declare" else pick(self._numbers(), step.pick)
            outcome, words = await getattr(self, f"_by_{step.more['interface']}")(step, verb, number, given)
            user = self._world.ws.user(step.who).id
            self._world.people.acts.append(
                Act(what, user, step.token, number, outcome, f"{step.more['interface']}: {words}")
            )

    def _numbers(self) -> list[int]:
        known = {number_of(channel) for channel in self._world.people.channels()}
        return sorted({number for number in known if number is not None} | set(self._declared))

    async def _by_api(self, step: Step, verb: str, number: int | None, given: _Given) -> tuple[str, str]:
        """Send it with a key, and again until it is answered."""
        path = f"/api/v1/incidents{'' if number is None else f'/INC-{number}/{verb}'}"
        headers = {"Authorization": f"Bearer {self._tokens[step.who]}", "Idempotency-Key": f"{step.token}.{verb}"}
        words = "no answer"
        for _ in range(8):
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with (
                    self._session() as session,
                    session.post(self._url + path, json=given, headers=headers) as got,
                ):
                    words = await got.text()
                    if got.status < 300:
                        return self._accepted(json.loads(words), number), words[:60]
                    if got.status < 500 and got.status not in (409, 429):
                        return REFUSED, words
                    if got.status == 409 and "under way" not in words:
                        return REFUSED, words
            await asyncio.sleep(AGAIN_S)
        return UNKNOWN, words

    def _accepted(self, incident: Any, number: int | None) -> str:
        if number is None:
            self._declared.append(int(incident["id"].removeprefix("INC-")))
        return ACCEPTED

    async def _by_console(self, step: Step, verb: str, number: int | None, given: _Given) -> tuple[str, str]:
        """Sign in with the token, and send the form."""
        path = "/declare" if number is None else f"/incidents/INC-{number}/{verb}"
        values = {name: value if isinstance(value, str) else "yes" for name, value in given.items() if value}
        try:
            async with self._session() as session:
                browser = Browser(session, self._url)
                await browser.signed_in(self._tokens[step.who])
                page = await browser.act(path, values)
        except (aiohttp.ClientError, TimeoutError, AssertionError, KeyError) as error:
            return UNKNOWN, repr(error)
        if page.status >= 500:
            return UNKNOWN, str(page.status)
        if page.status != 303:
            return REFUSED, f"{page.status} {page.text[-200:]}"
        if number is None:
            return self._accepted({"id": page.headers["Location"].split("/")[2].partition("?")[0]}, None), "made"
        return ACCEPTED, page.headers["Location"]

    async def _by_cli(self, step: Step, verb: str, number: int | None, given: _Given) -> tuple[str, str]:
        """A process of its own on the same database."""
        words = [verb, *([] if number is None else [f"INC-{number}"]), *_typed(verb, given)]
        code, text = await _run_command(self._world, [*words, "--as", self._world.ws.user(step.who).id, "--json"])
        if code == 0:
            return self._accepted(json.loads(text), number), text[:60]
        lost = code is None or "database" in text.lower()
        return (UNKNOWN if lost else REFUSED), f"{code} {text}"

    def _session(self) -> aiohttp.ClientSession:
        jar, timeout = aiohttp.CookieJar(unsafe=True), aiohttp.ClientTimeout(total=WITHIN_S)
        return aiohttp.ClientSession(cookie_jar=jar, timeout=timeout)

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._world.balancer.port}"


def _asked(what: str, step: Step) -> tuple[str, _Given]:
    """The verb in the address, and what is sent."""
    token, level = step.token, ("sev1", "sev2", "sev3")[int(step.pick * 97 % 3)]
    status = ("investigating", "identified", "mitigating", "monitoring")[int(step.pick * 89 % 4)]
    verbs: dict[str, tuple[str, _Given]] = {
        "declare": ("declare", {"title": f"Case {token} is broken", "severity": level}),
        "declare_private": ("declare", {"title": f"Case {token} is broken", "severity": level, "private": True}),
        "ack": ("acknowledge", {}),
        "update": ("update", {"text": f"{token} updated {'at length ' * int(step.pick * 30)}"}),
        "note": ("note", {"text": f"{token} noted"}),
        "status": ("status", {"status": status, "note": f"{token} moved"}),
        "severity": ("severity", {"severity": level, "reason": f"{token} worse"}),
        "escalate": ("escalate", {"reason": f"{token} more people"}),
        "resolve": ("resolve", {"summary": f"{token} rolled back"}),
        "reopen": ("reopen", {"reason": f"{token} is back"}),
    }
    return verbs[what]


def _typed(verb: str, given: _Given) -> list[str]:
    """The words of the same verb on the command line."""
    if verb == "declare":
        return [given["severity"], *given["title"].split(), *(["--private"] if given.get("private") else [])]
    return [word for value in given.values() for word in str(value).split()]


async def _run_command(world: World, words: list[str]) -> tuple[int | None, str]:
    """The exit code and the output of `tocsin` with these words; None if it did not end in time."""
    words[0] = {"acknowledge": "ack"}.get(words[0], words[0])
    settings = {"DATABASE_URL": world.url, "TOCSIN_POLICY": world.settings["tocsin_policy"]}
    ours, theirs = processes.pipe()
    process = processes.run_apart(_command, (words, settings, world.tuning.clock, theirs))
    theirs.close()
    answered = await asyncio.to_thread(_answer, ours)
    await asyncio.to_thread(process.join, 1.0)
    if process.is_alive():
        process.kill()
    return answered


def _answer(pipe: Connection) -> tuple[int | None, str]:
    try:
        return pipe.recv() if pipe.poll(2 * WITHIN_S) else (None, "it did not end")
    except EOFError:
        return None, "it ended without a word"
    finally:
        pipe.close()


def _command(words: list[str], settings: dict[str, str], clock_path: str, pipe: Connection) -> None:
    """Run the command line in this process, which is its own."""
    os.environ.update(settings)
    clock = SteppedClock(clock_path)

    async def stepped(*_: Any) -> SteppedClock:
        return clock

    operation_client.open_clock = stepped  # type: ignore[assignment,attr-defined]  # in this process only
    said, code = io.StringIO(), 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            tocsin.main(words, prog_name="tocsin", standalone_mode=False)
        except SystemExit as ended:
            code = int(ended.code or 0)
        except Exception as error:  # noqa: BLE001 - the oracle reports it
            said.write(repr(error))
            code = 70
    pipe.send((code, said.getvalue()))
    pipe.close()
