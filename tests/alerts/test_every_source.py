"""Every source of alerts, through its endpoint: proofs of origin, hostile bodies, and one incident from each."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web

from bot.domain.paging import calls
from bot.metrics import Metrics
from bot.web.hooks.cloudwatch import CloudWatchEndpoint, fetch_from
from bot.web.hooks.origin import GRAFANA_TIMESTAMP
from storage import incidents
from tests.alerts.sending import TOKEN, send
from tests.integrations.alerts.payloads import CLOUDWATCH, DATADOG, GRAFANA, PAGERDUTY, SAMPLES, TOPIC
from tests.integrations.alerts.signing import Signer
from tests.scenarios.running import World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
alerts:
  wait: 1h
  routes:
    - {match: {source: pagerduty}, do: record}
    - {match: {alertname: Declared}, do: declare}
    - {do: record}
"""
JSON = {"Content-Type": "application/json"}
SECRETS: dict[str, Any] = {
    "tocsin_hook_token": TOKEN,
    "grafana_hmac_secret": "grafana-secret",
    "sentry_client_secret": "old-sentry-secret,sentry-secret",
    "pagerduty_webhook_secret": "pagerduty-secret",
    "tocsin_sns_topics": TOPIC,
}


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY), **SECRETS) as running:
        yield running


