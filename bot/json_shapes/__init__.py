"""Formats incidents, alerts, figures and publications as JSON, for the API, the command line and the console."""
