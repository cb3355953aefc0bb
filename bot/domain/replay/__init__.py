"""Plays a past incident again under another policy: which reminders and pages it would have sent. Pure."""
