"""The demo: a workspace, the bot beside it, and somebody who types."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from sandbox.bot_process import BotProcess, bot_of
from sandbox.demo_panel import Panel
from sandbox.scripted_users import ScriptedUsers
from sandbox.server import Server
from sandbox.settings import Settings
from sandbox.terminal import HELP, Terminal, script_lines, typed_lines
from sandbox.workspace import Workspace

HERE = Path(__file__).resolve().parent
START_WITHIN_S = 30.0
WELCOME = """Welcome! This is a local workspace with Tocsin in it. You are whoever you choose to be, bottom left.
1. Type `/incident declare sev2 Checkout is down`, here or anywhere.
2. Go to the channel that opens, and press the buttons of its card. `/incident help` lists what you can type."""


@dataclass(frozen=True)
class Options:
    """As `tocsin demo` takes them. `folder` None: a temporary one, gone afterwards."""

    port: int = 3100
    bot_port: int = 0
    folder: Path | None = None
    policy: Path | None = None
    speed: float = 1.0
    script: Path | None = None
    cast: bool = False
    open: bool = True


def parse(argv: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="tocsin demo", description="Try Tocsin in a local workspace.")
    parser.add_argument("--port", type=int, default=3100, help="where the local workspace listens (3100)")
    parser.add_argument("--db", type=Path, help="keep workspace and incidents in this folder")
    parser.add_argument("--policy", type=Path, help="a policy file; the demo has one of its own")
    parser.add_argument("--speed", type=float, default=1.0, help="run the bot's clock so many times faster")
    parser.add_argument("--script", type=Path, help="type these lines, show what happens, end")
    parser.add_argument("--cast", action="store_true", help="teammates who chat, and answer pages late or never")
    parser.add_argument(
        "--open", action=argparse.BooleanOptionalAction, default=True, help="open the browser (where there is one)"
    )
    given = parser.parse_args(argv)
    bot_port = int(os.environ.get("PORT", "0") or 0) or _free_port()
    return Options(
        given.port, bot_port, given.db, given.policy, given.speed, given.script, cast=given.cast, open=given.open
    )


async def run(options: Options) -> int:
    """Until the script ends, or somebody says `quit` or presses Ctrl-C. Everything ends with it."""
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-demo-")))
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(
            port=options.port, manifest=_manifest(), db=folder / "workspace.db", team_name="Example Shop"
        )
        server = Server(Workspace(settings))
        policy = options.policy or HERE / "demo.policy.yml"
        address = f"http://{settings.host}:{options.port}"
        bot = bot_of(
            settings, f"{address}/api/", folder, policy=policy.resolve(), speed=options.speed, port=options.bot_port
        )
        Panel(bot, f"http://127.0.0.1:{options.bot_port}").routes(server.app)
        try:
            url = await server.start()
        except OSError as error:
            say(f"Port {options.port} cannot be used ({error.strerror}). Another one: tocsin demo --port 3200")
            return 1
        await _welcome(server.ws)
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
    if options.open and _has_screen():
        await asyncio.to_thread(webbrowser.open, url)
    if options.speed != 1:
        say(f"The bot's clock runs {options.speed:g} times as fast.")
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(stop.wait())]
    if sys.stdin.isatty():
        say(f"\nType here, or in the browser:\n\n{HELP}")
        waiting.append(asyncio.ensure_future(terminal.run(typed_lines(lambda: terminal.prompt), echo=False)))
    if options.cast:
        waiting.append(asyncio.ensure_future(ScriptedUsers(ws, options.speed).play()))
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    return 0


async def _welcome(ws: Workspace) -> None:
    """Three lines on what to type first, once."""
    if ws.messages("general"):
        return
    await ws.person("sam").say("general", WELCOME)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _has_screen() -> bool:
    """A browser opens where somebody sees it: not over ssh, in a container or in a test."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


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
