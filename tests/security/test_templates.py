"""Templates of communications reach nothing outside of their variables, and make nothing huge."""

from __future__ import annotations

import pytest

from bot.domain.errors import Refused
from bot.templates.render import problems_in, render

HOSTILE = (
    "{{ ''.__class__.__mro__ }}", "{{ subject.__init__.__globals__ }}", "{{ [].append.__self__ }}",
    "{{ title|attr('__class__') }}", "{{ self.__init__.__globals__ }}", "{{ cycler.__init__ }}",
    "{% for x in range(9) %}{% endfor %}", "{% include '/etc/passwd' %}", "{{ ('a' * 900000000)|length }}",
    "{{ 'a'|center(900000000) }}", "{{ '%900000000d' % 1 }}", "{{ '%900000000d'|format(1) }}", "{{ 9 ** 9 ** 9 }}",
    "{{ 'a'|indent(900000000, true) }}", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{{" + "(" * 3000 + "1" + ")" * 3000 + "}}",
)  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_a_template_escapes_from_nothing_and_swells_to_nothing(source: str) -> None:
    problems_in(f"Subject: x\n{source}")
    try:
        shown = render(f"Subject: x\n{source}", {"title": "Checkout"}).text
    except Refused:
        return
    assert len(shown) < 200
    assert not any(word in shown for word in ("<class", "<built-in", "root:", "builtins"))


def test_numbers_of_a_template_may_be_multiplied() -> None:
    assert render("Subject: x\n{{ 3 * 4 }} {{ 7 % 4 }}", {}).text == "12 3"
