"""Gives imported objects unique keys of the policy, made of their names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from slugify import slugify

LONGEST = 48
_KEY = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")


def key_of(name: str, otherwise: str) -> str:
    """A key made of a name; of `otherwise` if the name has no letter or digit that a key may have."""
    for text in (name, otherwise):
        key = slugify(text, max_length=LONGEST, word_boundary=True) or slugify(text, max_length=LONGEST)
        if key and _KEY.fullmatch(key):
            return key
    return "imported"


@dataclass(slots=True)
class Keys:
    """The keys in use."""

    taken: set[str] = field(default_factory=set)

    def give(self, name: str, otherwise: str) -> str:
        """An unused key. The same names in the same order get the same keys."""
        base = key = key_of(name, otherwise)
        number = 2
        while key in self.taken:
            key = f"{base}-{number}"
            number += 1
        self.taken.add(key)
        return key
