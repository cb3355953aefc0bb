"""Starts the command line, for `tocsin` and for `python -m bot`."""

from __future__ import annotations

import gc


def main() -> None:
    """Run a command of the command line."""
    gc.disable()  # nothing that importing makes is garbage, and looking for some takes a fifth of the time
    from bot.cli.main import main as commands  # noqa: PLC0415 - after the collector is off

    gc.freeze()
    gc.enable()
    commands()


if __name__ == "__main__":
    main()
