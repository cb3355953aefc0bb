"""Sends what leaves by other ways than Slack: pages, mails, webhooks, tickets."""
