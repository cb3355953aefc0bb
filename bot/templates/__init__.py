"""Renders the templates of communications, which ship as files in `files` and can be replaced by an operator's own."""
