"""Loads playbooks from folders: reads and validates them, and checks the links between them.

An operator's playbook replaces the shipped one with the same ID.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.domain.errors import NotFound, TocsinError
from bot.domain.playbook.definition import Playbook
from bot.policy import validation_messages
from bot.policy.document import digest
from bot.policy.problems import Problem, nearest, path_text
from bot.policy.yaml_source import Source, parse_yaml
from playbooks import checks, models, values

SHIPPED = Path(__file__).parent
EXAMPLE = "id: api-outage"


class PlaybookError(TocsinError):
    """A file is not a valid playbook. The message lists every problem of every file, one a line."""

    def __init__(self, problems: Iterable[tuple[str, Problem]]) -> None:
        self.problems = tuple(sorted(problems, key=lambda located: (located[0], located[1].line or math.inf)))
        super().__init__("\n".join(problem.located(name) for name, problem in self.problems))


@dataclass(frozen=True, slots=True)
class Library:
    """All playbooks."""

    playbooks: tuple[Playbook, ...] = ()  # in the order of their names
    replaced: tuple[str, ...] = ()  # IDs of playbooks replaced by one of a later folder
    by_id: dict[str, Playbook] = field(default_factory=dict)

    def get(self, name: str) -> Playbook:
        """The playbook with this ID. Raises `NotFound`, which suggests the nearest."""
        if name in self.by_id:
            return self.by_id[name]
        guess = nearest(name, self.by_id)
        hint = f"Did you mean {guess}?" if guess else "List them all: tocsin playbooks"
        raise NotFound(f"There is no playbook “{name[:60]}”. {hint}")


def load(folders: Iterable[Path] = (), shipped: Path | None = SHIPPED) -> Library:
    """Load the shipped playbooks, then those of each folder, which replace ones with the same ID.

    Raises `PlaybookError` with all problems. Without `shipped`, only the folders count.
    """
    all_folders = [*([shipped] if shipped else []), *folders]
    read = [[_read_file(path) for path in _files(folder)] for folder in all_folders]
    problems = [(reading.source.name, problem) for reading in _flat(read) for problem in reading.problems]
    problems += [problem for folder in read for problem in _duplicate_ids(folder)]
    by_id: dict[str, _LoadedFile] = {}
    replaced: list[str] = []
    for folder in read:
        replaced += [reading.id for reading in folder if reading.id in by_id]
        by_id |= {reading.id: reading for reading in folder if reading.playbook}
    problems = problems or _broken_links(by_id)
    if problems:
        raise PlaybookError(problems)
    playbooks = sorted(
        (reading.playbook for reading in by_id.values() if reading.playbook), key=lambda playbook: playbook.name.lower()
    )
    return Library(tuple(playbooks), tuple(replaced), {playbook.id: playbook for playbook in playbooks})


@functools.cache
def shipped_library() -> Library:
    """The shipped playbooks alone, loaded once."""
    return load()


def from_text(text: str, name: str = "playbook.yml") -> Playbook:
    """Read a single playbook, without checking that related ones exist. Raises `PlaybookError`."""
    read = _read_source(parse_yaml(text, name, EXAMPLE))
    if read.playbook is None:
        raise PlaybookError((name, problem) for problem in read.problems)
    return read.playbook


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a playbook file, for editors."""
    schema = models.Document.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Tocsin playbook"
    command = schema["$defs"]["Command"]
    schema["$defs"]["Command"] = {"anyOf": [{"type": "string", "minLength": 1}, command]}
    schema["properties"]["source"] = {"anyOf": [{"type": "string"}, schema["properties"]["source"]]}
    return schema


@dataclass(frozen=True, slots=True)
class _LoadedFile:
    """One file: a playbook, or its problems."""

    source: Source
    id: str = ""
    playbook: Playbook | None = None
    problems: tuple[Problem, ...] = ()


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        message = "There is no such folder. Name one that contains playbooks, *.yml."
        raise PlaybookError([(str(folder), Problem((), message))])
    return sorted(path for path in folder.iterdir() if path.suffix in (".yml", ".yaml") and path.is_file())


def _read_file(path: Path) -> _LoadedFile:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"The file is not UTF-8 (byte {error.start}). Save it as UTF-8."
        return _LoadedFile(Source(str(path)), problems=(Problem((), message),))
    except OSError as error:
        return _LoadedFile(Source(str(path)), problems=(Problem((), f"The file cannot be read: {error.strerror}."),))
    return _read_source(parse_yaml(text, str(path), EXAMPLE))


def _read_source(source: Source) -> _LoadedFile:
    value = source.values.get("id")
    name = value if isinstance(value, str) else ""
    if source.problems:
        return _LoadedFile(source, name, problems=tuple(source.problems))
    try:
        model = models.Document.model_validate(source.values)
    except ValidationError as invalid:
        return _LoadedFile(
            source, name, problems=tuple(validation_messages.problems_from(invalid, source, root=models.Document))
        )
    if problems := checks.check(model, source):
        return _LoadedFile(source, name, problems=tuple(problems))
    return _LoadedFile(source, name, values.playbook_of(model, source.name, digest(source.values)))


def _flat(read: list[list[_LoadedFile]]) -> Iterator[_LoadedFile]:
    for folder in read:
        yield from folder


def _duplicate_ids(folder: list[_LoadedFile]) -> Iterator[tuple[str, Problem]]:
    first: dict[str, str] = {}
    for reading in folder:
        if reading.id in first:
            message = f"id {reading.id} is also used in {first[reading.id]}. Change one of them."
            yield reading.source.name, Problem(("id",), message, reading.source.line(("id",)))
        elif reading.id:
            first[reading.id] = reading.source.name


def _broken_links(by_id: dict[str, _LoadedFile]) -> list[tuple[str, Problem]]:
    problems = []
    for reading in by_id.values():
        for number, related_id in enumerate(reading.playbook.related if reading.playbook else ()):
            if related_id in by_id:
                continue
            path = ("related", number)
            guess = nearest(related_id, by_id)
            hint = f"Did you mean {guess}?" if guess else "See their ids: tocsin playbooks"
            message = f"{path_text(path)}: there is no playbook “{related_id}”. {hint}"
            problems.append((reading.source.name, Problem(path, message, reading.source.line(path))))
    return problems
