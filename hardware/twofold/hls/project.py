"""`Network` → a complete hls4ml project on disk."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from inspect import getfile
from pathlib import Path

import numpy as np

from twofold.errors import UserError
from twofold.files import beside
from twofold.golden.execute import check_frames
from twofold.golden.samples import sample_frames
from twofold.hls.lower.run import lower
from twofold.hls.manifest import HlsProject, other_files
from twofold.hls.options import HlsOptions
from twofold.hls.writer import write_project
from twofold.network.graph import Network
from twofold.network.store import save
from twofold.network.types import IntArray

_PACKAGES = tuple(Path(getfile(member)).parent for member in (HlsProject, check_frames, Network))
"""Whose files decide what is in a project: its own, the golden model's, and the network's."""

_FRAMES = 8
DEFAULT = HlsOptions()


def generate(
    network: Network,
    folder: Path,
    options: HlsOptions = DEFAULT,
    frames: IntArray | None = None,
) -> HlsProject:
    """Writes the project of `network` to `folder`, whole or not at all.

    frames: test vectors [N, *input shape], codes of the input's type; eight of `sample_frames` if None. A
    folder that already holds this project, unchanged, stays as it is, its compiled simulation included; an
    earlier one is replaced.
    Raises NetworkError, by op name, for what cannot be built exactly, and UserError for a folder that holds
    anything else than a project, be it results of an HLS tool.
    """
    if frames is None:
        frames = sample_frames(network, _FRAMES, seed=0)
    check_frames(network, frames)
    digest = _digest(network, frames, options)
    if _is_current(folder, digest):
        return HlsProject.load(folder)
    _check_target(folder)
    spec = lower(network, options)
    with _replaced_folder(folder) as temporary:
        write_project(network, spec, temporary, digest, frames, options)
    return HlsProject.load(folder)


def _digest(network: Network, frames: IntArray, options: HlsOptions) -> str:
    """Of everything that a project is made from, the files of _PACKAGES included."""
    choices = asdict(options) | {"hls4ml": options.hls4ml_version}
    result = hashlib.sha256(json.dumps(choices, sort_keys=True).encode())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.npz"
        save(network, path)
        result.update(path.read_bytes())
    result.update(np.ascontiguousarray(frames, np.int64).tobytes())
    for path in (path for package in _PACKAGES for path in sorted(package.rglob("*"))):
        if path.suffix in (".py", ".h", ".j2"):
            result.update(path.read_bytes())
    return result.hexdigest()


def _is_current(folder: Path, digest: str) -> bool:
    try:
        project = HlsProject.load(folder)
    except UserError:  # nothing there, or written by another version: it is written anew
        return False
    return project.digest == digest and not project.changed_files()


def _check_target(folder: Path) -> None:
    """Raises UserError if `folder` holds a file that is none of an earlier project's."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: expected a folder or nothing, found a file; choose another")
    others = other_files(folder)
    if others:
        more = f" and {len(others) - 1} more" if others[1:] else ""
        raise UserError(
            f"{folder}: expected an empty folder or an HLS project, found other files, {others[0]}{more}; "
            "move them away, or choose another folder"
        )


@contextmanager
def _replaced_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder that takes the place of `folder` when the block ends without an error."""
    temporary = beside(folder)
    temporary.mkdir()
    try:
        yield temporary
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
