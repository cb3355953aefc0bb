"""Names what a cover takes over: a schedule, such as `support`, or one layer of it, such as `support/night`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.domain.errors import Refused
from bot.domain.policy.schedules import Schedule

_SEPARATOR = "/"  # no part of a schedule's key


def layer_path(schedule: str, layer: str = "") -> str:
    """The name of a schedule, or of one of its layers."""
    return f"{schedule}{_SEPARATOR}{layer}" if layer else schedule


def layer_paths(schedules: Mapping[str, Schedule]) -> Iterator[str]:
    """Everything that can be covered: each schedule, followed by its layers that have names."""
    for key, schedule in schedules.items():
        yield key
        yield from (layer_path(key, layer.name) for layer in schedule.layers if layer.name)


def parse_layer_path(path: str, schedules: Mapping[str, Schedule]) -> tuple[str, str]:
    """The keys of the schedule and of the layer, which is empty for all of it. Raises `Refused` for what is not there.

    The case of the layer's name does not matter.
    """
    key, _, name = path.partition(_SEPARATOR)
    if key not in schedules:
        raise Refused(f"There is no schedule “{key[:40]}”.", "oncall")
    names = [layer.name for layer in schedules[key].layers if layer.name]
    if not name.strip():
        return key, ""
    layer = next((candidate for candidate in names if candidate.lower() == name.strip().lower()), None)
    if layer is None:
        choices = f"There are: {', '.join(names[:10])}." if names else "None of its layers has a name."
        raise Refused(f"{key} has no layer “{name.strip()[:40]}”. {choices}", f"cover {key} for 2h")
    return key, layer
