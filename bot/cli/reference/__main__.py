"""Writes the pages: `python -m bot.cli.reference`."""

from bot.cli.reference import write

if __name__ == "__main__":
    write()
