"""Stores everything the bot keeps, on SQLite, or on PostgreSQL for several replicas; it knows nothing of Slack."""
