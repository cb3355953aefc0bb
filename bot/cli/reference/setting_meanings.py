"""What each setting means, by section, in the order in which the reference lists them."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, Mapping[tuple[str, ...], str]] = {
    "Slack": {
        ("SLACK_BOT_TOKEN",): "bot token, `xoxb-…`",
        (
            "SLACK_APP_TOKEN",
        ): "app-level token, `xapp-…`; when set, Tocsin uses Socket Mode and needs no public address",
        ("SLACK_SIGNING_SECRET",): "for HTTP: Tocsin refuses requests that are not signed with it",
        ("SLACK_API_URL",): "another base URL: GovSlack, or a local workspace",
        (
            "SLACK_CLIENT_ID",
            "SLACK_CLIENT_SECRET",
        ): "[sign in with Slack](../integrations/sign-in-with-slack.md) in the console; needs `TOCSIN_URL`",
        ("TOCSIN_COMMAND",): "the slash command, if another app already uses `/incident`; change the manifest too",
        ("TOCSIN_SLACKBOT_MCP",): (
            "`read` or `write`: what Slackbot may do at `/mcp` for the person who asks it; see "
            "[MCP](../mcp.md#slackbot)"
        ),
    },
    "Tocsin": {
        ("DATABASE_URL",): "`sqlite:////var/lib/tocsin/tocsin.db` or `postgresql://user:password@host/database`",
        ("TOCSIN_POLICY",): "the policy file; by default `policy.yml` if it exists, else the preset `sev1-5`",
        ("TOCSIN_PLAYBOOKS",): (
            "your own playbook folders, separated by `:`; a later folder overrides earlier ones and the shipped "
            "playbooks"
        ),
        ("TOCSIN_TEMPLATES",): (
            "a folder with templates of communications, `<key>.j2`, in place of those that ship: see "
            "[communications](../communications.md#templates)"
        ),
        ("TOCSIN_URL",): (
            "public base URL, for links; a link to an incident shows the incident in Slack where the app has "
            "the domain among its unfurl domains (`tocsin manifest --url`)"
        ),
        ("TOCSIN_PROXIES",): (
            "the addresses or networks of your own proxies, separated by commas, such as `10.0.0.0/8`; behind "
            "them the client of a failed sign-in, and of a subscription to the status page, is taken from "
            "`X-Forwarded-For`"
        ),
        ("HOST", "PORT"): "the address and the port on which HTTP listens",
        ("HEARTBEAT_URL",): "called every minute while Tocsin is healthy; see [health](../run/monitoring.md)",
        ("LOG_FORMAT",): "`console` or `json`; by default `console` on a terminal",
        ("LOG_LEVEL",): "`DEBUG`, `INFO`, `WARNING` or `ERROR`",
        ("TOCSIN_ARCHIVE",): "a folder to which incidents are exported before the policy's `keep` removes their texts",
        ("TOCSIN_SHEET",): (
            "a folder into which the emergency sheet is written after each change: see [when Slack is "
            "down](../slack-down.md)"
        ),
    },
    "Programs": {
        ("TOCSIN_API_TOKEN",): (
            "a token of the API that acts as nobody in particular (`api`); several, separated by commas, while "
            "it is replaced. Better: `tocsin token create`, see [API](../api.md)"
        ),
        ("TOCSIN_TOKEN",): (
            "the token with which the command line asks the bot at `TOCSIN_URL`, where no `DATABASE_URL` is "
            "set; see [the command line](../cli.md)"
        ),
        ("WEBHOOK_URL", "WEBHOOK_SECRET"): (
            "enable `by: [webhook]`, a signed JSON body; see [paging outside Slack](../integrations/webhooks.md#pages)"
        ),
    },
    "Paging": {
        ("PAGERDUTY_ROUTING_KEY",): "the key of an Events v2 integration; enables `by: [pagerduty]`",
        ("PAGERDUTY_EVENTS_URL",): "where Tocsin sends these events",
        ("PAGERDUTY_WEBHOOK_SECRET",): (
            "the secret of a v3 webhook to `POST /hooks/pagerduty`: acknowledging in PagerDuty acknowledges here"
        ),
        (
            "PAGERDUTY_API_TOKEN",
        ): "a read-only REST API key; Tocsin reads the schedules that have `pagerduty: P123ABC` in the policy",
        ("PAGERDUTY_API_URL",): "where Tocsin reads schedules; `https://api.eu.pagerduty.com` in Europe",
        ("SMTP_URL", "MAIL_FROM"): (
            "the mail server, `smtp://user:password@host:587`, and the sender's address; enable `by: [email]`: "
            "see [e-mail](../integrations/email.md)"
        ),
        (
            "TWILIO_ACCOUNT_SID",
            "TWILIO_AUTH_TOKEN",
            "TWILIO_FROM",
        ): "enable `by: [sms]` and `by: [phone]`: see [Twilio](../integrations/twilio.md)",
        ("TWILIO_CALL_FROM",): "the number that calls, where `TWILIO_FROM` cannot",
        (
            "TWILIO_REPLIES",
        ): "texts say that a reply acknowledges: [how](../integrations/twilio.md#replies-to-text-messages)",
        ("TWILIO_API_URL",): "where Tocsin sends text messages",
    },
    "Alerts": {
        ("TOCSIN_HOOK_TOKEN",): (
            "the token with which monitoring systems send alerts; several, separated by commas, while it is "
            "replaced; see [alerts](../alerts.md)"
        ),
        ("GRAFANA_HMAC_SECRET",): (
            "the secret with which Grafana signs its webhook, instead of the token; see "
            "[alerts](../integrations/grafana.md)"
        ),
        ("SENTRY_CLIENT_SECRET",): (
            "the client secret of the Sentry integration that sends to `POST /hooks/sentry`; see "
            "[alerts](../integrations/sentry.md)"
        ),
        ("TOCSIN_SNS_TOPICS",): (
            "ARNs of the SNS topics that may send to `POST /hooks/cloudwatch`, separated by commas; see "
            "[alerts](../integrations/cloudwatch.md)"
        ),
        ("PROMETHEUS_URL",): (
            "the server that the policy's [rules](../rules.md) and the [runner "
            "`promql`](../playbooks.md#running) query, such as `https://prometheus.example.com`; a user and "
            "password in it are sent as basic authentication"
        ),
        ("PROMETHEUS_TOKEN",): "a bearer token for `PROMETHEUS_URL`",
        ("PROMETHEUS_CA",): "a file with the certificates (PEM) to trust instead of the system's, for rules",
    },
    "Status page": {
        (
            "TOCSIN_STATUS_LISTEN",
        ): "`host:port` of a listener that serves the [status page](../status-page.md) and nothing else",
        ("TOCSIN_STATUS_MIRROR",): "a folder to which the status page is written as static files after every change",
        ("STATUSPAGE_API_KEY", "STATUSPAGE_PAGE_ID"): (
            "the page at Atlassian Statuspage to which what is published is copied; see [the status "
            "page](../integrations/statuspage.md)"
        ),
        ("STATUSPAGE_API_URL",): "another address of Statuspage's API",
    },
    "Tickets and wikis": {
        ("GITHUB_TOKEN", "GITHUB_REPOSITORY"): (
            "action items become issues of this repository (`owner/name`): see [GitHub](../integrations/github.md)"
        ),
        ("GITHUB_API_URL",): "the API of a GitHub Enterprise Server",
        ("JIRA_URL", "JIRA_EMAIL", "JIRA_API_TOKEN", "JIRA_PROJECT"): (
            "action items become issues of this project; without `JIRA_EMAIL` it is Jira Data Center: see "
            "[Jira](../integrations/jira.md)"
        ),
        (
            "LINEAR_API_KEY",
            "LINEAR_TEAM",
        ): "action items become issues of this team: see [Linear](../integrations/linear.md)",
        ("LINEAR_API_URL",): "another address of Linear's API",
        ("GITHUB_WEBHOOK_SECRET", "JIRA_WEBHOOK_SECRET", "LINEAR_WEBHOOK_SECRET"): (
            "the secrets with which the trackers sign what they send to `/hooks/github`, `/hooks/jira` and "
            "`/hooks/linear`"
        ),
        (
            "CONFLUENCE_URL",
            "CONFLUENCE_EMAIL",
            "CONFLUENCE_API_TOKEN",
            "CONFLUENCE_SPACE",
        ): "the space of Confluence Cloud into which [reviews](../integrations/confluence.md) are written",
        ("CONFLUENCE_PARENT",): "the ID of the page below which reviews are created",
        (
            "NOTION_TOKEN",
            "NOTION_PARENT",
        ): "the integration's token, and the page below which [reviews](../integrations/notion.md) are created",
        ("NOTION_API_URL",): "another address of Notion's API",
    },
    "Moving in": {
        (
            "OPSGENIE_API_KEY",
        ): "a key that only reads, for `tocsin import opsgenie` and for shadow mode: see [moving in](../moving.md)",
        ("OPSGENIE_API_URL",): "`https://api.eu.opsgenie.com` for accounts in Europe",
        ("DISPATCH_DATABASE_URL",): (
            "the PostgreSQL database of Netflix Dispatch or of monzo/response, for `tocsin import dispatch` "
            "alone; a user who may only read is enough"
        ),
        (
            "ONCALL_API_TOKEN",
            "ONCALL_API_URL",
        ): "a token of Grafana OnCall and its address, for `tocsin import grafana-oncall` alone",
    },
    "Demos": {
        ("TOCSIN_SPEED",): "for demos: how many times faster the bot's clock runs",
        ("TOCSIN_DEMO",): "for demos: enables `/debug`, which shows the outbox and the deadlines",
    },
}
"""In each section: names in capitals, and in Markdown what they mean. Links start from `docs/reference`."""
