"""Saves the raw responses of a source in a folder, so that a plan can be resumed, or made again without the source.

The folder has one file, `answers.jsonl`: a line for each answer, `{"path", "params", "answer"}`, in the order in which
they came. A line that was cut off by a crash is ignored. What it contains is as untrusted as the source itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.importers.errors import ImportFailed

FILE = "answers.jsonl"
LARGEST_ANSWER = 32 * 1024 * 1024  # bytes of one line
MOST_ANSWERS = 1_000_000


@dataclass(slots=True)
class Archive:
    """The saved responses in a folder. `offline`: the source is not asked."""

    folder: Path
    source: str
    offline: bool = False
    _places: dict[str, int] = field(default_factory=dict)  # where an answer's line begins

    @classmethod
    def open(cls, folder: Path, source: str, *, offline: bool = False) -> Archive:
        """Open a folder with its saved responses. Raises `ImportFailed` if it belongs to another source."""
        archive = cls(folder, source, offline)
        try:
            if not offline:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            archive._read_places()
        except OSError as error:
            raise ImportFailed(f"{folder} cannot be used ({type(error).__name__}).") from error
        if offline and not archive._places:
            raise ImportFailed(
                f"{folder} holds no answers of {source}. Save them first: tocsin import … --save {folder}"
            )
        return archive

    @property
    def file(self) -> Path:
        """The file with the answers."""
        return self.folder / FILE

    def get(self, path: str, params: Mapping[str, str]) -> dict[str, Any] | None:
        """The saved response to a request; None if there is none."""
        offset = self._places.get(_key(self.source, path, params))
        if offset is None:
            return None
        with self.file.open("rb") as file:
            file.seek(offset)
            line = _parse(file.readline(LARGEST_ANSWER))
        return line["answer"] if line is not None else None

    def put(self, path: str, params: Mapping[str, str], answer: Mapping[str, Any]) -> None:
        """Save a response. It is on the disk when this returns, readable by its owner alone."""
        line = {"source": self.source, "path": path, "params": dict(params), "answer": answer}
        data = json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        with open(os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            offset = file.tell()
            file.write(data)
        self._places[_key(self.source, path, params)] = offset

    def _read_places(self) -> None:
        if not self.file.exists():
            return
        offset = 0
        with self.file.open("rb") as file:
            while len(self._places) < MOST_ANSWERS and (raw := file.readline(LARGEST_ANSWER)):
                line = _parse(raw) if raw.endswith(b"\n") else None
                if line is not None:
                    self._places[_key(line["source"], line["path"], line["params"])] = offset
                offset += len(raw)
        if not self.offline and self._last_byte() != b"\n":  # cut off: what is added begins a line of its own
            with self.file.open("ab") as file:
                file.write(b"\n")

    def _last_byte(self) -> bytes:
        with self.file.open("rb") as file:
            file.seek(0, os.SEEK_END)
            if file.tell() == 0:
                return b"\n"
            file.seek(-1, os.SEEK_END)
            return file.read(1)


def _key(source: str, path: str, params: Mapping[str, str]) -> str:
    return json.dumps([source, path, sorted(params.items())])


def _parse(raw: bytes) -> dict[str, Any] | None:
    """One line of the file; None if it is incomplete or not a saved response."""
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    fine = (
        isinstance(line, dict)
        and isinstance(line.get("source"), str)
        and isinstance(line.get("path"), str)
        and isinstance(line.get("params"), dict)
        and all(isinstance(value, str) for value in line["params"].values())
        and isinstance(line.get("answer"), dict)
    )
    return line if fine else None
