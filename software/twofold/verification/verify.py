"""A QONNX file on every road, each layer compared with the golden model's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from twofold.building.hls_choices import DEFAULT_HLS, HlsChoices, simulated_options
from twofold.errors import UserError
from twofold.golden.compare import Check
from twofold.golden.samples import sample_codes
from twofold.hls.options import HlsOptions
from twofold.hls.project import DEFAULT as DEFAULT_OPTIONS
from twofold.models.shipped import model_file
from twofold.network.digest import digest
from twofold.progress import SILENT, Progress
from twofold.qonnx.importer.load import import_file
from twofold.verification.candidates import GOLDEN, Subject, check_hls, check_qonnx, check_rtl

WORK = Path("build/verify")
"""Where `verify` keeps compiled simulations, so that a second call does not compile again."""

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
) -> list[Check]:
    """Compares every layer's integers on each road with the golden model's.

    model: a path, or the name of one that comes with twofold. against: among golden (the reference itself),
    qonnx, hls, rtl. frames: the least codes, the greatest codes, and random ones drawn with `seed`, which
    also draws the stalls. approximate: as in `import_file`; then each layer is compared with qonnx on qonnx's
    own integers, equal or within its proven bound; the other roads must be equal in any case. hls: how the
    layers of the C simulation move tensors and multiply, as of `build`; its flow is not used.
    Raises UserError for files that cannot be imported, and if there is nothing to compare with.
    """
    roads = _roads([against] if isinstance(against, str) else against, seed, simulated_options(hls))
    path = model_file(model)
    imported = import_file(path, approximate)
    network, name = imported.network, path.stem
    home = work / f"{name}-{digest(network)[:12]}"
    codes = sample_codes(imported.reader.codes, (frames, *network.input.shape), seed)
    images = imported.reader.images_of(codes)
    subject = Subject(name, path, network, codes, home, images, imported.views, imported.bounds)
    checks = []
    for candidate, road in roads.items():
        with progress.task(f"{name}: golden against {candidate}"):
            checks.append(road(subject))
    return checks


def _roads(against: Sequence[str], seed: int, hls: HlsOptions) -> dict[str, Road]:
    """Those of `against` besides the reference. seed: of stalls."""
    roads: dict[str, Road] = {
        "qonnx": check_qonnx,
        "hls": lambda subject: check_hls(subject, hls),
        "rtl": lambda subject: check_rtl(subject, seed),
    }
    chosen = [name for name in dict.fromkeys(against) if name != GOLDEN]
    for name in chosen:
        if name not in roads:
            raise UserError(f"against: expected one of {GOLDEN}, {', '.join(roads)}, got {name!r}")
    if not chosen:
        raise UserError(f"against: expected one of {', '.join(roads)} besides the reference, got none")
    if hls != DEFAULT_OPTIONS and "hls" not in chosen:
        raise UserError(
            f"against: expected hls beside io or strategy of hls4ml's layers, got {', '.join(chosen)}"
        )
    return {name: roads[name] for name in chosen}
