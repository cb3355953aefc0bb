"""Where everything is kept: SQLite by default, PostgreSQL for several replicas. Knows no Slack."""
