"""A bitstream in the place of another: PYNQ 3.0 reads its hand-off file, whatever it kept of the last one."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

Load = Callable[..., tuple[Any, Any]]


class CachingPynq:
    """What PYNQ 3.0 and 3.1 keep between processes (pynq/pl_server/embedded_device.py and global_state.py).

    kept: path of the last bitstream, and its metadata. used: of each load, the metadata that set the clock.
    """

    def __init__(self) -> None:
        self.kept: tuple[str, str] | None = None
        self.used: list[str] = []

    @property
    def bitfile_name(self) -> str | None:
        """The state hashes the file that it names whenever it is read."""
        if self.kept is None:
            return None
        _hash(self.kept[0])
        return self.kept[0]

    def reset(self) -> None:
        self.kept = None

    def overlay(self, path: str) -> SimpleNamespace:
        if self.kept is not None and _hash(self.kept[0]) == _hash(path):
            metadata = self.kept[1]
        else:
            metadata = Path(path).with_suffix(".hwh").read_text()
        self.kept = (path, metadata)
        self.used.append(metadata)
        return SimpleNamespace(ip_dict={"engine_0": {"phys_addr": 1 << 30, "addr_range": 4096}})


def _hash(path: str) -> str:
    return hashlib.sha1(Path(path).read_bytes()).hexdigest()


@pytest.fixture
def caching(load: Load, folder: Path) -> tuple[Any, CachingPynq]:
    runtime, _ = load(folder)
    caching, pynq = CachingPynq(), sys.modules["pynq"]
    vars(pynq).update(Overlay=caching.overlay, PL=caching)
    return runtime, caching


def test_a_new_build_in_the_same_folder_gets_its_own_clock(
    caching: tuple[Any, CachingPynq], folder: Path
) -> None:
    runtime, pynq = caching
    hand_off, bitstream = folder / "twofold.hwh", folder / "twofold.bit"
    runtime.Accelerator(folder)
    before = hand_off.read_text()
    hand_off.write_text(before.replace("<MODULES>", "<!-- 50 MHz --><MODULES>"))
    bitstream.write_bytes(b"another")
    runtime.Accelerator(folder)
    assert pynq.used == [before, hand_off.read_text()] and before != hand_off.read_text()


def test_a_last_bitstream_that_is_gone_stops_nothing(
    caching: tuple[Any, CachingPynq], folder: Path, tmp_path: Path
) -> None:
    runtime, pynq = caching
    pynq.kept = (str(tmp_path / "gone.bit"), "of another")
    runtime.Accelerator(folder)
    assert pynq.used == [(folder / "twofold.hwh").read_text()]


def test_what_pynq_knows_of_another_bitstream_stays(
    caching: tuple[Any, CachingPynq], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A base overlay's cores that must be shut down are in it."""
    runtime, pynq = caching
    (tmp_path / "base.bit").write_bytes(b"base")
    pynq.kept = (str(tmp_path / "base.bit"), "of the base overlay")
    monkeypatch.setattr(CachingPynq, "reset", lambda _: pytest.fail("expected no reset"))
    runtime.Accelerator(folder)
    assert pynq.used == [(folder / "twofold.hwh").read_text()]
