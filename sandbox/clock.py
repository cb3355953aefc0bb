"""Keeps the sandbox's clock: real time plus an offset, so that tests let time pass without sleeping."""

import time


class Clock:
    """The time in the workspace. Triggers, response URLs and rate limits expire by it."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def now(self) -> float:
        """The time in epoch seconds."""
        return time.time() + self.offset_s

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.offset_s += seconds
