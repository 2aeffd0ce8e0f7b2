"""The board folder: its files are those of its manifest, or nothing is loaded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from twofold_runtime.errors import AcceleratorError
from twofold_runtime.hand_off import HandOff

MANIFEST = "manifest.json"
MANIFEST_FORMAT = "twofold board 2"
_AGAIN = "copy the whole board folder again"


def built_files(manifest: dict[str, Any]) -> list[str]:
    """What Vivado's build adds to the folder; a board without a processor has no hand-off file."""
    return [manifest[key] for key in ("bitstream", "hand_off", "design_file") if manifest[key]]


class Bundle:
    """A checked board folder.

    path: the folder, or its bitstream. Raises AcceleratorError if a file is missing or is not the one of the
    manifest, or if bitstream and hand-off file are of another design.
    """

    def __init__(self, path: str | Path):
        path = Path(path)
        self.folder = path.parent if path.suffix == ".bit" else path
        self.manifest = self._manifest()
        self.bitstream = self.folder / self.manifest["bitstream"]
        if path.suffix == ".bit" and path.name != self.bitstream.name:
            raise AcceleratorError(
                f"{path}: expected {self.bitstream.name}, the bitstream of manifest.json, found another"
            )
        for name, expected in self.manifest["board_files"].items():
            self._check_hash(name, expected)
        self._check_design()

    def bytes(self, name: str) -> bytes:
        """Raises AcceleratorError for a file that is not there."""
        path = self.folder / name
        if not path.is_file():
            raise AcceleratorError(
                f"expected a file {path}, found none; copy the whole board folder after the Vivado build"
            )
        return path.read_bytes()

    def json(self, name: str) -> Any:
        try:
            return json.loads(self.bytes(name).decode())
        except ValueError as error:
            raise AcceleratorError(f"{self.folder / name}: expected JSON, found {error}") from error

    def has(self, name: str) -> bool:
        return name in self.manifest["board_files"]

    def _manifest(self) -> dict[str, Any]:
        manifest = self.json(MANIFEST)
        found = manifest.get("format") if isinstance(manifest, dict) else manifest
        if found != MANIFEST_FORMAT:
            raise AcceleratorError(f"manifest.json: expected {MANIFEST_FORMAT!r}, found {found!r}")
        for name in (*manifest["board_files"], *built_files(manifest)):
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise AcceleratorError(f"manifest.json: expected files inside of the folder, found {name!r}")
        return manifest

    def _check_hash(self, name: str, expected: str) -> None:
        found = hashlib.sha256(self.bytes(name)).hexdigest()
        if found != expected:
            raise AcceleratorError(
                f"{name}: expected sha256 {expected[:12]}… as in manifest.json, found {found[:12]}…; {_AGAIN}"
            )

    def _check_design(self) -> None:
        self.bytes(self.manifest["bitstream"])
        expected, found = self.manifest["design"], self.bytes(self.manifest["design_file"]).decode().strip()
        if found != expected:
            raise AcceleratorError(
                f"{self.manifest['bitstream']}: expected one of design {expected[:12]}…, found one of "
                f"{found[:12]}…; run Vivado again on this project"
            )
        if self.manifest["hand_off"]:
            self._check_address()

    def _check_address(self) -> None:
        window = HandOff.parse(self.bytes(self.manifest["hand_off"])).window(self.manifest["ip"])
        wanted = (self.manifest["registers"]["base"], self.manifest["registers"]["bytes"])
        if window != wanted:
            raise AcceleratorError(
                f"{self.manifest['hand_off']}: expected {self.manifest['ip']} at {wanted[0]:#x} with "
                f"{wanted[1]:#x} bytes, found {window[0]:#x} with {window[1]:#x}; run Vivado again"
            )
