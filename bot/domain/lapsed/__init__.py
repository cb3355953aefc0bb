"""Decides what to do when a deadline of an incident has lapsed; one module for each kind of deadline.

The functions are pure and give each decision a reason in words. `bot.usecases.lapsed` calls them and commits the
outcome.
"""
