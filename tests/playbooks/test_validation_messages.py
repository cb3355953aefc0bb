"""A wrong playbook is refused with the file, the line, the key, the expected value, and a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.errors import NotFound
from playbooks import loader

GOOD = """\
id: api-down
name: API down
category: availability
severities: 1-2
parameters:
  service: {type: name, default: api}
phases:
  - title: Look
    steps:
      - title: See
        commands:
          - kubectl get pods -l app={service}
        timeout: 5m
"""


def complaint(text: str, name: str = "mine.yml") -> str:
    with pytest.raises(loader.PlaybookError) as caught:
        loader.from_text(text, name)
    return str(caught.value)


def changed_playbook(before: str, after: str) -> str:
    assert before in GOOD
    return GOOD.replace(before, after)


def test_the_valid_example_is_accepted() -> None:
    one = loader.from_text(GOOD)
    assert one.ranks == (1, 2)
    assert one.steps[0].key == "1.1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            changed_playbook("category:", "categroy:"),
            "mine.yml:3: categroy is not a setting here. Did you mean category?",
        ),
        (changed_playbook("name: API down\n", ""), "mine.yml: The file needs a name: write `name: …`."),
        (
            changed_playbook("        timeout: 5m", "        timeout: 5"),
            "mine.yml:13: phases[1].steps[1].timeout must be a duration with its unit: 5m for minutes, or 5s, 5h, 5d.",
        ),
        (
            changed_playbook("        timeout: 5m", "        tiemout: 5m"),
            "mine.yml:13: phases[1].steps[1].tiemout is not a setting here. Did you mean timeout?",
        ),
        (
            changed_playbook("id: api-down", "id: API Down"),
            "mine.yml:1: id must be small letters, digits and - such as api-outage, not “API Down”.",
        ),
        (
            changed_playbook("severities: 1-2", "severities: [0]"),
            "mine.yml:4: severities[1] must be a rank from 1, the worst, to 9, or the key of a severity of yours,"
            " not “0”. Write 1-3, [1, 2] or any.",
        ),
        (
            changed_playbook("severities: 1-2", "severities: 3-1"),
            "mine.yml:4: severities must count upwards from the worst: write 1-3, not “3-1”.",
        ),
        (
            changed_playbook("app={service}", "app={servcie}"),
            "mine.yml:12: phases[1].steps[1].commands[1] uses {servcie}, which is not declared under parameters."
            " Did you mean service?",
        ),
        (
            changed_playbook("app={service}", "app=api"),
            "mine.yml:6: parameters.service is used by no command: write {service} where it belongs, or remove it.",
        ),
        (
            changed_playbook("kubectl get pods -l app={service}", '"{service} get"'),
            "mine.yml:12: phases[1].steps[1].commands[1] begins with a parameter: the program itself must be written"
            " out.",
        ),
        (
            changed_playbook("app={service}", "app={service} 'x"),
            "mine.yml:12: phases[1].steps[1].commands[1].run cannot be split into words (No closing quotation):"
            " a quote is opened and never closed.",
        ),
        (
            changed_playbook("type: name,", "type: nmae,"),
            "mine.yml:6: parameters.service.type is not a type of parameter: “nmae”. Did you mean name?",
        ),
        (
            changed_playbook("default: api}", "default: api; rm}"),
            "mine.yml:6: parameters.service has an invalid default: default must be a name such as"
            " api-gateway, not “api; rm”.",
        ),
        (
            changed_playbook("default: api}", 'default: api, pattern: "(?!kube-).*"}'),
            "mine.yml:6: parameters.service.pattern is not a usable pattern: “(?!kube-).*”. Invalid perl"
            " operator: (?!. Lookarounds such as (?=…) and references such as \\1 are not supported.",
        ),
        (
            changed_playbook("default: api}", "default: api, required: true}"),
            "mine.yml:6: parameters.service is required and has a default: leave out one of the two.",
        ),
        (
            changed_playbook("        timeout: 5m", "        automation: {runner: shell}"),
            "mine.yml:13: phases[1].steps[1].automation.runner is not a runner: “shell”."
            " There are: process, http, promql, wait.",
        ),
        (
            changed_playbook("app={service}", "app={service} | wc -l").replace(
                "timeout: 5m", "automation: {runner: process}"
            ),
            "mine.yml:13: phases[1].steps[1].automation cannot run command 1: it needs a shell (a pipe, redirection or"
            " expansion). Reword it.",
        ),
        (
            changed_playbook("        timeout: 5m", "        automation: {commands: [2]}"),
            "mine.yml:13: phases[1].steps[1].automation.commands names command 2, and the step has 1.",
        ),
        (
            changed_playbook("        timeout: 5m", "        automation: {success: {exit_code: 0, status: 200}}"),
            "mine.yml:13: phases[1].steps[1].automation.success needs exactly one of exit_code, status and promql.",
        ),
        (
            changed_playbook("        timeout: 5m", "        automation: {runner: http}"),
            "mine.yml:13: phases[1].steps[1].automation needs url, since its runner is http.",
        ),
        (
            changed_playbook("        timeout: 5m", "        automation: {runner: process, wait: 5s}"),
            "mine.yml:13: phases[1].steps[1].automation has wait, which only the runner wait knows;"
            " here it is process.",
        ),
        (
            changed_playbook("        timeout: 5m", '        automation: {runner: http, url: "http://{hots}/"}'),
            "mine.yml:13: phases[1].steps[1].automation.url uses {hots}, which is not declared under parameters."
            " Parameters here: service.",
        ),
        (
            changed_playbook("name: API down", "name: API down\nkind: checklist"),
            "mine.yml:12: phases[1].steps[1].commands stand in a checklist: write `kind: playbook`.",
        ),
        (
            changed_playbook("name: API down", "name: API down\nrelated: [api-down]"),
            "mine.yml:3: related[1] names this playbook itself.",
        ),
        ("- a\n", "mine.yml:1: The file must contain settings, such as `id: api-outage`."),
        ("id: [\n", "mine.yml:2: This is not YAML"),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_a_hint(text: str, said: str) -> None:
    assert said in complaint(text).splitlines()[0]


def test_a_group_of_parallel_steps_must_stand_together() -> None:
    steps = "".join(f"      - {{title: Step {group}, parallel: {group}}}\n" for group in ("a", "b", "a"))
    text = GOOD[: GOOD.index("parameters:")] + "phases:\n  - title: Look\n    steps:\n" + steps
    assert "phases[1].steps[3].parallel group a is interrupted: its steps must be neighbours." in complaint(text)


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_an_own_playbook_replaces_the_shipped_one(tmp_path: Path) -> None:
    library = loader.load([write(tmp_path, "mine.yml", changed_playbook("id: api-down", "id: api-outage"))])
    assert library.replaced == ("api-outage",)
    assert library.get("api-outage").name == "API down"
    assert len(library.playbooks) == len(loader.shipped_library().playbooks)


def test_a_later_folder_outranks_an_earlier_one(tmp_path: Path) -> None:
    first = write(tmp_path / "a", "one.yml", GOOD)
    second = write(tmp_path / "b", "two.yml", changed_playbook("name: API down", "name: Other"))
    assert loader.load([first, second]).get("api-down").name == "Other"


def test_two_files_of_a_folder_cannot_share_an_id(tmp_path: Path) -> None:
    write(tmp_path, "one.yml", GOOD)
    with pytest.raises(loader.PlaybookError, match=r"two\.yml:1: id api-down is also used in .*one\.yml"):
        loader.load([write(tmp_path, "two.yml", GOOD)])


def test_related_playbooks_must_exist(tmp_path: Path) -> None:
    folder = write(tmp_path, "one.yml", GOOD + "related: [api-outage, api-outrage]\n")
    with pytest.raises(loader.PlaybookError) as caught:
        loader.load([folder])
    assert str(caught.value) == (
        f"{folder / 'one.yml'}:14: related[2]: there is no playbook “api-outrage”. Did you mean api-outage?"
    )


def test_all_files_with_mistakes_are_reported_together(tmp_path: Path) -> None:
    write(tmp_path, "one.yml", changed_playbook("category:", "categroy:"))
    (tmp_path / "two.yml").write_bytes(b"id: \xff\n")
    with pytest.raises(loader.PlaybookError) as caught:
        loader.load([tmp_path])
    assert "one.yml:3: categroy" in str(caught.value)
    assert "two.yml: The file is not UTF-8 (byte 4). Save it as UTF-8." in str(caught.value)


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(loader.PlaybookError, match="There is no such folder"):
        loader.load([tmp_path / "nowhere"])


def test_an_unknown_id_suggests_the_nearest() -> None:
    with pytest.raises(NotFound, match="Did you mean api-outage"):
        loader.shipped_library().get("api-outrage")
