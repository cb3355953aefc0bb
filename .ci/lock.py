"""Write constraints.sha256: each pin of constraints.txt with the hash of the file that pip would install here."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIP = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet"]


def main() -> None:
    """Resolve constraints.txt without installing anything and write each pin with its hash."""
    pins = ROOT / "constraints.txt"
    command = [*PIP, "--report", "-", "-r", str(pins)]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - constant
    lines = ["# Written by `make lock` for CPython 3.11 on Linux, x86-64; .ci/audit compares the hashes."]
    for package in json.loads(report)["install"]:
        name, version = package["metadata"]["name"], package["metadata"]["version"]
        lines.append(f"{name}=={version} --hash=sha256:{package['download_info']['archive_info']['hashes']['sha256']}")
    lines[1:] = sorted(lines[1:], key=str.lower)
    (ROOT / "constraints.sha256").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
