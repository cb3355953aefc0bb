"""Runs a sandbox workspace (the imitation of Slack) as a process, with `python -m sandbox`."""

import argparse
import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

from sandbox.server import Server
from sandbox.settings import Settings
from sandbox.workspace import Workspace

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def parse(argv: list[str]) -> Settings:
    """Parse the command line into settings."""
    default = Settings()
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A local Slack workspace.")
    parser.add_argument("--host", default=default.host, help="loopback by default")
    parser.add_argument("--port", type=int, default=default.port, help="0 chooses a free one")
    parser.add_argument("--request-url", help="where events, commands and interactions go by signed HTTP")
    parser.add_argument("--signing-secret", default=default.signing_secret)
    parser.add_argument("--bot-token", default=default.bot_token)
    parser.add_argument("--app-token", default=default.app_token)
    parser.add_argument("--manifest", type=Path, help="the app's manifest.yml: scopes, events, commands, shortcuts")
    parser.add_argument("--transcript", type=Path, help="write every Web API call as one JSON line")
    parser.add_argument("--db", type=Path, help="keep the workspace in this file")
    parser.add_argument("--tiers", action="store_true", help="enforce Slack's rate tiers")
    parser.add_argument("--retry-delays", default="0,60,300", help="seconds before each retry of an event")
    args = parser.parse_args(argv)
    return Settings(
        host=args.host,
        port=args.port,
        request_url=args.request_url,
        signing_secret=args.signing_secret,
        bot_token=args.bot_token,
        app_token=args.app_token,
        manifest=args.manifest,
        transcript=args.transcript,
        db=args.db,
        tiers=args.tiers,
        retry_delays_s=tuple(float(part) for part in args.retry_delays.split(",") if part),
    )


async def serve(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM. The first line on standard output is JSON with the addresses."""
    server = Server(Workspace(settings))
    url = await server.start()
    if settings.host not in LOOPBACK:
        logging.getLogger("sandbox").warning(
            "listening on %s: anyone who can reach this address controls the workspace", url
        )
    sys.stdout.write(json.dumps({"url": url, "api_url": f"{url}/api/", "control_url": f"{url}/sandbox"}) + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await stop.wait()
    await server.stop()


def main() -> None:
    """Parse the command line and run."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(serve(parse(sys.argv[1:])))


if __name__ == "__main__":
    main()
