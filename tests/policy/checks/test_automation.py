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


@pytest.mark.parametrize(("user", "missing"), [("nobody", False), ("'61234'", False), ("no-such-user", True)])
def test_a_user_that_does_not_exist_is_a_warning(tmp_path: Path, user: str, missing: bool) -> None:
    (tmp_path / "policy.yml").write_text((POLICY % "a").replace("executable", f"user: {user}, executable"))
    warnings = policy_reader.read(tmp_path / "policy.yml").warnings
    assert any("there is no user no-such-user on this machine" in warning for warning in warnings) is missing
