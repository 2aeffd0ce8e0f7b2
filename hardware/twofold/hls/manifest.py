"""`manifest.json`: what a generated project is, and the hashes of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from twofold.errors import UserError
from twofold.files import sha256
from twofold.hls.layout import Layout
from twofold.hls.types import HlsType

MANIFEST = "manifest.json"
_ANY_FORMAT = "twofold hls project "
FORMAT = f"{_ANY_FORMAT}3"
# What simulation adds to a project, outside of the manifest.
BUILD_FOLDER = "build"
PROGRAM = f"{BUILD_FOLDER}/csim"
PROGRAM_KEY = f"{PROGRAM}.key"
_SIMULATED = (PROGRAM, PROGRAM_KEY, "tb_data/csim_results.log", "tb_data/found_*.dat")


@dataclass(frozen=True)
class TracedTensor:
    """A tensor of the network, the C++ layer that writes it, and the type of its codes there."""

    name: str
    layer: str
    layout: Layout
    type: HlsType


@dataclass(frozen=True)
class HlsProject:
    """A complete project in `folder`.

    digest: of the network and all options. network_digest: of the network. top: name of the C++ function of
    the network. options: what it was generated with, by name. sources: the C++ files of the C simulation.
    tensors: everything that C simulation shows, the output included.
    """

    folder: Path
    name: str
    digest: str
    network_digest: str
    top: str
    options: Mapping[str, Any]
    sources: tuple[str, ...]
    input: TracedTensor
    output: TracedTensor
    tensors: tuple[TracedTensor, ...]
    files: Mapping[str, str]

    @classmethod
    def load(cls, folder: Path) -> HlsProject:
        """Raises UserError if `folder` holds no project."""
        path = folder / MANIFEST
        try:
            entry = json.loads(path.read_text())
            if entry["format"] != FORMAT:
                raise UserError(f"{path}: expected the format {FORMAT!r}, found {entry['format']!r}")
            return cls(
                folder,
                entry["name"],
                entry["digest"],
                entry["network_digest"],
                entry["top"],
                entry["options"],
                tuple(entry["sources"]),
                _tensor(entry["input"]),
                _tensor(entry["output"]),
                tuple(_tensor(tensor) for tensor in entry["tensors"]),
                entry["files"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path}: expected an HLS project of twofold, found {error}") from error

    def changed_files(self) -> list[str]:
        """Paths of files that are missing or differ from the manifest."""
        return [
            path
            for path, digest in self.files.items()
            if not (self.folder / path).is_file() or sha256(self.folder / path) != digest
        ]


def write_manifest(project: HlsProject) -> None:
    entry = asdict(project) | {"format": FORMAT}
    del entry["folder"]
    (project.folder / MANIFEST).write_text(json.dumps(entry, indent=1, sort_keys=True) + "\n")


def hash_files(folder: Path) -> dict[str, str]:
    """Path → sha256 of every file below `folder` but the manifest and builds."""
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST and path.relative_to(folder).parts[0] != BUILD_FOLDER
    }


def other_files(folder: Path) -> list[str]:
    """Paths below `folder` of files that are no project's, of whichever version, nor its simulation's."""
    listed = _listed(folder)
    patterns = () if listed is None else (MANIFEST, *_SIMULATED)
    paths = (path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir())
    names = (path.relative_to(folder).as_posix() for path in paths)
    others = (name for name in names if name not in (listed or ()))
    return [name for name in others if not any(fnmatchcase(name, pattern) for pattern in patterns)]


def _listed(folder: Path) -> set[str] | None:
    """The files of the project in `folder`; None if there is none."""
    try:
        entry = json.loads((folder / MANIFEST).read_text())
        return set(entry["files"]) if entry["format"].startswith(_ANY_FORMAT) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _tensor(entry: dict) -> TracedTensor:
    layout, flattened = entry["layout"], entry["layout"]["flattened"]
    return TracedTensor(
        entry["name"],
        entry["layer"],
        Layout(tuple(layout["shape"]), flattened and tuple(flattened)),
        HlsType(**entry["type"]),
    )
