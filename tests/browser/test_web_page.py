"""Serving of the web page and limits on its files; needs no browser."""

from __future__ import annotations

from pathlib import Path

import aiohttp

import sandbox

UI = Path(sandbox.__file__).parent / "ui"


async def test_the_web_page_has_a_strict_content_policy_and_only_its_own_files_are_served() -> None:
    async with sandbox.running() as ws, aiohttp.ClientSession() as session:
        async with session.get(f"{ws.url}/") as index:
            assert index.status == 200
            assert "script-src 'self'" in index.headers["Content-Security-Policy"]
            assert "default-src 'none'" in index.headers["Content-Security-Policy"]
            assert index.headers["X-Content-Type-Options"] == "nosniff"
        async with session.get(f"{ws.url}/ui/main.js") as script:
            assert script.content_type == "text/javascript"
        for wrong in ("nothing.js", "..%2Fui%2Fmain.js", "%2e%2e%2fui%2fmain.js", "README.md"):
            async with session.get(f"{ws.url}/ui/{wrong}") as missing:
                assert missing.status == 404
        await ws.person("tom").say("#general", "look", files={"evil.html": b"<script>alert(1)</script>"})
        (file,) = ws.state.files.values()
        async with session.get(f"{ws.url}/files/{file.id}/{file.name}") as opened:
            assert "sandbox" in opened.headers["Content-Security-Policy"]


def test_no_module_parses_markup_and_nothing_is_loaded_from_elsewhere() -> None:
    for path in UI.iterdir():
        text = path.read_text()
        for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert forbidden not in text, f"{path.name}: {forbidden}"
        if path.suffix in (".html", ".css"):
            assert "http://" not in text, path.name
            assert "https://" not in text, path.name


def test_every_module_is_shorter_than_300_lines() -> None:
    long = {path.name for path in UI.iterdir() if len(path.read_text().splitlines()) >= 300}
    assert long == set()
