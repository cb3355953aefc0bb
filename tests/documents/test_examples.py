"""The examples that a person copies into a file or a terminal work unchanged.

docs/operator.md, docs/torture.md, docs/mcp.md, docs/status-page.md, docs/integrations/grafana.md,
docs/integrations/prometheus.md, docs/run/monitoring.md, docs/run/reverse-proxy.md, sandbox/README.md, and every YAML
that is a policy.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from unittest import mock

import pytest
import yaml

import sandbox
from bot import policy
from bot.cli.commands import BY_NAME
from tests.documents.reading import HAND_WRITTEN, ROOT, Block, block, blocks, commands_in
from tests.scenarios.running import MANIFEST
from tests.test_alerts import needs_promtool
from tests.torture import __main__ as torture

PROXIES = ("docs/status-page.md", "docs/run/reverse-proxy.md")
OTHER_FILES = (
    "# alertmanager.yml",
    "# prometheus.yml",
    "# provisioning/",
    "# checkout.test.yml",
)  # read by their own tests
POLICIES = [
    each
    for path in HAND_WRITTEN
    for each in blocks(path, "yaml")
    if not each.text.startswith(OTHER_FILES) and each.document != "docs/playbooks.md"
]


@pytest.mark.parametrize("example", POLICIES, ids=str)
def test_every_example_of_a_policy_is_one(example: Block, tmp_path: Path) -> None:
    text = example.text
    if isinstance(yaml.safe_load(text), list):  # some of the routes
        routes = "\n".join(f"    {line}" for line in text.splitlines())
        text = f"preset: sev1-5\nalerts:\n  routes:\n{routes}\n"
    path = tmp_path / "policy.yml"
    path.write_text(text, encoding="utf-8")
    policy.load(path)


def test_the_contact_point_of_grafana_has_the_fields_that_its_provisioning_reads() -> None:
    """https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/"""
    (point,) = yaml.safe_load(block("docs/integrations/grafana.md", "# provisioning/").text)["contactPoints"]
    (receiver,) = point["receivers"]
    assert {"uid", "type", "settings"} <= set(receiver)
    assert receiver["settings"]["url"].endswith("/hooks/grafana")


@needs_promtool
def test_prometheus_takes_the_example_of_a_scrape_configuration(tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text(block("docs/integrations/prometheus.md", "# prometheus.yml").text)
    done = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize("command", commands_in(block("docs/run/monitoring.md", "promtool").text))
def test_the_rules_are_checked_as_the_guide_says(command: str) -> None:
    done = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_is_built_from_what_ci_executes_and_run_as_it_runs_it() -> None:
    """`.ci/container` executes the Containerfile's steps; no engine is needed for these options to be true."""
    build, run = commands_in(block("docs/operator.md", "podman build").text)
    assert shlex.split(build) == ["podman", "build", "-t", "tocsin", "."]
    container = (ROOT / "Containerfile").read_text(encoding="utf-8")
    words = shlex.split(run)
    assert words[words.index("-v") + 1].split(":")[1] in re.findall(r"^VOLUME (\S+)$", container, re.MULTILINE)
    port = words[words.index("-p") + 1].rsplit(":", 1)[1]
    assert port in re.findall(r"^EXPOSE (\d+)$", container, re.MULTILINE)
    assert "--read-only" in words


@pytest.mark.parametrize("command", commands_in(block("docs/torture.md", "python -m tests.torture").text))
def test_the_fault_laboratory_takes_what_its_document_types(command: str) -> None:
    """A whole night takes minutes, and has tests of its own; here its options are read, and its programs found."""
    words = shlex.split(command)
    if words[0] == "make":
        assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
        return
    module = words[2].replace(".", "/")
    assert (ROOT / f"{module}.py").is_file() or (ROOT / module / "__main__.py").is_file()
    if words[2] == "tests.torture":
        with mock.patch("sys.argv", words[2:]):
            assert torture._arguments().runs >= 1


def test_the_configuration_of_an_mcp_client_starts_a_command_that_exists() -> None:
    (example,) = blocks("docs/mcp.md", "json")
    ((_, server),) = json.loads(example.text)["mcpServers"].items()
    assert server["command"] == "tocsin"
    assert server["args"][0] in BY_NAME
    assert set(server["env"]) == {"TOCSIN_URL", "TOCSIN_TOKEN"}


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed (apt-get install nginx)")
@pytest.mark.parametrize("document", PROXIES)
def test_nginx_takes_the_example_of_a_proxy(document: str, tmp_path: Path) -> None:
    server = block(document, "server {").text.replace(" ssl;", ";").replace("443", "8443")
    config = tmp_path / "nginx.conf"
    config.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {server} }}")
    done = subprocess.run(["nginx", "-t", "-p", tmp_path, "-c", config], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", PROXIES)
def test_the_example_of_a_proxy_is_whole(document: str) -> None:
    text = block(document, "server {").text
    assert text.count("{") == text.count("}")
    assert all(line.rstrip().endswith((";", "{", "}")) for line in text.splitlines() if line.strip())


def test_the_example_of_the_sandbox_asks_for_what_there_is() -> None:
    """Its calls need a bot, and the scenarios make them; each name that it uses is there."""
    (example,) = blocks("sandbox/README.md", "python")
    lines = "\n".join(f"    {line}" for line in example.text.splitlines())
    tree = ast.parse(f"async def example():\n{lines}")
    asked = {(node.value.id, node.attr) for node in ast.walk(tree)
             if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}  # fmt: skip
    kinds = {"ws": sandbox.Workspace, "maya": sandbox.Person, "tom": sandbox.Person, "sandbox": sandbox}
    missing = [f"{name}.{attr}" for name, attr in asked if name in kinds and not has(kinds[name], attr)]
    assert missing == []
    assert MANIFEST.is_file()


def has(kind: object, name: str) -> bool:
    """Whether a class or a module has this attribute, also one that its instances get when they are made."""
    return hasattr(kind, name) or name in getattr(kind, "__annotations__", {}) or name in _set_in_init(kind)


def _set_in_init(kind: object) -> set[str]:
    names = getattr(getattr(kind, "__init__", None), "__code__", None)
    return set(names.co_names) if names is not None else set()
