"""The workspace's clock: real time plus an offset, so that tests never sleep."""

import time


class Clock:
    """Answers what time it is in the workspace; `advance` moves it, everything that expires follows."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def now(self) -> float:
        """Epoch seconds."""
        return time.time() + self.offset_s

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self.offset_s += seconds
