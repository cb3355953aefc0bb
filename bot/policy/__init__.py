"""Reads a policy file, or a preset, into the domain's `Policy`.

    loaded = read(Path("policy.yml"))   # LoadedPolicy: .policy, .document (plain JSON to keep), .warnings
    policy = load(Path("policy.yml"))   # the policy alone; load(None) is the preset sev1-5
    policy = from_document(document)    # of a document that was kept; it has the same digest

Each raises `PolicyError`, which lists every problem with its file, its line and how to fix it.
"""

from bot.policy.document import as_json
from bot.policy.problems import PolicyError, Problem
from bot.policy.reader import (
    PRESETS,
    LoadedPolicy,
    from_document,
    json_schema,
    load,
    preset,
    read,
    read_text,
    with_fragment,
)

__all__ = [
    "PRESETS",
    "LoadedPolicy",
    "PolicyError",
    "Problem",
    "as_json",
    "from_document",
    "json_schema",
    "load",
    "preset",
    "read",
    "read_text",
    "with_fragment",
]