def digest(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def proof(kind: str, body: bytes) -> dict[str, str]:
    if kind == "sentry":
        return {**JSON, "Sentry-Hook-Signature": digest("sentry-secret", body)}
    if kind == "pagerduty":
        return {**JSON, "X-PagerDuty-Signature": "v1=" + digest("pagerduty-secret", body)}
    return {**JSON, "Authorization": f"Bearer {TOKEN}"}


async def post_payload(world: World, kind: str, payload: Any) -> tuple[int, dict[str, Any]]:
    body = json.dumps(payload).encode()
    return await send(world, body, proof(kind, body), kind)


async def test_each_source_is_taken_once_and_refused_without_its_proof(world: World) -> None:
    for kind, payload in SAMPLES.items():
        status, answer = await post_payload(world, kind, payload)
        assert status == 202, (kind, answer)
        again = (await post_payload(world, kind, payload))[1]
        if kind == "pagerduty":
            assert (answer["outcome"], again["outcome"]) == ("taken", "repeated")
        assert (answer["received"], answer["new"], again["new"], again["repeated"]) == (1, 1, 0, 1), kind
        assert len(answer["groups"]) == 1, kind
        for headers in (JSON, {**JSON, "Authorization": "Bearer wrong"}, {**JSON, "Sentry-Hook-Signature": "00"}):
            assert (await send(world, payload, headers, kind))[0] == 401, (kind, headers)


async def test_without_their_secrets_there_are_no_endpoints(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world:
        for kind, payload in SAMPLES.items():
            assert (await post_payload(world, kind, payload))[0] == 404, kind


async def test_grafana_may_sign_with_and_without_the_time_and_may_put(world: World) -> None:
    body = json.dumps(GRAFANA).encode()
    plain = {**JSON, "X-Grafana-Alerting-Signature": digest("grafana-secret", body)}
    assert (await send(world, body, plain, "grafana"))[0] == 202
    for seconds, status in ((0, 202), (-3600, 401)):
        said_at = str(int(time.time()) + seconds)
        signature = digest("grafana-secret", f"{said_at}:".encode() + body)
        headers = {**JSON, "X-Grafana-Alerting-Signature": signature, GRAFANA_TIMESTAMP: said_at}
        assert (await send(world, body, headers, "grafana"))[0] == status
    assert (await send(world, body + b" ", plain, "grafana"))[0] == 401
    url = f"http://127.0.0.1:{world.tocsin.port}/hooks/grafana"
    async with aiohttp.ClientSession() as session, session.put(url, data=body, headers=plain) as answer:
        assert answer.status == 202


async def test_datadog_may_send_a_form_and_a_template_that_is_not_filled_in_is_refused(world: World) -> None:
    form = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-www-form-urlencoded"}
    flat = {name: value for name, value in DATADOG.items() if isinstance(value, str)}
    assert (await send(world, urlencode(flat).encode(), form, "datadog"))[1]["new"] == 1
    payload = {"payload": json.dumps({**DATADOG, "transition": "Recovered", "date": "1772442060000"})}
    assert (await send(world, urlencode(payload).encode(), form, "datadog"))[1]["resolved"] == 1
    status, answer = await post_payload(world, "datadog", {**DATADOG, "transition": "$ALERT_TRANSITION"})
    assert (status, "Datadog did not fill in" in answer["error"]) == (400, True)


async def test_an_incident_that_we_opened_in_pagerduty_is_no_alert(world: World) -> None:
    await world.declare()
    event = PAGERDUTY["event"]
    async with world.tocsin.database.reading() as conn:
        incident = await incidents.get(conn, 1)
    assert incident is not None
    ours = {**event, "data": {**event["data"], "incident_key": calls.dedup_key(incident, "sev2")}}
    assert (await post_payload(world, "pagerduty", {"event": ours}))[1]["outcome"] == "ignored"


HOSTILE: list[bytes] = [
    b"", b"null", b"[]", b"{}", b"0", b'""', b"[[]]", b"[null]", b"[1,2]", b'[{"a":1}]', b"[" * 50_000, b"\xff\xfe\x00",
    b'{"alerts":[[]]}', b'{"alerts":[{"status":"firing","labels":{"a":"b"},"startsAt":"9999-12-31T23:59:59+00:00"}]}',
    b'{"alerts":[{"status":"firing","labels":{"a":"b"},"startsAt":"0001-01-01T00:00:00+14:00"}]}',
    b'{"alerts":[{"status":"firing","labels":{"\\u0000":"\\ud800"},"fingerprint":"\\u0000\\ud800"}]}',
    b'{"alerts":[{"status":"firing","labels":{"a":"b"},"values":{"a":NaN,"b":1e999}}]}', b'{"title":"\\ud800"}',
    b'{"title":"\\u0000"}', b'{"title":1e999}', b'{"title":NaN}', b'{"title":"x","starts_at":1e308}',
    b'{"title":"x","starts_at":-1}', b'{"title":"x","key":{"a":1}}', b'{"title":"x","labels":{"":""}}',
    b'{"title":"x","status":{}}', b'{"title":["x"]}', b'{"title":"' + b"x" * 200_000 + b'"}',
    b'{"type":"change","title":"x","service":["a"]}', b'{"type":"change","title":"\\ud800","key":"\\u0000"}',
    b'{"specversion":"1.0","id":"1","source":"s","type":"t","data":"' + b"x" * 5000 + b'"}',
    b'{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"title":{},"key":[]}}',
    b'{"action":"Create","alert":{"alertId":"a","message":"m","createdAt":1e400,"tags":[[],{},null,":::"]}}',
    b'{"action":"Create","alert":{"alertId":"a","message":"m","createdAt":"9999-99-99","details":[]}}',
    b'{"action":"Close","alert":{"alertId":"a","priority":[]}}', b'{"action":1,"alert":{"alias":" "}}',
    b'{"transition":"Triggered","title":"[[[[[[[[x","tags":",,,:,"}', b'{"transition":"Recovered","title":"]"}',
    b'{"transition":"Triggered","title":"x","date":"99999999999999999999999999"}',
    b'{"action":"created","data":{"issue":{"id":"1","title":"t","firstSeen":"x","project":[]}}}',
    b'{"action":"triggered","data":{"event":{"title":"t","tags":[[1],[1,2,3],5],"issue_id":1}}}',
    b'{"action":"critical","data":{"metric_alert":{"alert_rule":[],"id":null}}}', b'{"action":"x","data":{"issue":[]}}',
    b'{"event":{"id":"x","event_type":"incident.triggered","data":{"id":[],"title":"x","status":"triggered"}}}',
    b'{"event":{"id":"x","event_type":"incident.triggered","data":{"incident":[]}}}', b'{"event":[]}',
    b'{"Type":"Notification","Message":"[]"}', b'{"Type":"Notification","Message":"{\\"AlarmName\\":[]}"}',
    b'{"Type":"SubscriptionConfirmation","SubscribeURL":"https://sns.eu-west-1.amazonaws.com/?a=1"}',
    b'{"Type":"UnsubscribeConfirmation"}', b'{"Type":"Notification","Message":"' + b"[" * 20_000 + b'"}',
]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(SAMPLES))
async def test_hostile_bodies_are_answered_and_do_no_harm(world: World, kind: str) -> None:
    assert len(HOSTILE) >= 50
    for body in HOSTILE:
        status, answer = await send(world, body, proof(kind, body), kind)
        assert status in (202, 400, 413), (kind, body[:200], status)
        assert "Traceback" not in json.dumps(answer)
    assert (await post_payload(world, kind, SAMPLES[kind]))[0] == 202


@asynccontextmanager
async def amazon(world: World, signer: Signer) -> AsyncIterator[tuple[str, list[str]]]:
    """The address of an endpoint whose SNS is a double, and what the double was asked for."""
    asked: list[str] = []

    async def answered(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        if "broken" in request.query.get("Token", ""):
            return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})
        return web.Response(body=signer.certificate)

    double = web.Application()
    double.router.add_get("/{path:.*}", answered)
    async with running(double) as address:
        metrics, no_token = Metrics(), lambda: ""
        context = world.tocsin.context
        endpoint = CloudWatchEndpoint(context, frozenset([TOPIC]), no_token, metrics, fetch_from(address))
        site = web.Application()
        site.add_routes(endpoint.routes())
        async with running(site) as url:
            yield f"{url}/hooks/cloudwatch", asked


