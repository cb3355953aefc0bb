"""The emergency sheet: whom to call and how, for the hour in which neither Slack nor Tocsin can be reached."""
