"""Hooks of the documentation site: files outside docs/ are named, since the site does not have them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_OUTSIDE = re.compile(r"\[([^\]]+)\]\((\.\./[^)#]+)(#[^)]*)?\)")


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
