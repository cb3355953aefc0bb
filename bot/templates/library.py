"""Finds the template of a key: the policy's own, else the operator's folder, else the one that ships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from bot.domain.errors import Refused
from bot.domain.policy.policy import Policy
from bot.templates.render import LONGEST_SOURCE, Rendered, TemplateProblem, problems_in, render

SETS = ("sev1-5", "p0-p4", "level-1-4")  # the presets whose documents have templates: 001, 003, 004
SUFFIX = ".j2"


class TemplateLibrary:
    """The templates. An operator's folder has a file `<key>.j2` for each template that it replaces or adds."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def render(self, policy: Policy, key: str, variables: Mapping[str, Any]) -> Rendered:
        """Render the template with this key. Raises `Refused` if there is none, or if it is broken."""
        source = self.source(policy, key)
        if source is None:
            raise Refused(f"There is no template “{key}”. There are: {', '.join(self.keys(policy))}.")
        return render(source, variables)

    def source(self, policy: Policy, key: str) -> str | None:
        """The text of the template; None if there is none with this key."""
        if own := policy.templates.get(key):
            return f"Subject: {own.subject}\n\n{own.body}"
        return self._in_folder(key) or shipped_template(policy.template_set, key)

    def keys(self, policy: Policy) -> list[str]:
        """The keys of all templates of a policy."""
        files = {path.stem for path in self.folder.glob(f"*{SUFFIX}")} if self.folder else set()
        return sorted({*policy.templates, *files, *shipped_keys()})

    def problems(self) -> Iterator[tuple[Path, TemplateProblem]]:
        """Every problem in the operator's folder."""
        if self.folder is None:
            return
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                source = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                yield path, TemplateProblem(1, f"It cannot be read ({type(error).__name__}).")
                continue
            for problem in problems_in(source):
                yield path, problem

    def _in_folder(self, key: str) -> str | None:
        if self.folder is None or not key.replace("_", "").replace("-", "").isalnum():
            return None
        try:
            return (self.folder / f"{key}{SUFFIX}").read_text(encoding="utf-8")[:LONGEST_SOURCE]
        except (OSError, UnicodeDecodeError):
            return None


@cache
def shipped_template(template_set: str, key: str) -> str | None:
    """The template as it ships: that of the preset's own document, else of the first document that has it."""
    own = [template_set] if template_set in SETS else []
    for name in dict.fromkeys((*own, *SETS)):
        if key in _files()[name]:
            return _files()[name][key]
    return None


@cache
def shipped_keys() -> tuple[str, ...]:
    """The keys of all templates that ship."""
    return tuple(sorted({key for files in _files().values() for key in files}))


@cache
def _files() -> dict[str, dict[str, str]]:
    folder = resources.files("bot.templates").joinpath("files")
    return {
        name: {
            file.name.removesuffix(SUFFIX): file.read_text(encoding="utf-8")
            for file in folder.joinpath(name).iterdir()
            if file.name.endswith(SUFFIX)
        }
        for name in SETS
    }
