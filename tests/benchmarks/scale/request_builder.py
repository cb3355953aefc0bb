"""Requests to a running bot: signed requests of Slack, a browser, an API client or a monitoring system."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.access.session import SignIn, sign
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
class RequestBuilder:
    """Builds requests to one running bot."""

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
        return client.signed_request(json.dumps(body).encode(), "application/json")

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


async def open_builder(database: Database, channel: str) -> RequestBuilder:
    """Sign a person in to the console and make a token."""
    key = await sessions.key(database)
    now = datetime.now(UTC)
    async with database.transaction() as conn:
        number = await incidents.last_number(conn) + 1
        _, secret = await sessions.open_session(conn, PERSON, (Scope.WRITE,), SignIn.LINK, now)
    _, token = await tokens.create(database, f"scale {time.time_ns()}", PERSON, (Scope.ADMIN,), now)
    cookie = f"tocsin_session={sign('tocsin_session', secret, key)}"
    return RequestBuilder(channel, cookie, token, number, f"w{time.time_ns() // 1000 % 10**9}")


Action = Callable[[RequestBuilder, int], bytes]
STATUSES = ("investigating", "identified", "mitigating", "monitoring")
# One after another, from the answer to the next request; the work behind them is counted until the bot is idle.
ACTIONS: dict[str, Action] = {
    "declare": lambda builder, n: builder.command(f"declare sev4 Shard {n} {builder.word}"),
    "ack": lambda builder, n: builder.command(f"ack --in INC-{builder.declared + n}"),
    "note": lambda builder, n: builder.command(f"note Saw {n} --in INC-{SUBJECT}"),
    "update": lambda builder, n: builder.command(f"update We look into shard {n} --in INC-{SUBJECT}"),
    "status": lambda builder, n: builder.command(f"status {STATUSES[n % 4]} --in INC-{SUBJECT}"),
    "message": lambda builder, n: builder.message(n),
    "list": lambda builder, n: builder.command("list"),
    "list all": lambda builder, n: builder.command("list all"),
    "show": lambda builder, n: builder.command(f"show --in INC-{SUBJECT}"),
    "timeline": lambda builder, n: builder.command(f"timeline --in INC-{SUBJECT}"),
    "catchup": lambda builder, n: builder.command(f"catchup --in INC-{SUBJECT}"),
    "why": lambda builder, n: builder.command(f"why --in INC-{SUBJECT}"),
    "search": lambda builder, n: builder.command(f"search checkout slow shard{n % 499}"),
    "metrics": lambda builder, n: builder.command("metrics"),
    "home tab": lambda builder, n: builder.home(n),
    "console Now": lambda builder, n: builder.page("/"),
    "console list": lambda builder, n: builder.page("/incidents"),
    "console incident": lambda builder, n: builder.page(f"/incidents/INC-{SUBJECT}"),
    "console alerts": lambda builder, n: builder.page("/alerts"),
    "console reviews": lambda builder, n: builder.page("/reviews"),
    "console figures": lambda builder, n: builder.page("/figures"),
    "console audit": lambda builder, n: builder.page("/audit"),
    "console status page": lambda builder, n: builder.page("/statuspage"),
    "API list": lambda builder, n: builder.api("GET", "/incidents"),
    "API incident": lambda builder, n: builder.api("GET", f"/incidents/INC-{SUBJECT}"),
    "API timeline": lambda builder, n: builder.api("GET", f"/incidents/INC-{SUBJECT}/timeline"),
    "20 alerts": lambda builder, n: builder.alerts(10_000_000 + time.time_ns() % 1_000_000_000 * 100),
    "publish": lambda builder, n: builder.api(
        "POST", "/status-page/publications", {"title": f"Some checkouts fail {n}", "message": "We look into it."}
    ),
    "status page": lambda builder, n: b"GET /status HTTP/1.1\r\nHost: status\r\nAccept-Encoding: gzip\r\n\r\n",
    "/metrics": lambda builder, n: b"GET /metrics HTTP/1.1\r\nHost: tocsin\r\n\r\n",
}
