"""Implements `tocsin serve`, `check` and `migrate`."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys

import click

from bot import logs
from bot import settings as settings_reader
from bot.cli.output import as_json_option, echo, echo_lines, print_json
from bot.settings import Settings
from storage import migrate
from storage.open import open_database


@click.command("serve")
def serve_command() -> None:
    """Run the bot. The database is migrated first."""
    settings = settings_reader.load()
    logs.configure(settings.log_format, settings.log_level, settings.secrets())
    try:
        asyncio.run(_serve(settings))
    finally:
        gc.enable()


async def _serve(settings: Settings) -> None:
    gc.disable()  # imports create no garbage, and collecting takes a fifth of their time
    from bot.app import App  # noqa: PLC0415 - every other command starts without the libraries of the server
    from bot.bootstrap import build  # noqa: PLC0415 - as above
    from bot.workers.allocator import use_one_arena  # noqa: PLC0415 - as above

    use_one_arena()
    gc.freeze()
    gc.enable()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    running: list[App] = []

    reading: set[asyncio.Task[object]] = set()  # references, so that no task is collected before it ends

    def reload() -> None:
        """Read policy and secrets again."""
        for app in running:
            app.policy_watcher.ask()
            task: asyncio.Task[object] = loop.create_task(app.secret_rotation.read())
            reading.add(task)
            task.add_done_callback(reading.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)  # from the first moment: unhandled, it would end the process
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    building = asyncio.ensure_future(build(settings))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({building, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not building.done():
        building.cancel()
        return
    app = await building
    try:
        await app.start()
        running.append(app)
        gc.set_threshold(10_000, 10, 10)  # a burst makes many objects and hardly any garbage that refers to itself
        gc.freeze()  # a full collection of everything imported would stall the loop for 50 ms and more
        click.echo(json.dumps({"ready": True, "port": app.port}))
        await stopping
    finally:
        await app.stop()


@click.command("check")
@as_json_option
def check_command(as_json: bool) -> None:
    """Look over settings, policy, database, token and scopes, in plain words."""
    from bot.check.run import run  # noqa: PLC0415 - as above

    findings = asyncio.run(run(settings_reader.load()))
    if as_json:
        print_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            echo_lines(finding.line())
    sys.exit(0 if all(finding.fine for finding in findings) else 1)


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database up to date. `serve` does this by itself."""
    echo(asyncio.run(_migrate(settings_reader.load().url)))


async def _migrate(url: str) -> str:
    database = await open_database(url, migrate=True)
    try:
        return f"The database is up to date ({await migrate.current_revision(database)})."
    finally:
        await database.close()
