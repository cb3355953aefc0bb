"""How the modules of the web UI import each other."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from pathlib import Path

import sandbox

UI = Path(sandbox.__file__).parent / "ui"
IMPORT = re.compile(r'^import .* from "\./([\w.]+)";$', re.MULTILINE)


def test_the_modules_have_no_import_cycle() -> None:
    graph = {path.name: set(IMPORT.findall(path.read_text())) for path in UI.glob("*.js")}
    assert sum(map(len, graph.values())) > 100  # the pattern still finds the imports
    order = list(TopologicalSorter(graph).static_order())
    assert set(order) == set(graph)
