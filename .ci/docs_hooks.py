"""Hooks of the documentation site.

Documents that the navigation does not list are added to it. Files outside docs/ are named, since the site does not have
them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_OUTSIDE = re.compile(r"\[([^\]]+)\]\((\.\./[^)#]+)(#[^)]*)?\)")


def on_config(config: Any) -> Any:
    """Add guides and decisions that the navigation does not list, by their titles."""
    docs = Path(config["docs_dir"])
    parts = {title: entries for part in config["nav"] for title, entries in part.items()}
    listed = set(_paths(config["nav"]))
    decisions = next(part["Decisions"] for part in parts["Explanation"] if "Decisions" in part)
    for folder, entries in ((docs, parts["How to"]), (docs / "decisions", decisions)):
        for path in sorted(folder.glob("*.md")):
            name = path.relative_to(docs).as_posix()
            if name not in listed:
                entries.append({_title(path): name})
    return config


def _paths(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    values = nav.values() if isinstance(nav, dict) else nav
    return [path for value in values for path in _paths(value)]


def _title(path: Path) -> str:
    first = next(line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("# "))
    return re.sub(r"^# (\d+\. )?", "", first)


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Replace links to files that are not in the site by the file's path in the source."""
    docs = Path(config["docs_dir"]).resolve()
    here = (docs / page.file.src_uri).parent

    def named(match: re.Match[str]) -> str:
        target = (here / match[2]).resolve()
        if target.is_relative_to(docs) and (target.is_file()):
            return match[0]
        path = target.relative_to(docs.parent).as_posix()
        label = match[1].strip("`")
        return f"`{path}`" if label in path else f"{match[1]} (`{path}`)"

    return _OUTSIDE.sub(named, markdown)
