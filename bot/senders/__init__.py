"""Sends notices by other ways than Slack: pages, mails, webhooks, tickets."""
