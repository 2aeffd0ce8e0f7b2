"""Memory that the accelerator does not reach, hand-off files, power, and paths of manifests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Load = Callable[..., tuple[Any, Any]]


def test_a_buffer_outside_of_memory_is_refused(load: Load, folder: Path) -> None:
    runtime, _ = load(folder)
    from twofold_runtime.links import check_address

    memory = {"base": 0x1000, "bytes": 0x1000}
    check_address(0x1F00, 0x100, memory)
    for address in (0xFFF, 0x1F01):
        with pytest.raises(runtime.AcceleratorError, match=r"expected 256 bytes between 0x1000 and 0x2000"):
            check_address(address, 0x100, memory)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<EDK", "expected Vivado's .hwh, found"),
        (b"<OTHER/>", "found a document 'OTHER'"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><EDKSYSTEM/>', "found a document of another kind"),
        (b"<EDKSYSTEM/>", r"expected a core engine_0, found \[\]"),
    ],
)
def test_another_hand_off_file_is_refused(load: Load, folder: Path, content: bytes, message: str) -> None:
    runtime, _ = load(folder)
    (folder / "twofold.hwh").write_bytes(content)
    with pytest.raises(runtime.AcceleratorError, match=message):
        runtime.Accelerator(folder)


def test_a_hand_off_file_of_other_addresses_is_refused(load: Load, folder: Path) -> None:
    runtime, _ = load(folder)
    path = folder / "twofold.hwh"
    path.write_text(path.read_text().replace("0x43c00fff", "0x43c01fff"))
    with pytest.raises(runtime.AcceleratorError, match="expected engine_0 at 0x43c00000 with 0x1000 bytes"):
        runtime.Accelerator(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd"])
def test_a_manifest_names_files_inside_only(load: Load, folder: Path, name: str) -> None:
    runtime, _ = load(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["board_files"][name] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(runtime.AcceleratorError, match="expected files inside of the folder, found"):
        runtime.Accelerator(folder)


def test_the_bitstream_stands_for_its_folder(load: Load, folder: Path) -> None:
    runtime, _ = load(folder)
    assert runtime.Accelerator(folder / "twofold.bit").batch == 64
    with pytest.raises(runtime.AcceleratorError, match=r"expected twofold.bit, the bitstream of manifest"):
        runtime.Accelerator(folder / "other.bit")


def test_power_of_the_rails_that_answer(load: Load, folder: Path, tmp_path: Path) -> None:
    load(folder)
    from twofold_runtime.power import rails_watts

    for sensor, value in (("hwmon0", "1500000"), ("hwmon1", "broken")):
        (tmp_path / sensor).mkdir()
        (tmp_path / sensor / "name").write_text("ina260\n")
        (tmp_path / sensor / "power1_input").write_text(value)
    assert rails_watts(tmp_path) == {"ina260 power1": 1.5}
    assert rails_watts(tmp_path / "absent") == {}


def test_a_self_test_that_differs_names_the_first_layer(load: Load, folder: Path) -> None:
    load(folder)
    import numpy as np
    from twofold_runtime.selftest import compared

    vectors = {"codes": np.zeros((3, 1, 1, 1)), "region0": np.zeros((3, 2)), "region1": np.zeros((3, 4))}
    right = [("conv", 1, np.zeros((3, 4))), ("logits", 0, np.zeros((3, 2)))]
    assert str(compared(vectors, right)) == "self-test passed: 3 frames, 18 integers of 2 layers"
    right[0][2][1, 2] = 5
    right[1][2][0, 0] = 7
    found = str(compared(vectors, right))
    assert "self-test failed: conv differs first, at element 2 of frame 1: expected 0.0, found 5.0" in found
    assert "; 1 of 12 differ (3 frames" in found
