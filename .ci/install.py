"""Make a virtual environment and install Tocsin into it as it stands in this folder, with the pinned packages.

Usage: install.py ENVIRONMENT [EXTRA]. It says what it does and counts the packages; pip's words are shown if it fails.
"""

import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = ("bot", "storage", "playbooks", "sandbox")


def main(environment: Path, extra: str) -> None:
    """Install the packages that run, or with an extra also what that needs."""
    started = time.monotonic()
    python = environment / "bin" / "python"
    if not python.exists():
        print(f"First start: a virtual environment in {environment}.", flush=True)
        venv.create(environment, with_pip=True)
    pins = ROOT / ("constraints.txt" if extra else "constraints.runtime.sha256")
    number = sum("==" in line for line in pins.read_text(encoding="utf-8").splitlines())
    print(f"Tocsin and about {number} packages, {'one to two minutes' if extra else 'half a minute'} …", flush=True)
    what = f"{ROOT}[{extra}]" if extra else str(ROOT)
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off", "--no-compile"]
    command = [*pip, "-c", str(ROOT / "constraints.txt"), "-e", what]
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            said.append(line)
            show(line, said, number)
    if running.returncode != 0:
        print("\n" + "".join(said[-15:]))
        sys.exit("The packages could not be installed: pip's last words stand above. Is a package registry reachable?")
    write_bytecode(python)
    print(f"\nInstalled in {time.monotonic() - started:.0f} s.", flush=True)


def write_bytecode(python: Path) -> None:
    """Write the bytecode of our modules, and of those parts of the libraries that a start imports.

    Without it, and with PYTHONDONTWRITEBYTECODE, each start would compile everything for four seconds.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([python, "-m", "compileall", "-q", *OURS], cwd=ROOT, check=False)
    subprocess.run([python, "-c", "import bot.cli.serve, bot.bootstrap"], cwd=ROOT, env=environment, check=False)


def show(line: str, said: list[str], number: int) -> None:
    """One line that is overwritten in a terminal; elsewhere every twentieth package has a line."""
    collected = sum(each.startswith("Collecting ") for each in said)
    if line.startswith("Installing collected packages"):
        words = "fetched; unpacking …"
    elif line.startswith("Collecting "):
        words = f"{min(collected, number)} of {number} {line.split()[1][:40]}"
    else:
        return
    if sys.stdout.isatty():
        print(f"\r  {words:<60}", end="", flush=True)
    elif line.startswith("Installing") or collected % 20 == 0:
        print(f"  {words}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
