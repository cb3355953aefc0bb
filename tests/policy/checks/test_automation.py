"""Allow lists that allow more than they seem to are reported when the policy is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import policy as policy_reader

POLICY = """
preset: sev1-5
automation:
  enabled: true
  runners:
    process:
      allow:
        - {executable: /usr/bin/kubectl, arguments: [["get", "pods", '%s']]}
"""


@pytest.mark.parametrize(
    ("pattern", "wide"),
    [(".*", True), (r"\S+", True), (r"[^\n]+", True), (r"--[a-z-]+", False), ("[a-z0-9.-]{1,63}", False)],
)
def test_a_pattern_that_lets_any_text_through_is_a_warning(tmp_path: Path, pattern: str, wide: bool) -> None:
    (tmp_path / "policy.yml").write_text(POLICY % pattern)
    warnings = policy_reader.read(tmp_path / "policy.yml").warnings
    assert any("lets any text through" in warning for warning in warnings) is wide
