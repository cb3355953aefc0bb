"""Proving the move of generated accounts: the share of minutes that are equal, and how long that takes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure
from tests.importers.generated import opsgenie_account, pagerduty_account
from tests.importers.test_proof import NOW, proof_of

SCHEDULES, PEOPLE, SEED = 250, 500, 1  # of each vendor


def figures() -> list[Figure]:
    """Equal minutes of both accounts together, and the seconds that are not the oracle's."""
    equal = total = 0
    product_s = 0.0
    for double in (opsgenie_account(SEED, SCHEDULES, PEOPLE, NOW), pagerduty_account(SEED, SCHEDULES, PEOPLE, NOW)):
        renderings: dict[str, Any] = getattr(double, "timelines", None) or getattr(double, "entries", {})
        oracle = _Oracle()
        renderings.update({key: oracle.timed(render) for key, render in renderings.items()})
        with tempfile.TemporaryDirectory() as folder:
            begun = time.monotonic()
            proof = proof_of(double, Path(folder))
            product_s += time.monotonic() - begun - oracle.seconds
        equal, total = equal + proof.equal_minutes, total + proof.total_minutes
    what = f"proof of {2 * SCHEDULES} schedules, 120 days"
    return [
        Figure(f"{what}: minutes that are equal", f"{equal:,} of {total:,}", "all", equal == total),
        Figure(f"{what}: time beside the oracle's", f"{product_s:.0f} s", "", None),
    ]


class _Oracle:
    """Counts the time that the oracle takes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, render: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            begun = time.monotonic()
            try:
                return render(*arguments)
            finally:
                self.seconds += time.monotonic() - begun

        return timed
