"""Weights of two powers of two are shifted and added in the generated C++, not multiplied."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.golden.execute import execute
from twofold.golden.samples import sample_frames
from twofold.hls.budget import Budget
from twofold.hls.csim import run_csim
from twofold.hls.layers import HEADERS, PRODUCT_HEADER
from twofold.hls.lower.run import lower
from twofold.hls.manifest import HlsProject
from twofold.hls.model import build_model
from twofold.hls.options import HlsOptions
from twofold.hls.project import generate
from twofold.hls.shift_products import use_shift_products
from twofold.network.graph import Network

OPTIONS = HlsOptions(budget=Budget(dsp=4, lut=320, bram36=8))
PARAMETERS = "firmware/parameters.h"


@pytest.fixture(scope="module")
def apot_project(apot_network: Network, tmp_path_factory: pytest.TempPathFactory) -> HlsProject:
    return generate(apot_network, tmp_path_factory.mktemp("apot") / "p", OPTIONS)


def products(project: HlsProject) -> set[str]:
    """The C++ classes that multiply by weights."""
    text = (project.folder / PARAMETERS).read_text()
    return set(re.findall(r"using product = nnet::product::(\w+)<", text))


def test_no_multiplication_of_weights_remains(apot_project: HlsProject, project: HlsProject) -> None:
    assert products(apot_project) == {"two_shifts"}
    assert "mult" in products(project)
    code = re.sub(r"//.*", "", (HEADERS / PRODUCT_HEADER).read_text())
    assert "<<" in (apot_project.folder / PARAMETERS).read_text()
    assert "*" not in code


def test_codes_are_as_narrow_as_the_weights_of_the_paper(apot_project: HlsProject) -> None:
    """Four bits; 1, 2 and 4 alone take a sign and an index of two bits."""
    defines = (apot_project.folder / "firmware/defines.h").read_text()
    assert re.findall(r"typedef ap_uint<(\d)> \w*weight_t;", defines) == ["4", "3"]


def test_shifts_equal_products_and_a_changed_shift_is_seen(
    apot_network: Network, apot_project: HlsProject, tmp_path: Path
) -> None:
    frames = sample_frames(apot_network, 20, seed=0)
    golden, found = execute(apot_network, frames), run_csim(apot_project, frames)
    assert all(np.array_equal(found[name], golden[name]) for name in found)
    damaged = HlsProject.load(shutil.copytree(apot_project.folder, tmp_path / "damaged"))
    path = damaged.folder / PARAMETERS
    path.write_text(path.read_text().replace("return a << 3;", "return a << 4;"))
    found = run_csim(damaged, frames)
    assert not np.array_equal(found["sums"], golden["sums"])


def test_a_layer_without_the_product_to_replace_is_named(apot_network: Network, tmp_path: Path) -> None:
    spec = lower(apot_network, OPTIONS)
    model = build_model(spec, "top", tmp_path, OPTIONS)
    with pytest.raises(UserError, match="conv: expected hls4ml to write"):
        use_shift_products(model, spec)
