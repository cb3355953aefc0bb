"""Starts the command line, for `tocsin` and for `python -m bot`."""

from bot.cli.main import main

if __name__ == "__main__":
    main()
