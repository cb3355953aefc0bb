"""Holds the settings in use, whose secrets can be replaced while the bot runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.secret_settings import secret_fields
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Rotation:
    """The fields that a later reading of the settings changes."""

    secrets: tuple[str, ...]  # in use at once
    restart: tuple[str, ...]  # in use after a restart


@dataclass(slots=True)
class LiveSettings:
    """The settings in use. Secrets can be replaced while the bot runs; any other change needs a restart."""

    current: Settings
    _replaced: list[str] = field(default_factory=list)

    def secrets(self) -> list[str]:
        """Every secret value that is or was in use, to be masked."""
        return [*self.current.secrets(), *self._replaced]

    def replace(self, read: Settings) -> Rotation:
        """Put changed secrets in use. A secret that was not set before, or is no longer set, needs a restart."""
        differs = [name for name in type(read).model_fields if getattr(read, name) != getattr(self.current, name)]
        rotating = set(secret_fields(type(read))) - {"database_url"}
        both_set = [name for name in differs if None not in (getattr(read, name), getattr(self.current, name))]
        rotated = [name for name in both_set if name in rotating]
        self._replaced += [secret for secret in self.current.secrets() if secret not in self._replaced]
        self.current = self.current.model_copy(update={name: getattr(read, name) for name in rotated})
        return Rotation(tuple(rotated), tuple(name for name in differs if name not in rotated))
