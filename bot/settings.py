"""Reads and validates the settings from the environment; an error names the variable and what it should be."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.integrations.email import Server, sender_of
from bot.integrations.prometheus import Address
from bot.secret_settings import AddressWithPassword, SecretFiles, SettingsError, password_of, secret_of


class Settings(BaseSettings):
    """Each field is the environment variable of its name in capitals; `.env` is read too."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    database_url: AddressWithPassword = AddressWithPassword("sqlite+aiosqlite:///tocsin.db")
    tocsin_policy: Path | None = None
    tocsin_playbooks: str | None = None
    tocsin_templates: Path | None = None  # a folder with templates of communications, in place of those that ship
    tocsin_archive: Path | None = None  # a folder; retention writes there what it is about to purge
    tocsin_sheet: Path | None = None  # a folder for the emergency sheet, written after each change
    tocsin_url: str | None = None
    # Sign in with Slack, in the console. docs/console.md
    slack_client_id: str | None = None
    slack_client_secret: SecretStr | None = None
    tocsin_slackbot_mcp: Literal["read", "write"] | None = None  # what Slackbot may do at /mcp. docs/mcp.md
    tocsin_command: str = "/incident"
    tocsin_status_listen: str | None = None  # host:port of a listener that serves the status page alone
    tocsin_status_mirror: Path | None = None  # a folder; the status page is written there as static files
    tocsin_proxies: str | None = None  # addresses or networks of our own proxies, whose X-Forwarded-For counts
    host: str = "127.0.0.1"
    port: int = 3000
    log_format: Literal["console", "json"] | None = None
    log_level: str = "INFO"
    # For the demo: its clock runs this many times faster, counted from its first start.
    tocsin_speed: float = Field(default=1.0, gt=0, le=100_000)
    tocsin_demo: bool = False  # serves `/debug`, for the demo's inspector
    # Paging methods besides Slack; each is used once everything it needs is set. docs/notifiers.md
    pagerduty_routing_key: SecretStr | None = None
    pagerduty_events_url: str = "https://events.pagerduty.com/v2/enqueue"
    pagerduty_webhook_secret: SecretStr | None = None
    pagerduty_api_token: SecretStr | None = None  # reads schedules
    pagerduty_api_url: str = "https://api.pagerduty.com"
    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from: str | None = None
    twilio_api_url: str = "https://api.twilio.com"
    twilio_call_from: str | None = None  # a number that can call, where `twilio_from` cannot
    twilio_replies: bool = False  # whether Twilio passes replies to text messages on; texts say so
    webhook_url: SecretStr | None = None
    webhook_secret: SecretStr | None = None
    # Trackers, where action items get tickets; the first that is set up is used. docs/trackers.md
    github_token: SecretStr | None = None
    github_api_url: str = "https://api.github.com"
    github_repository: str | None = None  # owner/name
    github_webhook_secret: SecretStr | None = None
    jira_url: str | None = None
    jira_email: str | None = None  # of Jira Cloud; without it, JIRA_API_TOKEN is a token of Data Center
    jira_api_token: SecretStr | None = None
    jira_project: str | None = None  # its key
    jira_webhook_secret: SecretStr | None = None
    linear_api_key: SecretStr | None = None
    linear_api_url: str = "https://api.linear.app/graphql"
    linear_team: str | None = None  # its key
    linear_webhook_secret: SecretStr | None = None
    # Wikis, into which reviews are written. docs/reviews.md
    confluence_url: str | None = None  # with /wiki
    confluence_email: str | None = None
    confluence_api_token: SecretStr | None = None
    confluence_space: str | None = None  # its key
    confluence_parent: str | None = None  # ID of the page below which reviews are created
    notion_token: SecretStr | None = None
    notion_parent: str | None = None  # ID of the page below which reviews are created
    notion_api_url: str = "https://api.notion.com"
    # A page at Atlassian Statuspage that is kept like ours. docs/status-page.md
    statuspage_api_key: SecretStr | None = None
    statuspage_page_id: str | None = None
    statuspage_api_url: str = "https://api.statuspage.io/v1"
    # Called every minute while all is well. It is a secret: calling it keeps the alarm quiet.
    heartbeat_url: SecretStr | None = None
    # Proofs of origin of monitoring systems; several, separated by commas, while one is replaced. docs/alerts.md
    tocsin_hook_token: SecretStr | None = None
    grafana_hmac_secret: SecretStr | None = None
    sentry_client_secret: SecretStr | None = None
    tocsin_sns_topics: str | None = None  # ARNs of topics of Amazon SNS that may send to /hooks/cloudwatch
    # Opens the API for one program that acts as nobody in particular. People's tokens: tocsin token. docs/api.md
    tocsin_api_token: SecretStr | None = None
    tocsin_token: SecretStr | None = None  # of the command line, where it asks a bot elsewhere (TOCSIN_URL)
    # Read by `tocsin import`, and Opsgenie's in shadow mode; keys that may only read. docs/moving.md
    opsgenie_api_key: SecretStr | None = None
    opsgenie_api_url: str = "https://api.opsgenie.com"  # https://api.eu.opsgenie.com for accounts in the EU
    oncall_api_token: SecretStr | None = None  # of Grafana OnCall
    oncall_api_url: str | None = None
    dispatch_database_url: AddressWithPassword | None = None  # of Netflix Dispatch, or of monzo/response
    # For the policy's rules (docs/rules.md), and the runner `promql` of playbooks (docs/playbooks.md)
    prometheus_url: AddressWithPassword | None = None
    prometheus_token: SecretStr | None = None  # a bearer token; a user and password stand in the address
    prometheus_ca: Path | None = None  # a file with the certificates to trust instead of the system's

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The variables of the environment outrank those of `.env`, and both outrank the files that they name."""
        files = SecretFiles(settings_cls, env_settings, dotenv_settings)
        return init_settings, env_settings, dotenv_settings, files

    @field_validator("port", mode="before")
    @classmethod
    def _number_of_a_port(cls, value: Any) -> int:
        if not str(value).strip().isdecimal() or int(value) > 65535:
            raise ValueError("expected a number from 0 to 65535, such as 3000")
        return int(value)

    @field_validator("tocsin_url")
    @classmethod
    def _public_address(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", value):
            raise ValueError("expected an address that begins with https://, such as https://tocsin.example.com")
        return value

    @field_validator("tocsin_proxies")
    @classmethod
    def _networks(cls, value: str | None) -> str | None:
        try:
            for network in (value or "").split(","):
                ipaddress.ip_network(network.strip() or "127.0.0.1", strict=False)
        except ValueError:
            raise ValueError("expected addresses or networks, separated by commas, such as 10.0.0.0/8") from None
        return value

    @field_validator("tocsin_status_listen")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        match = None if value is None else re.fullmatch(r"(?:\[[0-9a-fA-F:]+\]|[^\s:\[\]/]+):(\d{1,5})", value)
        if value is not None and (match is None or int(match[1]) > 65535):
            raise ValueError("expected an address and a port, such as 0.0.0.0:8080")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _ends_in_slash(cls, value: str) -> str:
        return value if value.endswith("/") else value + "/"

    @field_validator("tocsin_command")
    @classmethod
    def _starts_with_slash(cls, value: str) -> str:
        return value if value.startswith("/") else "/" + value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            Server.of(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_sender(cls, value: str | None) -> str | None:
        if value is not None:
            sender_of(value)
        return value

    @field_validator(
        "slack_api_url",
        "opsgenie_api_url",
        "oncall_api_url",
        "pagerduty_events_url",
        "pagerduty_api_url",
        "twilio_api_url",
        "webhook_url",
        "prometheus_url",
        "heartbeat_url",
        "github_api_url",
        "jira_url",
        "linear_api_url",
        "confluence_url",
        "notion_api_url",
        "statuspage_api_url",
    )
    @classmethod
    def _web_address(cls, value: str | SecretStr | None) -> str | SecretStr | None:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text is not None and not re.match(r"https?://[^\s/]", text):
            raise ValueError("expected an address that begins with https://")
        return value

    @field_validator("prometheus_ca")
    @classmethod
    def _certificates(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"expected a file with certificates (PEM); {value} is none")
        return value

    @field_validator("tocsin_sns_topics")
    @classmethod
    def _topics(cls, value: str | None) -> str | None:
        for arn in (value or "").split(","):
            if arn.strip() and not re.fullmatch(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w.-]+", arn.strip()):
                raise ValueError("expected ARNs such as arn:aws:sns:eu-west-1:123456789012:alarms, separated by commas")
        return value

    @field_validator("log_level")
    @classmethod
    def _log_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
            raise ValueError("expected DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @property
    def policy_path(self) -> Path | None:
        """The policy file that the settings name, else `policy.yml` if it exists. None means the preset."""
        if self.tocsin_policy is not None:
            return self.tocsin_policy
        usual = Path("policy.yml")
        return usual if usual.exists() else None

    @property
    def playbook_folders(self) -> tuple[Path, ...]:
        """Folders with the operator's playbooks, written as in PATH. A later folder outranks an earlier one."""
        return tuple(Path(name) for name in (self.tocsin_playbooks or "").split(os.pathsep) if name)

    @property
    def sns_topics(self) -> frozenset[str]:
        """The ARNs of the topics of Amazon SNS whose messages are taken."""
        return frozenset(arn.strip() for arn in (self.tocsin_sns_topics or "").split(",") if arn.strip())

    @property
    def prometheus(self) -> str | None:
        """The address of Prometheus, with its password; None if it is not set."""
        return self.prometheus_url.get_secret_value() if self.prometheus_url is not None else None

    @property
    def prometheus_address(self) -> Address | None:
        """The address of Prometheus, and its credentials; None if it is not set."""
        if self.prometheus is None:
            return None
        return Address(self.prometheus, secret_of(self.prometheus_token) or None, self.prometheus_ca)

    @property
    def socket_mode(self) -> bool:
        """Whether Slack is reached by Socket Mode; otherwise it calls us by HTTP."""
        return self.slack_app_token is not None

    @property
    def url(self) -> str:
        """The database's address with its password: not for logs."""
        return self.database_url.get_secret_value()

    def missing_for_serving(self) -> list[str]:
        """The settings that `tocsin serve` lacks: a sentence for each, with how to get it."""
        missing = []
        if self.slack_bot_token is None:
            missing.append(
                "SLACK_BOT_TOKEN is not set. Copy the Bot User OAuth Token (xoxb-…) from your app's page, "
                "OAuth & Permissions."
            )
        if self.slack_app_token is None and self.slack_signing_secret is None:
            missing.append(
                "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set. For Socket Mode (no public address needed) "
                "set SLACK_APP_TOKEN (xapp-…, Basic Information, App-Level Tokens, scope connections:write); for HTTP "
                "set SLACK_SIGNING_SECRET (Basic Information)."
            )
        return missing

    def secrets(self) -> list[str]:
        """Every secret value, for logs and exports to leave out. Of an address, only the password is secret."""
        fields = [getattr(self, name) for name in type(self).model_fields]
        values = [
            field.get_secret_value()
            for field in fields
            if isinstance(field, SecretStr) and not isinstance(field, AddressWithPassword)
        ]
        passwords = [password_of(self.url)]
        if self.prometheus is not None:
            passwords.append(urlsplit(self.prometheus).password)
        if self.smtp_url is not None:
            passwords.append(Server.of(self.smtp_url.get_secret_value()).password)
        return values + [password for password in passwords if password]


def load() -> Settings:
    """Read the environment. Raises `SettingsError` naming the variable and what was expected."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in problem['loc']).upper()}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        ]
        raise SettingsError("These settings cannot be used:\n  " + "\n  ".join(lines)) from None
