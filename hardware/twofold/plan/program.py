"""`Program`: everything that an engine and its host need to run a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twofold.errors import UserError
from twofold.files import atomic_path, write_atomically
from twofold.network.host import UNKNOWN, HostWork
from twofold.network.types import IntArray
from twofold.plan.columns import Columns
from twofold.plan.instructions import Instruction
from twofold.plan.maps import Map
from twofold.plan.memory.layout import blocks_of, pack, unpack
from twofold.rtl.geometry import LANE_BITS, SUM_WORD_BITS, Feature, Geometry, PeName
from twofold.rtl.isa import Opcode
from twofold.rtl.primitives.family import Family

FORMAT = "twofold program 8"


@dataclass(frozen=True)
class Region:
    """A map in a frame's input or output. offset: bytes from the frame's start; item_bits: 8 or 32 a lane."""

    map: Map
    offset: int
    item_bits: int

    def bytes(self, lanes: int) -> int:
        return blocks_of(self.map.channels, lanes) * self.map.pixels * lanes * self.item_bits // 8


@dataclass(frozen=True, eq=False)
class Program:
    """A network for an engine of one geometry.

    instructions: setup, FRAME, a frame, END. image: weights and parameters, as they lie at MODEL_ADDR.
    input: a frame's codes. columns: how they lie in memory, if not a pixel in each word.
    outputs: what a frame writes, the network's output first.
    setup_cycles, frame_cycles, last_frame_cycles: predicted. A run of n frames takes setup + (n − 1) · frame
    + last frame: all but the last bring in the next one's input.
    host: what is done around the network, unknown where only the network was known.
    """

    name: str
    network_digest: str
    geometry: Geometry
    instructions: tuple[Instruction, ...]
    image: bytes
    input: Region
    columns: Columns | None
    input_scale: float
    outputs: tuple[Region, ...]
    output_scale: float
    setup_cycles: int
    frame_cycles: int
    last_frame_cycles: int
    host: HostWork = UNKNOWN

    @property
    def code(self) -> bytes:
        """The instructions as they lie at PROGRAM_ADDR."""
        return b"".join(instruction.encoded() for instruction in self.instructions)

    @property
    def input_stride(self) -> int:
        """Bytes from one frame to the next."""
        stored = self.columns.stored(self.input.map) if self.columns else self.input.map
        return replace(self.input, map=stored).bytes(self.geometry.lanes)

    @property
    def output_stride(self) -> int:
        """Bytes from one frame's results to the next's."""
        last = self.outputs[-1]
        return last.offset + last.bytes(self.geometry.lanes)

    def predicted_cycles(self, frames: int) -> int:
        """Of a run of so many frames, at least one."""
        return self.setup_cycles + (frames - 1) * self.frame_cycles + self.last_frame_cycles

    def pack_frames(self, frames: IntArray) -> bytes:
        """Codes [N, *input shape] as the engine reads them, frame after frame."""
        map_ = self.input.map
        codes = np.asarray(frames).reshape(len(frames), map_.channels, map_.height, map_.width)
        if self.columns:
            codes = self.columns.side_by_side(codes)
        return pack(codes, self.geometry.lanes).tobytes()

    def unpack_results(self, data: bytes, frames: int) -> Mapping[str, IntArray]:
        """What the engine wrote for `frames` frames: map name → [N, C, H, W]."""
        raw = np.frombuffer(data, np.uint8).reshape(frames, self.output_stride)
        return {region.map.name: self._unpack(raw, region) for region in self.outputs}

    def _unpack(self, raw: npt.NDArray[np.uint8], region: Region) -> IntArray:
        lanes, map_ = self.geometry.lanes, region.map
        part = np.ascontiguousarray(raw[:, region.offset : region.offset + region.bytes(lanes)])
        words = part.view(np.dtype(f"<u{region.item_bits // 8}"))
        shape = (len(raw), blocks_of(map_.channels, lanes), map_.height, map_.width, lanes)
        codes = unpack(words.reshape(shape), map_.channels, map_.signed)
        return codes[:, list(map_.held)] if map_.held else codes

    def description(self) -> dict[str, Any]:
        """What program.json holds: all but the two binary files."""
        return {
            "format": FORMAT,
            "name": self.name,
            "network_digest": self.network_digest,
            "geometry": asdict(self.geometry),
            "instructions": [
                {"opcode": i.opcode.name, "label": i.label, "cycles": i.cycles, "fields": dict(i.fields)}
                for i in self.instructions
            ],
            "input": asdict(self.input)
            | {
                "columns": asdict(self.columns) if self.columns else None,
                "stride": self.input_stride,
                "scale": self.input_scale,
            },
            "outputs": [asdict(region) for region in self.outputs],
            "output_stride": self.output_stride,
            "output_scale": self.output_scale,
            "setup_cycles": self.setup_cycles,
            "frame_cycles": self.frame_cycles,
            "last_frame_cycles": self.last_frame_cycles,
            "host": self.host.as_json(),
        }

    def save(self, folder: Path) -> None:
        """Writes program.json, code.bin and image.bin; the description last."""
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "code.bin", self.code)
        write_atomically(folder / "image.bin", self.image)
        with atomic_path(folder / "program.json") as temporary:
            temporary.write_text(json.dumps(self.description(), indent=1))

    @classmethod
    def load(cls, folder: Path) -> Program:
        """Reads what `save` wrote. Raises UserError for anything else."""
        try:
            content = json.loads((folder / "program.json").read_text())
            if content["format"] != FORMAT:
                raise UserError(f"{folder}: expected the format {FORMAT!r}, found {content['format']!r}")
            program = cls(
                name=content["name"],
                network_digest=content["network_digest"],
                geometry=_geometry(content["geometry"]),
                instructions=tuple(
                    Instruction(Opcode[i["opcode"]], i["label"], i["fields"], i["cycles"])
                    for i in content["instructions"]
                ),
                image=(folder / "image.bin").read_bytes(),
                input=_region(content["input"]),
                columns=_columns(content["input"]["columns"]),
                input_scale=content["input"]["scale"],
                outputs=tuple(_region(entry) for entry in content["outputs"]),
                output_scale=content["output_scale"],
                setup_cycles=content["setup_cycles"],
                frame_cycles=content["frame_cycles"],
                last_frame_cycles=content["last_frame_cycles"],
                host=HostWork.from_json(content["host"]),
            )
            same = (folder / "code.bin").read_bytes() == program.code
        except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
            found = f"{type(error).__name__}: {error}"
            raise UserError(f"{folder}: expected a program written by twofold, found {found}") from error
        if not same:
            raise UserError(f"{folder}/code.bin: expected the instructions of program.json, found others")
        return program


def _geometry(entry: dict[str, Any]) -> Geometry:
    named = {
        "kinds": tuple(PeName(kind) for kind in entry["kinds"]),
        "beside": None if entry["beside"] is None else PeName(entry["beside"]),
        "features": tuple(Feature(feature) for feature in entry["features"]),
        "family": Family(entry["family"]),
    }
    return Geometry(**entry | named)


def _columns(entry: dict[str, int] | None) -> Columns | None:
    if entry is None:
        return None
    columns = Columns(**entry)
    if not all(isinstance(value, int) for value in entry.values()) or min(columns.count, columns.width) < 1:
        raise ValueError(f"{columns}")
    return columns


def _region(entry: dict[str, Any]) -> Region:
    map_ = Map(**entry["map"] | {"held": tuple(entry["map"]["held"])})
    region = Region(map_, entry["offset"], entry["item_bits"])
    sizes = (region.map.channels, region.map.height, region.map.width, region.offset + 1)
    if not all(isinstance(size, int) and 0 < size < 1 << 32 for size in sizes):
        raise ValueError(f"{region.map.name} of {sizes}")
    if region.item_bits not in (LANE_BITS, SUM_WORD_BITS):
        raise ValueError(f"{region.map.name} of {region.item_bits} bits a lane")
    return region
