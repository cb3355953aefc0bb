"""Write each pin of constraints.txt with the hash of the file that pip would install here.

constraints.sha256 has all of them. constraints.runtime.sha256 has what `tocsin[postgres]` needs to run; the
Containerfile installs exactly that.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIP = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]


def main() -> None:
    """Resolve both lists without installing anything."""
    pins = ROOT / "constraints.txt"
    _write("constraints.sha256", ["--no-deps", "-r", str(pins)])
    _write("constraints.runtime.sha256", ["-c", str(pins), f"{ROOT}[postgres]"])


def _write(name: str, what: list[str]) -> None:
    report = subprocess.run([*PIP, *what], check=True, capture_output=True, text=True).stdout
    lines = []
    for package in json.loads(report)["install"]:
        distribution, version = package["metadata"]["name"], package["metadata"]["version"]
        if distribution != "tocsin":
            digest = package["download_info"]["archive_info"]["hashes"]["sha256"]
            lines.append(f"{distribution}=={version} --hash=sha256:{digest}")
    head = "# Written by `make lock` for CPython 3.11 on Linux, x86-64; .ci/audit compares the hashes."
    (ROOT / name).write_text("\n".join([head, *sorted(lines, key=str.lower)]) + "\n")


if __name__ == "__main__":
    main()
