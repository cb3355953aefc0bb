from __future__ import annotations

from dataclasses import replace

from bot.domain.policy.policy import Category, Service
from bot.slack.blocks.modals.declare import DeclareValues, FormOrigin, declare_modal, values_of_declare
from tests.factories import BEN, CATALOGUE, FIVE, FOUR
from tests.slack.blocks.modals.submissions import errors, inputs_of, submission


def test_the_declare_form() -> None:
    view = declare_modal(replace(CATALOGUE, categories=("network",)))
    assert (view["title"]["text"], view["submit"]["text"]) == ("Declare incident", "Declare")
    assert inputs_of(view) == [
        ("title", "Title", False),
        ("severity", "Severity", False),
        ("description", "What is happening?", True),
        ("services", "Affected services", True),
        ("category", "Category", True),
        ("private", "Private", True),
    ]
    title, severity = view["blocks"][0]["element"], view["blocks"][1]["element"]
    assert title["max_length"] == 300
    assert "initial_option" not in severity
    assert [(one["text"]["text"], one.get("description", {}).get("text")) for one in severity["options"]] == [
        ("sev1 · Critical", "Everybody is affected"),
        ("sev2 · Major", "Many are affected"),
        ("sev3 · Moderate", "Some are affected"),
        ("sev4 · Low", None),
        ("sev5 · Info", None),
    ]


def test_the_form_says_who_will_be_invited_to_a_private_incident() -> None:
    (private,) = [block for block in declare_modal(FIVE)["blocks"] if block.get("block_id") == "private"]
    hint = private["hint"]["text"]
    for people in ("you", "the people whom the severity's ladder pages", "given a role", "paged by hand", "invited"):
        assert people in hint
    assert "executives learn its ID alone" in hint


def test_what_was_declared_comes_back() -> None:
    policy = replace(CATALOGUE, categories=("network",), category_details={"network": Category("network", "Network")})
    source = {"channel": "C1", "ts": "1.2", "author": BEN, "link": "https://x.io"}
    view = declare_modal(policy, title="Checkout", severity="sev2", origin=FormOrigin("C9", source))
    sent = submission(view, services=["web", "pay"], category="network", private=["private"], description=" 502 <@U1>")
    assert values_of_declare(sent, policy) == DeclareValues(
        title="Checkout",
        severity="sev2",
        description="502 @U1",
        services=("web", "pay"),
        category="network",
        private=True,
        channel="C9",
        source=source,
    )


def test_a_title_typed_into_the_form_mentions_nobody_and_is_one_line() -> None:
    sent = submission(declare_modal(FIVE), title=" <@U1>\n<!channel> down ", severity="sev1")
    assert values_of_declare(sent, FIVE).title == "@U1 @channel down"


def test_a_title_too_long_for_its_input_is_kept_whole_as_description() -> None:
    view = declare_modal(FIVE, title="long " * 100, description="more")
    title, _, description, *_ = (block["element"] for block in view["blocks"])
    assert len(title["initial_value"]) <= 300
    assert description["initial_value"] == "long " * 100 + "\n\nmore"


def test_without_a_catalogue_services_are_typed() -> None:
    sent = submission(declare_modal(FIVE), title="x", severity="sev1", services="web, pay,\nweb ,, ")
    assert values_of_declare(sent, FIVE).services == ("web", "pay")


def test_a_big_catalogue_is_split_into_groups() -> None:
    policy = replace(FIVE, services={f"s{n:03}": Service(f"s{n:03}") for n in range(250)})
    view = declare_modal(policy)
    groups = view["blocks"][3]["element"]["option_groups"]
    assert [len(group["options"]) for group in groups] == [100, 100, 50]
    assert groups[2]["label"]["text"] == "s200 to s249"
    sent = submission(view, title="x", severity="sev1", services=["s201"])
    assert values_of_declare(sent, policy).services == ("s201",)


def test_a_declaration_without_words_or_severity_stays_open_and_says_what_is_missing() -> None:
    assert errors(lambda view: values_of_declare(view, FIVE), declare_modal(FIVE), title="  ") == {
        "title": "Say in a few words what is wrong, such as “Checkout is down”.",
        "severity": "Choose how bad it is, such as sev1.",
    }
    assert errors(lambda view: values_of_declare(view, FOUR), declare_modal(FIVE), title="x", severity="sev1") == {
        "severity": "sev1 is no longer in the policy. Choose another."
    }
