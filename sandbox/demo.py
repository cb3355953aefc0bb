"""Runs `tocsin demo`: a sandbox workspace with the bot in it, used from the browser, the terminal or a script."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shlex
import signal
import socket
import sys
import tempfile
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from sandbox.bot_process import BotProcess, demo_bot
from sandbox.demo_alerts import DemoAlerts
from sandbox.demo_panel import DemoPanel
from sandbox.scripted_users import ScriptedUsers
from sandbox.server import Server
from sandbox.settings import Settings
from sandbox.terminal import HELP, Terminal, script_lines, typed_lines
from sandbox.tour import Tour
from sandbox.workspace import Workspace

HERE = Path(__file__).resolve().parent
START_WITHIN_S = 180  # a busy machine takes minutes
SLOW_AFTER_S = 15
WELCOME = """Welcome! This is a local workspace with Tocsin in it. Choose who you are at the bottom left.
1. Type `/incident declare sev2 Checkout is down`, here or anywhere.
2. Go to the channel that opens, and press the buttons of its card. `/incident help` lists what you can type.
3. *Fire an alert*: open the inspector (the gauge beside your name at the bottom left), and its tab Alerts."""


@dataclass(frozen=True)
class Options:
    """The options of `tocsin demo`. Without a `folder` a temporary one is used and deleted afterwards."""

    port: int = 3100
    bot_port: int = 0
    folder: Path | None = None
    policy: Path | None = None
    speed: float = 1.0
    script: Path | None = None
    cast: bool = False
    tour: bool = False
    pauses: bool = True
    open: bool = True


def parse(argv: list[str]) -> Options:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="tocsin demo", description="Try Tocsin in a local workspace.")
    parser.add_argument("--port", type=int, default=3100, help="where the local workspace listens (3100)")
    parser.add_argument("--db", type=Path, help="keep workspace and incidents in this folder")
    parser.add_argument("--policy", type=Path, help="a policy file; the demo has one of its own")
    parser.add_argument("--speed", type=float, default=1.0, help="run the bot's clock this many times faster")
    parser.add_argument("--script", type=Path, help="type these lines, show what happens, end")
    parser.add_argument("--cast", action="store_true", help="teammates who chat, and answer pages late or never")
    parser.add_argument("--tour", action="store_true", help="watch an incident from its alert to its review")
    parser.add_argument("--no-pauses", action="store_true", help="the tour without time to read, then end")
    parser.add_argument(
        "--open", action=argparse.BooleanOptionalAction, default=True, help="open the browser (where there is one)"
    )
    args = parser.parse_args(argv)
    bot_port = int(os.environ.get("PORT", "0") or 0) or _free_port()
    return Options(
        args.port, bot_port, args.db, args.policy, args.speed, args.script,
        cast=args.cast, tour=args.tour, pauses=not args.no_pauses, open=args.open,
    )  # fmt: skip


async def run(options: Options) -> int:
    """Run until the script ends, `quit` is typed or Ctrl-C is pressed, then stop everything. Returns the exit code."""
    say("Starting the local workspace …")
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-demo-")))
        folder = folder.resolve()  # other terminals are told of it
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(
            port=options.port, manifest=_manifest(), db=folder / "workspace.db", team_name="Example Shop",
            speed=options.speed, status_page=f"http://127.0.0.1:{options.bot_port}/status",
            console=f"http://127.0.0.1:{options.bot_port}/login/slack",
            redirect_urls=(f"http://127.0.0.1:{options.bot_port}/login/slack/callback",),
        )  # fmt: skip
        server = Server(Workspace(settings))
        policy = options.policy or HERE / "demo.policy.yml"
        address = f"http://{settings.host}:{options.port}"
        bot = demo_bot(
            settings, f"{address}/api/", folder, policy=policy.resolve(), speed=options.speed, port=options.bot_port
        )
        served = f"http://127.0.0.1:{options.bot_port}"
        DemoPanel(server.ws.delivery, bot, served).routes(server.app)
        alerts = DemoAlerts(served, bot.env["TOCSIN_HOOK_TOKEN"], options.speed)
        alerts.routes(server.app)
        try:
            url = await server.start()
        except OSError as error:
            say(f"Port {options.port} cannot be used ({error.strerror}). Another one: tocsin demo --port 3200")
            return 1
        await _welcome(server.ws)
        try:
            tour = Tour(server.ws, bot, alerts, say, 1.0 if options.pauses else 0.0)
            return await _with_bot(server.ws, bot, url, options, tour)
        finally:
            await bot.stop()
            await server.stop()


async def _with_bot(ws: Workspace, bot: BotProcess, url: str, options: Options, tour: Tour) -> int:
    say(f"The local workspace is at {url}. Tocsin is starting in it …")
    ws.delivery.app_starts()
    await bot.start()
    await wait_until_connected(ws, bot)
    ws.delivery.app_is_up()
    if not ws.sockets.connections:
        say(why_not(bot))
        return 1
    terminal = Terminal(ws, say)
    if options.script:
        await terminal.run(script_lines(options.script), echo=True)
        return 0
    if options.tour and not options.pauses:
        return 1 if await tour.play() else 0
    say(f"Tocsin is ready. Open {url} in a browser; Ctrl-C ends it.")
    say(further_links(bot))
    if options.open and _has_screen():
        await asyncio.to_thread(webbrowser.open, url)
    if options.speed != 1:
        say(f"The bot's clock runs {options.speed:g} times as fast.")
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    background: list[asyncio.Future[list[str]]] = []
    waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(stop.wait())]
    if sys.stdin.isatty():
        say(f"\nType here, or in the browser:\n\n{HELP}")
        waiting.append(asyncio.ensure_future(terminal.run(typed_lines(lambda: terminal.prompt), echo=False)))
    if options.tour:
        background.append(asyncio.ensure_future(tour.play()))
    if options.cast:
        waiting.append(asyncio.ensure_future(ScriptedUsers(ws, options.speed).play()))
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    return 0


async def wait_until_connected(ws: Workspace, bot: BotProcess) -> None:
    """Wait until the bot is connected or has ended; say so if it takes long."""
    for second in range(START_WITHIN_S):
        with contextlib.suppress(TimeoutError):
            await ws.until(lambda: ws.sockets.connections, 1.0)
        if ws.sockets.connections or not bot.running:
            return
        if second == SLOW_AFTER_S:
            say("Still starting: the machine is busy …")


def why_not(bot: BotProcess) -> str:
    """Say why the bot is not connected."""
    if bot.running:
        return f"The bot did not connect within {START_WITHIN_S // 60} minutes. Is the machine very busy? Try again."
    return f"The bot did not start. Its last words:\n{bot.log_tail() or 'none'}"


async def _welcome(ws: Workspace) -> None:
    """Post the first command to type, unless the workspace has messages already."""
    if ws.messages("general"):
        return
    await ws.person("sam").say("general", WELCOME)


def further_links(bot: BotProcess) -> str:
    """Further addresses to open, and the environment of `tocsin` in another terminal."""
    served = f"http://127.0.0.1:{bot.env['PORT']}"
    names = ["DATABASE_URL", "TOCSIN_POLICY", "TOCSIN_HOOK_TOKEN", "PORT"]
    names += ["TOCSIN_SPEED"] if float(bot.env["TOCSIN_SPEED"]) != 1 else []  # the command line shares the clock
    settings = " ".join(f"{name}={shlex.quote(bot.env[name])}" for name in names if name in bot.env)
    return (
        f"The console: {served}/ · the status page: {served}/status · the API: {served}/api\n"
        f"For `tocsin` in another terminal, such as `tocsin alerts`: export {settings}"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _has_screen() -> bool:
    """Whether a browser can be opened: not over ssh, in a container or in a test."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _manifest() -> Path | None:
    """The app's manifest: beside the packages in a checkout, under `share` once installed; `None` elsewhere."""
    places = (HERE.parent / "manifest.yml", Path(sys.prefix) / "share" / "tocsin" / "manifest.yml")
    return next((path for path in places if path.exists()), None)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the demo and exit the process with its code."""
    options = parse(sys.argv[1:])
    code = asyncio.run(run(options))
    sys.stdout.flush()
    # A thread may still be blocked reading the terminal, and everything is saved: exit without joining it.
    os._exit(code)


if __name__ == "__main__":
    main()
