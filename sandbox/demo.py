"""The demo: a workspace, the bot beside it, and somebody who types."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sandbox.bot_process import BotProcess, bot_of
from sandbox.server import Server
from sandbox.settings import Settings
from sandbox.terminal import HELP, Terminal, script_lines, typed_lines
from sandbox.workspace import Workspace

HERE = Path(__file__).resolve().parent
START_WITHIN_S = 30.0


@dataclass(frozen=True)
class Options:
    """As `tocsin demo` takes them. `folder` None: a temporary one, gone afterwards."""

    port: int = 3100
    bot_port: int = 0
    folder: Path | None = None
    policy: Path | None = None
    speed: float = 1.0
    script: Path | None = None


def parse(argv: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="tocsin demo", description="Try Tocsin in a local workspace.")
    parser.add_argument("--port", type=int, default=3100, help="where the local workspace listens (3100)")
    parser.add_argument("--db", type=Path, help="keep workspace and incidents in this folder")
    parser.add_argument("--policy", type=Path, help="a policy file; the demo has one of its own")
    parser.add_argument("--speed", type=float, default=1.0, help="run the bot's clock so many times faster")
    parser.add_argument("--script", type=Path, help="type these lines, show what happens, end")
    given = parser.parse_args(argv)
    bot_port = int(os.environ.get("PORT", "0") or 0)
    return Options(given.port, bot_port, given.db, given.policy, given.speed, given.script)


async def run(options: Options) -> int:
    """Until the script ends, or somebody says `quit` or presses Ctrl-C. Everything ends with it."""
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-demo-")))
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(port=options.port, manifest=_manifest(), db=folder / "workspace.db")
        server = Server(Workspace(settings))
        try:
            url = await server.start()
        except OSError as error:
            say(f"Port {options.port} cannot be used ({error.strerror}). Another one: tocsin demo --port 3200")
            return 1
        policy = options.policy or HERE / "demo.policy.yml"
        bot = bot_of(
            settings, f"{url}/api/", folder, policy=policy.resolve(), speed=options.speed, port=options.bot_port
        )
        try:
            return await _with_bot(server.ws, bot, url, options)
        finally:
            await bot.stop()
            await server.stop()


async def _with_bot(ws: Workspace, bot: BotProcess, url: str, options: Options) -> int:
    await bot.start()
    with contextlib.suppress(TimeoutError):
        await ws.until(lambda: ws.sockets.connections or not bot.running, START_WITHIN_S)
    if not ws.sockets.connections:
        say(f"The bot did not start:\n{bot.last_words()}")
        return 1
    terminal = Terminal(ws, say)
    if options.script:
        await terminal.run(script_lines(options.script), echo=True)
        return 0
    say(f"The local workspace is at {url}. Ctrl-C ends it.")
    if options.speed != 1:
        say(f"The bot's clock runs {options.speed:g} times as fast.")
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(stop.wait())]
    if sys.stdin.isatty():
        say(f"\nType here, or in the browser:\n\n{HELP}")
        waiting.append(asyncio.ensure_future(terminal.run(typed_lines(lambda: terminal.prompt), echo=False)))
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    return 0


def _manifest() -> Path | None:
    """The app's manifest, beside the packages where they were installed from a checkout."""
    beside = HERE.parent / "manifest.yml"
    return beside if beside.exists() else None


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main() -> None:
    options = parse(sys.argv[1:])
    code = asyncio.run(run(options))
    sys.stdout.flush()
    # A thread may still wait for a line at the terminal; nothing is left to be saved.
    os._exit(code)


if __name__ == "__main__":
    main()
