"""Storage on SQLite, or on PostgreSQL for several replicas. Knows nothing of Slack."""
