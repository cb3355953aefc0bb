"""A ladder pages by every method in the real bot: the people, the calls, the repeats, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.slack.client.rate_limiter import CallPermit, RateLimiter
from bot.slack.client.rate_window import Caller
from bot.usecases.outbox import fallback_page
from storage import incidents
from tests.integrations.doubles import Reply, TwilioDouble
from tests.integrations.scene import PRIYA, PRIYAS_PHONE, TOM, TOMS_PHONE, Scene, scene
from tests.scenarios.running import MovableClock
from tests.waiting import WITHIN_S


async def until(holds: Callable[[], bool]) -> None:
    """The vendors ring no bell."""
    async with asyncio.timeout(WITHIN_S):
        while not holds():
            await asyncio.sleep(0.02)


async def calm(shown: Scene) -> None:
    await shown.world.delivered()


async def test_each_person_is_paged_once_by_each_method_and_the_rungs_come_in_order(
    database_url: str, tmp_path: Path
) -> None:
    async with scene(database_url, tmp_path) as shown:
        await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        assert [m.text for m in shown.pages(TOM)] != []
        assert (len(shown.pages(TOM)), len(shown.pages(PRIYA))) == (1, 0)
        assert [form["To"] for form in shown.twilio.posted] == [TOMS_PHONE]
        assert shown.mailed() == ["tom@example.com"]
        assert [asked.json["page"]["person"]["key"] for asked in shown.hooked()] == ["tom"]
        assert len(shown.pagerduty.of("trigger")) == 1

        await shown.world.pass_time(minutes=16)
        assert (len(shown.pages(TOM)), len(shown.pages(PRIYA))) == (1, 1)
        assert [form["To"] for form in shown.twilio.posted] == [TOMS_PHONE, PRIYAS_PHONE]
        assert shown.mailed() == ["tom@example.com", "priya@example.com"]
        assert [asked.json["page"]["person"]["key"] for asked in shown.hooked()] == ["tom", "priya"]
        assert set(shown.pagerduty.alerts.values()) == {"triggered"}
        assert len(shown.pagerduty.alerts) == 1

        await shown.world.pass_time(hours=3)
        assert len(shown.twilio.posted) == 2
        rungs = [r for r in (await shown.world.show())["reminders"] if r["rung"]]
        assert [(r["rung"], r["state"]) for r in rungs] == [(1, "sent"), (2, "sent")]
        pages = await shown.entries("page")
        assert len(pages) == 2
        assert "by Slack, PagerDuty, SMS, e-mail, webhook" in pages[0]


async def test_every_row_keeps_the_vendors_receipt(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        found = {r["method"]: r for r in (await shown.receipts()).values() if "method" in r}
        assert found.keys() == {"pagerduty", "sms", "email", "webhook"}
        assert found["sms"] == {"method": "sms", "vendor": "Twilio", "id": f"SM{1:032d}", "status": "queued"}
        assert found["pagerduty"]["id"].startswith("tocsin-INC-1-")
        assert found["email"]["id"].endswith("@example.org>")


async def test_a_page_has_the_title_and_a_link_to_the_channel(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        await shown.world.declare("sev1 Payments <@U0TOM00000> are down")
        await shown.world.pass_time(minutes=16)
        channel = shown.world.ws.find_channel("inc-1")
        assert channel is not None
        body = shown.twilio.posted[1]["Body"]
        assert body.startswith("INC-1 sev1: Payments @tom are down\nYou are paged: 15m without")
        assert f"/archives/{channel.id}" in body
        assert "15m without being acknowledged" in body


async def test_a_page_has_the_link_to_the_call_and_of_a_private_incident_has_not(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        policy = shown.world.tocsin.context.policy
        call = {"bridge": "https://meet.example.org/{id}"}
        shown.world.tocsin.context.policies.current = replace(policy, bookmarks=call)
        await shown.world.declare("sev1 Payments are down")
        await shown.world.declare("--private sev1 Payroll leaked")
        await calm(shown)
        bridges = {asked.json["incident"]["id"]: asked.json["incident"]["bridge"] for asked in shown.hooked()}
        assert bridges == {"INC-1": "https://meet.example.org/INC-1", "INC-2": None}
        assert "Join the call: https://meet.example.org/INC-1" in shown.twilio.posted[0]["Body"]


async def test_acknowledging_here_acknowledges_there_and_nobody_is_paged_any_more(
    database_url: str, tmp_path: Path
) -> None:
    async with scene(database_url, tmp_path) as shown:
        channel = await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        await shown.world.tom.command(channel.name, "/incident ack")
        await calm(shown)
        assert list(shown.pagerduty.alerts.values()) == ["acknowledged"]
        assert len(shown.hooked("acknowledge")) == 1
        await shown.world.pass_time(hours=2)
        assert (len(shown.twilio.posted), len(shown.pages(PRIYA))) == (1, 0)
        await shown.world.tom.command(channel.name, "/incident resolve Rolled back")
        await calm(shown)
        assert list(shown.pagerduty.alerts.values()) == ["resolved"]
        assert [e["event_action"] for e in shown.pagerduty.events] == ["trigger", "acknowledge", "resolve"]
        assert len(shown.hooked("resolve")) == 1


@pytest.mark.parametrize("end", ["resolve Fixed", "cancel False alarm", "status closed"])
async def test_every_way_to_end_an_incident_resolves_its_alerts(sqlite_url: str, tmp_path: Path, end: str) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        channel = await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        await shown.world.tom.command(channel.name, f"/incident {end}")
        await calm(shown)
        assert list(shown.pagerduty.alerts.values()) == ["resolved"]


async def test_a_new_episode_opens_an_alert_of_its_own(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        channel = await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        await shown.world.maya.command(channel.name, "/incident cancel False alarm")
        await calm(shown)
        await shown.world.maya.command(channel.name, "/incident reopen It was real")
        await shown.world.pass_time(seconds=5)
        assert list(shown.pagerduty.alerts.values()) == ["resolved", "triggered"]


async def test_raising_the_severity_pages_again_after_an_acknowledgement(sqlite_url: str, tmp_path: Path) -> None:
    """PagerDuty is silent about new triggers of an acknowledged alert, so the worse level has an alert of its own."""
    async with scene(sqlite_url, tmp_path) as shown:
        channel = await shown.world.declare("sev2 Payments are slow")
        await calm(shown)
        await shown.world.maya.command(channel.name, "/incident ack")
        await calm(shown)
        await shown.world.maya.command(channel.name, "/incident severity sev1 all down")
        await shown.world.pass_time(seconds=5)
        assert list(shown.pagerduty.alerts.values()) == ["acknowledged", "triggered"]
        await shown.world.maya.command(channel.name, "/incident ack")
        await shown.world.maya.command(channel.name, "/incident resolve Fixed")
        await calm(shown)
        assert list(shown.pagerduty.alerts.values()) == ["resolved", "resolved"]


async def test_a_refused_number_is_replaced_by_the_next_method_and_the_timeline_has_both(
    database_url: str, tmp_path: Path
) -> None:
    async with scene(database_url, tmp_path, first="slack, sms") as shown:
        shown.twilio.replies = [TwilioDouble.error(21614, "To number is not a valid mobile number")]
        channel = await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        assert shown.mailed() == ["tom@example.com"]
        (failed,) = await shown.entries("delivery_failed")
        assert failed.startswith("Could not page Tom Baker by SMS: Twilio refuses it (400 21614)")
        assert failed.endswith("Instead: e-mail.")
        assert (await shown.entries("page"))[-1] == "Rung 1: Tom Baker by e-mail, since SMS failed"
        assert "21614" in str(shown.world.card(channel).blocks)
        rungs = [r for r in (await shown.world.show())["reminders"] if r["rung"] == 1]
        assert [r["state"] for r in rungs] == ["sent"]


async def test_several_methods_that_fail_never_double_the_next(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path, first="pagerduty, sms") as shown:
        shown.twilio.always = TwilioDouble.error(21211, "Invalid 'To' Phone Number")
        shown.pagerduty.always = Reply(400, {"status": "invalid event", "message": "Event object is invalid"})
        await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        assert shown.mailed() == ["tom@example.com"]
        assert len(shown.pages(TOM)) == 1  # the second failure finds e-mail used, and goes on to Slack
        assert len(await shown.entries("delivery_failed")) == 2
        assert len(shown.pagerduty.asked) == 1
        await shown.world.tom.command("inc-1-payments-are-down", "/incident resolve Fixed")
        await calm(shown)
        assert len(shown.pagerduty.asked) == 1  # what was never opened is not resolved


async def test_when_every_method_has_failed_the_channel_is_told(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path, first="sms", without=("smtp_url",)) as shown:
        shown.twilio.always = TwilioDouble.error(21211, "Invalid 'To' Phone Number")
        shown.world.ws.change_user("tom", deleted=True)
        await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        failures = [text for text in await shown.entries("delivery_failed") if "page" in text]
        assert [text.endswith("Instead: Slack.") for text in failures[:2]] == [True, False]  # then the next rungs


async def test_a_vendor_that_is_down_is_tried_again_and_the_next_method_does_not_wait(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fallback_page, "PATIENCE", timedelta(seconds=0))
    async with scene(database_url, tmp_path, first="sms") as shown:
        shown.twilio.replies = [TwilioDouble.error(20429, "Too Many Requests", 429)] * 2
        await shown.world.declare("sev1 Payments are down")
        await until(lambda: len(shown.twilio.posted) == 3)
        await calm(shown)
        assert shown.mailed() == ["tom@example.com"]
        (failed,) = await shown.entries("delivery_failed")
        assert "It is tried again. Instead: e-mail." in failed
        assert len(shown.pages(TOM)) == 0


async def test_a_page_that_waits_its_turn_did_not_fail(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fallback_page, "PATIENCE", timedelta(seconds=0))
    go, waits = RateLimiter.acquire, iter([0.2, 0.2])

    def crowded(self: RateLimiter, method: str, channel: str, turn: Caller) -> CallPermit | float:
        wait_s = next(waits, None) if method == "chat.postMessage" and channel.startswith("D") else None
        return go(self, method, channel, turn) if wait_s is None else wait_s

    monkeypatch.setattr(RateLimiter, "acquire", crowded)
    async with scene(database_url, tmp_path, first="slack") as shown:
        await shown.world.declare("sev1 Payments are down")
        await until(lambda: len(shown.pages(TOM)) == 1)
        await calm(shown)
        assert await shown.entries("delivery_failed") == []
        (waited,) = await shown.entries("delivery_waits")
        assert waited == "Slack limits how many pages it takes; this one is waiting. Meanwhile: SMS."
        assert (await shown.entries("page"))[-1] == "Rung 1: Tom Baker by SMS, since Slack waits its turn"


async def test_slack_being_down_delays_no_telephone(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        await shown.world.ws.go_down()
        clock = MovableClock()
        clock.ahead = timedelta(minutes=16)
        shown.world.tocsin.context.clock = clock
        shown.world.tocsin.scheduler._clock = clock  # type: ignore[assignment]
        await shown.world.tocsin.scheduler.tick()
        await until(lambda: PRIYAS_PHONE in [form["To"] for form in shown.twilio.posted])
        await shown.world.ws.come_back()


async def test_a_method_that_is_not_configured_is_skipped_at_once_and_reported(sqlite_url: str, tmp_path: Path) -> None:
    without = ("twilio_auth_token", "pagerduty_routing_key")
    async with scene(sqlite_url, tmp_path, first="slack, pagerduty, sms", without=without) as shown:
        channel = await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        assert (len(shown.pages(TOM)), shown.twilio.asked, shown.pagerduty.asked) == (1, [], [])
        paged = next(m for m in shown.world.ws.bot_messages(channel.id) if "paged for" in m.text)
        assert "is not set up" not in str(paged.blocks), "the paged person cannot fix it"
        (line,) = [m.text for m in shown.world.ws.bot_messages("incidents") if "For operators" in m.text]
        assert "PagerDuty is not set up, SMS is not set up" in line
        rung = next(r for r in (await shown.world.show())["reminders"] if r["rung"] == 1)
        assert rung["state"] == "sent"
        assert "SMS is not set up" in rung["reason"]


async def test_a_rung_without_a_configured_method_pages_by_slack(sqlite_url: str, tmp_path: Path) -> None:
    without = ("twilio_auth_token", "smtp_url", "webhook_url", "pagerduty_routing_key")
    async with scene(sqlite_url, tmp_path, first="sms, pagerduty", without=without) as shown:
        await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        assert len(shown.pages(TOM)) == 1


async def test_without_slack_in_by_nobody_gets_a_direct_message(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path, first="sms") as shown:
        await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        assert (len(shown.pages(TOM)), len(shown.twilio.posted)) == (0, 1)


async def test_of_a_private_incident_only_the_id_leaves_slack(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        maya = shown.world.maya
        await maya.command("#general", "/incident declare")
        await maya.fill(maya.view, {"Title": "Zebra keys leaked", "Severity": "sev1", "Private": ["private"]})
        assert (await maya.submit()).ok
        channel = await shown.world.incident_channel()
        await shown.world.delivered()
        await maya.command(channel.name, "/incident escalate the zebra needs help")
        await calm(shown)
        assert len(shown.twilio.posted) == len(shown.mailed()) == len(shown.pagerduty.asked) == 2
        left = [asked.body.decode() for asked in (*shown.twilio.asked, *shown.pagerduty.asked, *shown.hook.asked)]
        left += [mail.as_string() for mail in shown.post.mails]
        for told in left:
            assert "INC-1" in told
            assert "zebra" not in told.lower()
            assert "sev1" not in told
            assert channel.id not in told


async def test_a_drill_pages_nobody(sqlite_url: str, tmp_path: Path) -> None:
    async with scene(sqlite_url, tmp_path) as shown:
        await shown.world.declare("sev1 Payments are down")
        await calm(shown)
        async with shown.world.tocsin.database.transaction() as conn:
            incident = await incidents.lock(conn, 1)
            assert incident is not None
            await incidents.save(conn, replace(incident, drill=True))
        before = (len(shown.twilio.asked), len(shown.pagerduty.asked), len(shown.hook.asked), len(shown.post.envelopes))
        await shown.world.pass_time(hours=1)
        await shown.world.tom.command("inc-1-payments-are-down", "/incident ack")
        await calm(shown)
        after = (len(shown.twilio.asked), len(shown.pagerduty.asked), len(shown.hook.asked), len(shown.post.envelopes))
        assert before == after
