"""The notebook is one, and its code uses the runtime as it is."""

from __future__ import annotations

import ast
import json

import pytest
from twofold_runtime import Accelerator

from twofold.boards.notebook import notebook


@pytest.mark.parametrize("over_uart", [False, True])
@pytest.mark.parametrize("counted", [False, True])
def test_every_cell_compiles_and_names_what_the_runtime_has(over_uart: bool, counted: bool) -> None:
    content = json.loads(notebook("small on a board", (3, 32, 32), over_uart, counted))
    assert (content["nbformat"], len(content["cells"])) == (4, 5 + counted)
    code = "\n".join("".join(c["source"]) for c in content["cells"] if c["cell_type"] == "code")
    assert ('port="/dev/ttyUSB1"' in code) is over_uart
    assert "shape = (3, 32, 32)" in code
    assert ("accelerator.cycles" in code) is counted
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "accelerator":
            assert hasattr(Accelerator, node.attr) or node.attr in ("frames", "cycles", "counters")
