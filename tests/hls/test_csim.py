"""C simulation against the golden model, and the damages that it must see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute
from twofold.hls.csim import CsimError, run_csim, run_test_bench
from twofold.hls.manifest import HlsProject
from twofold.hls.vectors import INPUT_FILE, OUTPUT_FILE, golden_file
from twofold.network.graph import Network
from twofold.network.ops import Flatten
from twofold.network.types import IntArray

FRAMES = 40


def frames_of(network: Network, count: int = FRAMES) -> IntArray:
    """Random codes, the extremes of the type among them."""
    type_ = network.input.type
    frames = np.random.default_rng(1).integers(type_.lo, type_.hi + 1, (count, *network.input.shape))
    frames[0], frames[-1] = type_.lo, type_.hi
    return frames


def check(network: Network, project: HlsProject) -> Status:
    frames = frames_of(network)
    shown = tuple(op.output for op in network.ops if not isinstance(op, Flatten))
    found = run_csim(project, frames)
    return compare("m", ("golden", execute(network, frames)), ("csim", found), shown).status


def test_every_tensor_of_every_op_equals_golden(every_op_network: Network, project: HlsProject) -> None:
    assert check(every_op_network, project) is Status.PASS


def test_groups_dilation_padding_and_zero_points_equal_golden_in_parallel_io(
    every_geometry_network: Network, parallel_project: HlsProject
) -> None:
    assert check(every_geometry_network, parallel_project) is Status.PASS


def test_one_frame_has_the_shape_of_a_batch(every_op_network: Network, project: HlsProject) -> None:
    frames = frames_of(every_op_network, 1)
    assert run_csim(project, frames)["logits"].shape == (1, 5)


def _edit(path: Path, change: Callable[[int], int]) -> None:
    """Changes the first integer of a file."""
    first, separator, rest = path.read_text().partition("," if "," in path.read_text() else " ")
    path.write_text(f"{change(int(first))}{separator}{rest}")


def _constants(project: HlsProject, kind: str) -> Path:
    """The file of the first layer's constants of a kind."""
    paths = (project.folder / "firmware/weights").glob(f"{kind}[0-9]*.txt")
    return min(paths, key=lambda path: int(path.stem.removeprefix(kind)))


@pytest.mark.parametrize(
    "kind, step",
    [("w", 1), ("b", 1), ("thresholds", 400), ("levels", 1), ("multiplier", 1), ("shift", 1)],
)
def test_one_changed_constant_is_seen(
    every_op_network: Network, copied: HlsProject, kind: str, step: int
) -> None:
    """A step of 1 at the least, towards 0 where it can; a threshold needs more to be met by these frames."""
    path = _constants(copied, kind)
    _edit(path, lambda value: value - step if value > 0 else value + step)
    assert copied.changed_files() == [path.relative_to(copied.folder).as_posix()]
    assert check(every_op_network, copied) is Status.FAIL


def test_the_test_bench_passes_and_names_no_mismatch(project: HlsProject) -> None:
    result = run_test_bench(project, project.folder / "tb_data")
    assert (result.returncode, result.stderr) == (0, "")
    assert "8 frames, every integer equal" in result.stdout


def test_the_test_bench_fails_on_one_changed_golden_integer(copied: HlsProject) -> None:
    data = copied.folder / "tb_data"
    for name in (OUTPUT_FILE, golden_file(copied.tensors[1].layer)):
        kept = (data / name).read_text()
        _edit(data / name, lambda value: value + 1)
        result = run_test_bench(copied, data)
        assert result.returncode == 1
        assert "frame 0, element 0" in result.stderr
        (data / name).write_text(kept)


def test_the_test_bench_fails_without_frames_and_with_one_golden_frame_less(copied: HlsProject) -> None:
    data = copied.folder / "tb_data"
    golden = (data / OUTPUT_FILE).read_text()
    (data / OUTPUT_FILE).write_text(golden[: golden.rstrip().rindex("\n") + 1])
    assert "expected 7 frames, found 8" in run_test_bench(copied, data).stderr
    for path in data.glob("*.dat"):
        path.write_text("")
    assert run_test_bench(copied, data).returncode == 1


def test_the_test_bench_refuses_missing_and_short_files(copied: HlsProject) -> None:
    data = copied.folder / "tb_data"
    (data / OUTPUT_FILE).unlink()
    assert run_test_bench(copied, data).returncode == 2
    (data / INPUT_FILE).write_text("1 2 3\n")
    assert "expected 144 integers a line, found 3" in run_test_bench(copied, data).stderr


def test_a_crash_is_an_error(copied: HlsProject, every_op_network: Network) -> None:
    _constants(copied, "w").unlink()
    with pytest.raises(CsimError, match=r"C simulation: expected exit code 0, found 1: .*w[0-9]+\.txt"):
        run_csim(copied, frames_of(every_op_network))


def test_bad_frames_are_refused(project: HlsProject) -> None:
    with pytest.raises(UserError, match=r"expected shape \[N, 2, 9, 8\], got \[1, 9, 8, 2\]"):
        run_csim(project, np.zeros((1, 9, 8, 2), np.int64))
    with pytest.raises(UserError, match=r"expected codes of ap_uint<8>, got 0 to 256"):
        run_csim(project, np.full((1, 2, 9, 8), 256) * (np.arange(8) > 3))


def test_a_missing_compiler_names_what_it_disables(
    copied: HlsProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copied.folder / "build/csim.key").unlink()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match=r"g\+\+: expected on PATH.*C simulation of HLS projects"):
        run_csim(copied, np.zeros((1, 2, 9, 8), np.int64))


def test_code_that_does_not_compile_is_an_error(copied: HlsProject) -> None:
    path = copied.folder / f"firmware/{copied.top}.cpp"
    path.write_text("#error broken\n")
    with pytest.raises(UserError, match=r"expected the generated C\+\+ to compile, found .*broken"):
        run_csim(copied, np.zeros((1, 2, 9, 8), np.int64))
