"""Writes incidents, alerts, figures and what was published as JSON, for the API, the command line and the console."""
