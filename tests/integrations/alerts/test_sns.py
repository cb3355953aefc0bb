"""Messages of Amazon SNS are taken if its certificate signed them, and its addresses only if they are its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.integrations.alerts import sns
from tests.integrations.alerts.payloads import CLOUDWATCH
from tests.integrations.alerts.signing import Signer

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("without", [None, "Subject"])
def test_a_signed_message_is_recognized_in_either_version(signer: Signer, version: str, without: str | None) -> None:
    message = {name: value for name, value in CLOUDWATCH.items() if name != without}
    assert sns.is_signed(signer.signed(message, version), signer.certificate, NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": "other"},
        {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:other"},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
        {"Signature": "AAAA"},
        {"Signature": "not base64"},
        {"Signature": None},
        {"Type": "SubscriptionConfirmation"},
        {"Type": "Other"},
        {"Subject": 3},
    ],
)
def test_a_message_that_was_changed_is_not_signed(signer: Signer, changed: dict[str, object]) -> None:
    assert not sns.is_signed({**signer.signed(CLOUDWATCH, "2"), **changed}, signer.certificate, NOW)


def test_another_key_an_expired_certificate_and_none_prove_nothing(signer: Signer) -> None:
    message = signer.signed(CLOUDWATCH, "2")
    assert not sns.is_signed(message, Signer().certificate, NOW)
    assert not sns.is_signed(message, signer.certificate, NOW + timedelta(days=400))
    assert not sns.is_signed(message, b"<html>", NOW)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem", True),
        ("https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0a1b.pem", True),
        ("https://sns.us-gov-west-1.amazonaws.com:443/SimpleNotificationService-0a1b.pem", True),
        ("http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem", False),
        ("https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0a1b.pem", False),
        ("https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0a1b.pem", False),
        ("https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0a1b.pem", False),
        ("https://evil.example\\@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem", False),
        ("https://evil.example#sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem", False),
        ("https://sns.x.s3.amazonaws.com/SimpleNotificationService-0a1b.pem", False),
        ("https://sns.mx-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem", True),
        ("https://sns.s3.amazonaws.com/SimpleNotificationService-0a1b.pem", False),  # a bucket named sns
        ("https://sns.s3-us-west-2.amazonaws.com/SimpleNotificationService-0a1b.pem", False),
        ("https://sns.s3-accelerate.amazonaws.com/SimpleNotificationService-0a1b.pem", False),
        ("https://bucket.s3.amazonaws.com/SimpleNotificationService-0a1b.pem", False),
        ("https://sns.eu-west-1.amazonaws.com/my-topic/SimpleNotificationService-0a1b.pem", False),
        ("https://sns.eu-west-1.amazonaws.com/?Action=x.pem", False),
        ("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem\n", False),
        ("https://sns.eu-west-1.amazonaws.com:x/SimpleNotificationService-0a1b.pem", False),
        ("https://169.254.169.254/SimpleNotificationService-0a1b.pem", False),
        (None, False),
    ],
)
def test_a_certificate_comes_from_sns_alone(url: object, allowed: bool) -> None:
    assert sns.is_certificates(url) is allowed
