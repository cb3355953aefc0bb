"""What is asked of a running bot, as the signed requests of Slack, a browser, a program or a monitoring system."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.access.session import SignIn, signed
from bot.domain.access.token import Scope
from bot.usecases import tokens
from bot.usecases.access import sessions
from storage import incidents
from storage.database import Database
from tests.benchmarks import client

PERSON = "U0MAYA0000"
ENDED, SUBJECT, PARKED = 1, 2, 3  # the incidents that are copied from, and the one whose deadlines wait
HOOK_TOKEN = "scale-benchmark-token"
POLICY = """
preset: sev1-5
announce: "#incidents"
status_page: {name: Example AI, preset: llm-platform, visibility: public}
severities:
  sev3: {update_every: 1h, roles: [], respond_within: null, escalate_after: null, ladder: []}
alerts:
  group_by: [alertname]
  wait: 1s
  routes:
    - {match: {env: dev}, do: record}
"""


@dataclass(frozen=True, slots=True)
class Doors:
    """The requests that one bot takes."""

    channel: str  # of the incident that is asked about
    cookie: str
    token: str
    declared: int  # the number of the next incident
    word: str  # of its own for each bot, so that no two bots of a workspace name a channel alike

    def command(self, text: str) -> bytes:
        """`/incident …` about the subject."""
        return client.command(text, self.channel, PERSON)

    def message(self, n: int) -> bytes:
        """A person's message in the subject's channel."""
        return client.message(self.channel, f"Shard {n} answers again", f"{time.time_ns() / 1e9:.6f}", PERSON)

    def home(self, n: int) -> bytes:
        """A person opens the home tab."""
        body = json.loads(
            client.message(self.channel, "", f"{time.time():.0f}.{n:06d}", PERSON).partition(b"\r\n\r\n")[2]
        )
        body["event_id"] = f"EvHome{time.time_ns()}"
        body["event"] = {"type": "app_home_opened", "user": PERSON, "channel": "D1", "tab": "home", "event_ts": "1.1"}
        return client.signed(json.dumps(body).encode(), "application/json")

    def page(self, path: str) -> bytes:
        """A page of the console, for a person who signed in."""
        return f"GET {path} HTTP/1.1\r\nHost: tocsin\r\nAccept-Encoding: gzip\r\nCookie: {self.cookie}\r\n\r\n".encode()

    def api(self, method: str, path: str, body: object = None) -> bytes:
        """A request to the API."""
        return _request(method, f"/api/v1{path}", self.token, body)

    def alerts(
        self, first: int, count: int = 20, *, status: str = "firing", name: str = "Slow", began_at: str = ""
    ) -> bytes:
        """A body of alerts, as Alertmanager sends them. They began now, if not at an instant."""
        began = began_at or datetime.now(UTC).isoformat()
        listed = [
            {
                "labels": {"alertname": name, "env": "dev", "instance": f"host-{n}"},
                "status": status,
                "startsAt": began,
                **({"endsAt": datetime.now(UTC).isoformat()} if status == "resolved" else {}),
                "fingerprint": f"{n:016x}",
            }
            for n in range(first, first + count)
        ]
        return _request("POST", "/hooks/alertmanager", HOOK_TOKEN, {"version": "4", "alerts": listed})


def _request(method: str, path: str, token: str, body: object) -> bytes:
    payload = b"" if body is None else json.dumps(body).encode()
    kind = f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n" if payload else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: tocsin\r\nAuthorization: Bearer {token}\r\n{kind}\r\n"
    return head.encode() + payload


async def opened(database: Database, channel: str) -> Doors:
    """Sign a person in to the console and make a token."""
    key = await sessions.key(database)
    now = datetime.now(UTC)
    async with database.transaction() as conn:
        number = await incidents.last_number(conn) + 1
        _, secret = await sessions.open_session(conn, PERSON, (Scope.WRITE,), SignIn.LINK, now)
    _, token = await tokens.create(database, f"scale {time.time_ns()}", PERSON, (Scope.ADMIN,), now)
    cookie = f"tocsin_session={signed('tocsin_session', secret, key)}"
    return Doors(channel, cookie, token, number, f"w{time.time_ns() // 1000 % 10**9}")


Requests = Callable[[Doors, int], bytes]
STATUSES = ("investigating", "identified", "mitigating", "monitoring")
# One after another, from the answer to the next request; the work behind them is counted until the bot is idle.
ACTIONS: dict[str, Requests] = {
    "declare": lambda doors, n: doors.command(f"declare sev4 Shard {n} {doors.word}"),
    "ack": lambda doors, n: doors.command(f"ack --in INC-{doors.declared + n}"),
    "note": lambda doors, n: doors.command(f"note Saw {n} --in INC-{SUBJECT}"),
    "update": lambda doors, n: doors.command(f"update We look into shard {n} --in INC-{SUBJECT}"),
    "status": lambda doors, n: doors.command(f"status {STATUSES[n % 4]} --in INC-{SUBJECT}"),
    "message": lambda doors, n: doors.message(n),
    "list": lambda doors, n: doors.command("list"),
    "list all": lambda doors, n: doors.command("list all"),
    "show": lambda doors, n: doors.command(f"show --in INC-{SUBJECT}"),
    "timeline": lambda doors, n: doors.command(f"timeline --in INC-{SUBJECT}"),
    "catchup": lambda doors, n: doors.command(f"catchup --in INC-{SUBJECT}"),
    "why": lambda doors, n: doors.command(f"why --in INC-{SUBJECT}"),
    "search": lambda doors, n: doors.command(f"search checkout slow shard{n % 499}"),
    "metrics": lambda doors, n: doors.command("metrics"),
    "home tab": lambda doors, n: doors.home(n),
    "console Now": lambda doors, n: doors.page("/"),
    "console list": lambda doors, n: doors.page("/incidents"),
    "console incident": lambda doors, n: doors.page(f"/incidents/INC-{SUBJECT}"),
    "console alerts": lambda doors, n: doors.page("/alerts"),
    "console reviews": lambda doors, n: doors.page("/reviews"),
    "console figures": lambda doors, n: doors.page("/figures"),
    "console audit": lambda doors, n: doors.page("/audit"),
    "console status page": lambda doors, n: doors.page("/statuspage"),
    "API list": lambda doors, n: doors.api("GET", "/incidents"),
    "API incident": lambda doors, n: doors.api("GET", f"/incidents/INC-{SUBJECT}"),
    "API timeline": lambda doors, n: doors.api("GET", f"/incidents/INC-{SUBJECT}/timeline"),
    "20 alerts": lambda doors, n: doors.alerts(10_000_000 + time.time_ns() % 1_000_000_000 * 100),
    "publish": lambda doors, n: doors.api(
        "POST", "/status-page/publications", {"title": f"Some checkouts fail {n}", "message": "We look into it."}
    ),
    "status page": lambda doors, n: b"GET /status HTTP/1.1\r\nHost: status\r\nAccept-Encoding: gzip\r\n\r\n",
    "/metrics": lambda doors, n: b"GET /metrics HTTP/1.1\r\nHost: tocsin\r\n\r\n",
}
