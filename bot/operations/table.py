"""Lists every operation."""

from __future__ import annotations

from bot.operations import incidents, verbs
from bot.operations.base import Operation

OPERATIONS: tuple[Operation, ...] = (*incidents.OPERATIONS, *verbs.OPERATIONS)
BY_NAME: dict[str, Operation] = {operation.name: operation for operation in OPERATIONS}
