"""The systemd unit in docs/operator.md is the one in deploy/, is valid, restarts without end, and is confined."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "operator.md").read_text()
UNIT = re.search(r"```ini\n# /etc/systemd/system/tocsin.service\n(.*?)```", GUIDE, re.DOTALL)[1]  # type: ignore[index]

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


@pytest.mark.parametrize(
    "line",
    ["Wants=network-online.target", "After=network-online.target", "StartLimitIntervalSec=0", "Restart=always",
     "UMask=0077", "StateDirectory=tocsin", "StateDirectoryMode=0700", "NoNewPrivileges=yes", "ProtectSystem=strict"],
)  # fmt: skip
def test_the_unit_starts_again_without_end_and_keeps_its_files_to_itself(line: str) -> None:
    assert line in UNIT.splitlines()


def test_the_unit_in_the_guide_is_the_one_to_install() -> None:
    assert (ROOT / "deploy" / "tocsin.service").read_text() == f"# /etc/systemd/system/tocsin.service\n{UNIT}"


@needs_systemd
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "tocsin.service"
    unit.write_text(UNIT.replace("/opt/tocsin/.venv/bin/tocsin", sys.executable).replace("User=tocsin", "User=daemon"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if "tocsin.service" in line]
    assert complaints == []


@needs_systemd
def test_the_unit_is_confined_as_far_as_a_network_service_can_be(tmp_path: Path) -> None:
    unit = tmp_path / "tocsin.service"
    unit.write_text(UNIT)
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=25", unit], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
