"""A QONNX file on every road, each layer compared with the golden model's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from twofold.boards.board import Board
from twofold.boards.board_file import load_board
from twofold.boards.choose import engine_of
from twofold.building.hls_choices import DEFAULT_HLS, HlsChoices, simulated_options
from twofold.errors import UserError
from twofold.golden.compare import Check
from twofold.golden.samples import sample_codes
from twofold.hls.options import HlsOptions
from twofold.hls.project import DEFAULT as DEFAULT_OPTIONS
from twofold.models.shipped import model_file
from twofold.network.digest import digest
from twofold.network.graph import Network
from twofold.progress import SILENT, Progress
from twofold.qonnx.importer.load import import_file
from twofold.rtl.geometry import Geometry
from twofold.verification.candidates import GOLDEN, Subject, check_hls, check_qonnx, check_rtl

WORK = Path("build/verify")
"""Where `verify` keeps compiled simulations, so that a second call does not compile again."""

BOARD = "pynq-z2"
"""Of `build`, too, if none is given."""

_NAMES = ("qonnx", "hls", "rtl")

Road = Callable[[Subject], Check]


def verify(
    model: Path | str,
    against: Sequence[str] | str,
    frames: int = 32,
    seed: int = 0,
    progress: Progress = SILENT,
    approximate: bool = False,
    work: Path = WORK,
    hls: HlsChoices = DEFAULT_HLS,
    board: str | None = None,
    target_fps: float | None = None,
) -> list[Check]:
    """Compares every layer's integers on each road with the golden model's.

    model: a path, or the name of one that comes with twofold. against: among golden (the reference itself),
    qonnx, hls, rtl. frames: the least codes, the greatest codes, and random ones drawn with `seed`, which
    also draws the stalls. approximate: as in `import_file`; then each layer is compared with qonnx on qonnx's
    own integers, equal or within its proven bound; the other roads must be equal in any case. hls: how the
    layers of the C simulation move tensors and multiply, as of `build`; its flow is not used. board,
    target_fps: rtl is the engine that `build` writes for them, for BOARD if only the target is given; without
    both the smallest engine of portable Verilog, whatever a board holds.
    Raises UserError for files that cannot be imported, if there is nothing to compare with or on, and for a
    target that cannot be met.
    """
    if frames < 1:
        raise UserError(f"frames: expected at least 1, got {frames}")
    options, place = simulated_options(hls), _place(board, target_fps)
    words = _words([against] if isinstance(against, str) else against)
    _check_given("hls", "io or strategy of hls4ml's layers", options != DEFAULT_OPTIONS, words)
    _check_given("rtl", "a board or a target of the engine", place is not None, words)
    path = model_file(model)
    imported = import_file(path, approximate)
    network, name = imported.network, path.stem
    home = work / f"{name}-{digest(network)[:12]}"
    codes = sample_codes(imported.reader.codes, (frames, *network.input.shape), seed)
    images = imported.reader.images_of(codes)
    subject = Subject(name, path, network, codes, home, images, imported.views, imported.bounds)
    roads = _roads(seed, options, _geometry(network, place, target_fps, progress))
    checks = []
    for candidate in words:
        with progress.task(f"{name}: golden against {candidate}"):
            checks.append(roads[candidate](subject))
    return checks


def _place(board: str | None, target_fps: float | None) -> Board | None:
    """Whose engine is simulated; None if it is nobody's."""
    return None if board is None and target_fps is None else load_board(board or BOARD)


def _geometry(
    network: Network, board: Board | None, target_fps: float | None, progress: Progress
) -> Geometry | None:
    if board is None:
        return None
    with progress.task(f"choose the engine for {board.name}"):
        return engine_of(network, board, target_fps).geometry


def _roads(seed: int, hls: HlsOptions, geometry: Geometry | None) -> dict[str, Road]:
    """By the names in _NAMES. seed: of stalls."""
    return {
        "qonnx": check_qonnx,
        "hls": lambda subject: check_hls(subject, hls),
        "rtl": lambda subject: check_rtl(subject, seed, geometry),
    }


def _words(against: Sequence[str]) -> list[str]:
    """Those of `against` besides the reference."""
    chosen = [name for name in dict.fromkeys(against) if name != GOLDEN]
    for name in chosen:
        if name not in _NAMES:
            raise UserError(f"against: expected one of {GOLDEN}, {', '.join(_NAMES)}, got {name!r}")
    if not chosen:
        raise UserError(f"against: expected one of {', '.join(_NAMES)} besides the reference, got none")
    return chosen


def _check_given(road: str, what: str, given: bool, words: Sequence[str]) -> None:
    if given and road not in words:
        raise UserError(f"against: expected {road} beside {what}, got {', '.join(words)}")
