"""Defines the settings of a sandbox workspace."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Settings:
    """The settings of a workspace.

    `request_url` receives deliveries by signed HTTP while no Socket Mode connection is open. `retry_delays_s` are the
    waits before the three retries of an unacknowledged event; Slack's are 0, 60 and 300 s. The web page shows times by
    the app's clock, which runs `speed` times as fast.
    """

    host: str = "127.0.0.1"
    port: int = 0
    request_url: str | None = None
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105 - protects nothing
    bot_token: str = "xoxb-sandbox"  # noqa: S105
    app_token: str = "xapp-sandbox"  # noqa: S105
    verification_token: str = "sandbox-verification-token"  # noqa: S105
    team_id: str = "T0SANDBOX"
    team_name: str = "Sandbox"
    team_domain: str = "sandbox"
    app_id: str = "A0TOCSIN01"
    client_id: str = "1000000000001.1000000000002"  # of Sign in with Slack
    client_secret: str = "sandbox-client-secret"  # noqa: S105
    redirect_urls: tuple[str, ...] = ()  # where a sign-in may come back to, as registered with the app
    manifest: Path | dict[str, Any] | None = None
    transcript: Path | None = None
    db: Path | None = None
    tiers: bool = False
    ack_timeout_s: float = 3.0
    trigger_life_s: float = 3.0
    retry_delays_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    ping_interval_s: float = 10.0
    disconnect_warning_s: float = 10.0
    log_size: int = 20_000
    speed: float = 1.0
    status_page: str | None = None  # the address of the app's status page, which the sidebar links
    console: str | None = None  # the address in the app that signs in with Slack, which the sidebar links
