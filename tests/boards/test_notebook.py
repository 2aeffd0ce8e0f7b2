"""The notebook is one, and its code uses the runtime as it is."""

from __future__ import annotations

import ast
import json
from typing import Any

import numpy as np
import pytest
from twofold_runtime import Accelerator

from twofold.boards.notebook import notebook


def test_a_board_that_quantises_no_images_is_shown_none() -> None:
    cells = json.loads(notebook("small on a board", None, over_uart=False, counted=True))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells)
    assert len(cells) == 3
    assert "predict" not in code and "selftest" in code


@pytest.mark.parametrize(
    ("shape", "shown"), [((3, 4, 5), (4, 5, 3)), ((4, 5, 3), (4, 5, 3)), ((2, 4, 5), (4, 5)), ((6,), (1, 6))]
)
def test_pictures_are_of_any_image(shape: tuple[int, ...], shown: tuple[int, ...]) -> None:
    cells = json.loads(notebook("small on a board", shape, over_uart=False, counted=True))["cells"]
    text = "".join(cells[3]["source"]).partition("\n\n")[0]
    names: dict[str, Any] = {"np": np}
    exec(text, names)
    assert names["picture"](np.zeros(shape)).shape == shown


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
