"""Networks of the user's, by file and name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.models.own import is_own, own_network

SOURCE = """
from torch import nn

tagger = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))

class Net(nn.Linear):
    def __init__(self):
        super().__init__(4, 2)

def wide(width):
    return nn.Linear(4, width)

def nothing():
    return None

number = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    return path


def test_modules_classes_and_functions(file: Path) -> None:
    assert isinstance(own_network(f"{file}:tagger", 0), nn.Sequential)
    assert own_network(f"{file}:Net", 0).out_features == 2
    assert [is_own(text) for text in ("mine.py:Net", "resnet8", "mine.py")] == [True, False, False]


def test_equal_seeds_give_equal_weights(file: Path) -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, same, other = (own_network(f"{file}:tagger", seed)[1].weight for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_files_import_what_lies_beside_them(file: Path) -> None:
    (file.parent / "beside.py").write_text("WIDTH = 7")
    file.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom torch import nn\n"
        "import beside\n@dataclass\nclass Widths:\n    out: int = beside.WIDTH\n"
        "def net():\n    return nn.Linear(4, Widths().out)\n"
    )
    before = list(sys.path)
    assert own_network(f"{file}:net", 0).out_features == 7
    assert sys.path == before


@pytest.mark.parametrize(
    "name, message",
    [
        ("none", r"mine\.py: expected a network 'none', found none of that name"),
        ("number", "expected a torch.nn.Module or what gives one, got int"),
        ("nothing", "expected a torch.nn.Module or what gives one, got NoneType"),
        ("wide", "expected what can be called without arguments, got TypeError: wide.. missing 1"),
    ],
)
def test_what_is_no_network_is_refused(file: Path, name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        own_network(f"{file}:{name}", 0)


def test_files_that_are_missing_or_fail_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.py: expected a Python file with a network, found none"):
        own_network(f"{tmp_path / 'none.py'}:Net", 0)
    (tmp_path / "bad.py").write_text("import nowhere")
    with pytest.raises(UserError, match=r"bad\.py: ModuleNotFoundError: No module named 'nowhere'"):
        own_network(f"{tmp_path / 'bad.py'}:Net", 0)
