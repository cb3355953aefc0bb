"""Reads CloudWatch's alarms out of messages of Amazon SNS.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus
from bot.integrations.alerts.protocol import (
    Delivery,
    Source,
    UnreadableBody,
    annotations_of,
    fingerprint_from,
    instant_of,
    read_each,
    text_of,
    texts_of,
)

NAME = "cloudwatch"
EXPECTED = (
    'a message of Amazon SNS: {"Type": "Notification", "TopicArn": "arn:aws:sns:…", "Message": "{\\"AlarmName\\": '
    '\\"HighCPU\\", \\"NewStateValue\\": \\"ALARM\\", …}"}'
)
# A missing or unknown state is no recovery: it is refused.
_STATES = {"ALARM": AlertStatus.FIRING, "INSUFFICIENT_DATA": AlertStatus.FIRING, "OK": AlertStatus.RESOLVED}


def read(delivery: Delivery, now: datetime) -> AlertBatch:
    """The alarm of a notification; none in a confirmation. A message that is no alarm is rejected with its reason.

    Raises `UnreadableBody`, also for an alarm in a state that is not known: it is never taken as over.
    """
    payload = delivery.payload
    if not isinstance(payload, Mapping) or "Type" not in payload:
        raise UnreadableBody("the body is no message of SNS", EXPECTED)
    if payload["Type"] != "Notification":
        return AlertBatch(())
    batch = read_each([payload], lambda item: _alert(item, now))
    if batch.rejected and _names_alarm(payload.get("Message")):
        raise UnreadableBody(batch.rejected[0].reason, EXPECTED)
    return batch


def _alert(payload: Mapping[str, Any], now: datetime) -> Alert:
    alarm = _alarm(payload.get("Message"))
    name, state = text_of(alarm.get("AlarmName")).strip(), text_of(alarm.get("NewStateValue"))
    if not name or state not in _STATES:
        raise ValueError("`AlarmName` is missing, or `NewStateValue` is none of ALARM, OK, INSUFFICIENT_DATA")
    account = text_of(alarm.get("AWSAccountId"))
    region = _region(text_of(alarm.get("AlarmArn")) or text_of(payload.get("TopicArn")))
    identity = f"{account}/{region or text_of(alarm.get('Region'))}/{name}"
    return Alert(
        source=NAME,
        fingerprint=fingerprint_from(identity) or identity,
        status=_STATES[state],
        starts_at=min(_changed_at(alarm) or now, now),
        labels=_labels(alarm, name, account, region),
        annotations=annotations_of(
            {
                "title": name,
                "description": alarm.get("AlarmDescription"),
                "reason": alarm.get("NewStateReason"),
                "region": alarm.get("Region"),
            }
        ),
        url=_console(region, name),
        by_state=True,
        nodata=state == "INSUFFICIENT_DATA",
    )


def _labels(alarm: Mapping[str, Any], name: str, account: str, region: str) -> dict[str, str]:
    """The dimensions, the metric, the account and the region."""
    trigger = alarm.get("Trigger")
    trigger = trigger if isinstance(trigger, Mapping) else {}
    dimensions = trigger.get("Dimensions")
    pairs = (
        [dimension for dimension in dimensions if isinstance(dimension, Mapping)]
        if isinstance(dimensions, list)
        else []
    )
    labels = {text_of(dimension.get("name")): dimension.get("value") for dimension in pairs}
    own_labels = {
        "account": account,
        "region": region,
        "metric": text_of(trigger.get("MetricName")),
        "namespace": text_of(trigger.get("Namespace")),
    }
    return texts_of({"alertname": name, **{k: v for k, v in own_labels.items() if v}, **labels, "source": NAME})


def _names_alarm(message: Any) -> bool:
    """Whether a message is an alarm; other messages of a topic that others use too are not."""
    try:
        return bool(text_of(_alarm(message).get("AlarmName")).strip())
    except ValueError:
        return False


def _alarm(message: Any) -> Mapping[str, Any]:
    """The alarm in a message's text. Raises `ValueError`."""
    try:
        alarm = json.loads(message) if isinstance(message, str) else None
    except (ValueError, RecursionError):
        alarm = None
    if not isinstance(alarm, Mapping):
        raise ValueError("the message is no CloudWatch alarm")
    return alarm


def _changed_at(alarm: Mapping[str, Any]) -> datetime | None:
    try:
        return instant_of(alarm.get("StateChangeTime"))
    except ValueError:
        return None


def _region(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 4 and parts[0] == "arn" else ""


def _console(region: str, name: str) -> str | None:
    """The alarm's page in the AWS console; None where the region is not known or not Amazon's main part."""
    if not region.replace("-", "").isalnum() or region.startswith(("cn-", "us-gov-")):
        return None
    return (
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(name, safe='')}"
    )


SOURCE = Source(NAME, EXPECTED, read, any_type=True)
