"""How the page is served and what its files may hold; no browser is needed for this."""

from __future__ import annotations

from pathlib import Path

import aiohttp

import sandbox

PAGE = Path(sandbox.__file__).parent / "ui"


async def test_the_page_is_served_locked_down_and_other_files_are_not_served() -> None:
    async with sandbox.running() as ws, aiohttp.ClientSession() as session:
        async with session.get(f"{ws.url}/") as page:
            assert page.status == 200
            assert "script-src 'self'" in page.headers["Content-Security-Policy"]
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            assert page.headers["X-Content-Type-Options"] == "nosniff"
        async with session.get(f"{ws.url}/ui/main.js") as script:
            assert script.content_type == "text/javascript"
        for wrong in ("nothing.js", "..%2Fpages.py", "%2e%2e%2fpages.py"):
            async with session.get(f"{ws.url}/ui/{wrong}") as missing:
                assert missing.status == 404
        await ws.person("tom").say("#general", "look", files={"evil.html": b"<script>alert(1)</script>"})
        (file,) = ws.state.files.values()
        async with session.get(f"{ws.url}/files/{file.id}/{file.name}") as opened:
            assert "sandbox" in opened.headers["Content-Security-Policy"]


def test_the_page_uses_no_markup_from_strings_and_nothing_from_elsewhere() -> None:
    for path in PAGE.iterdir():
        text = path.read_text()
        for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert forbidden not in text, f"{path.name}: {forbidden}"
        if path.suffix in (".html", ".css"):
            assert "http://" not in text, path.name
            assert "https://" not in text, path.name


def test_every_module_of_the_page_is_short() -> None:
    long = {path.name for path in PAGE.iterdir() if len(path.read_text().splitlines()) >= 300}
    assert long == set()