@asynccontextmanager
async def running(application: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def from_sns(url: str, message: Any) -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": "text/plain; charset=UTF-8"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=json.dumps(message).encode(), headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_a_subscription_is_confirmed_and_signed_alarms_of_listed_topics_are_taken(world: World) -> None:
    signer = Signer()
    subscribe = {
        **CLOUDWATCH,
        "Type": "SubscriptionConfirmation",
        "Token": "t1",
        "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t1",
    }
    async with amazon(world, signer) as (url, asked):
        assert (await from_sns(url, signer.signed(subscribe, "1")))[0] == 202
        assert asked == ["/SimpleNotificationService-0a1b.pem", "/?Action=ConfirmSubscription&Token=t1"]
        status, answer = await from_sns(url, signer.signed(CLOUDWATCH, "2"))
        assert (status, answer["new"], len(asked)) == (202, 1, 2), "the certificate is kept"
        assert (await from_sns(url, CLOUDWATCH))[0] == 401
        other = {**CLOUDWATCH, "TopicArn": TOPIC + "2"}
        assert (await from_sns(url, signer.signed(other, "2")))[0] == 401, "a topic that is not listed"
        stranger = {**CLOUDWATCH, "SigningCertURL": "https://evil.example/SimpleNotificationService-0a1b.pem"}
        assert (await from_sns(url, signer.signed(stranger, "2")))[0] == 401
        elsewhere = {**subscribe, "SubscribeURL": "https://evil.example/?Action=ConfirmSubscription"}
        assert (await from_sns(url, signer.signed(elsewhere, "2")))[0] == 400
        assert len(asked) == 2, "nothing else was asked for"
        broken = {**subscribe, "SubscribeURL": subscribe["SubscribeURL"] + "broken"}
        assert (await from_sns(url, signer.signed(broken, "2")))[0] == 503, "a redirect is not followed"
