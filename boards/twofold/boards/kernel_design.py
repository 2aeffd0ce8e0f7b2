"""An hls4ml project as a board's accelerator: a kernel in C++ around it, with AXI to memory and registers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from twofold.boards.board import Board
from twofold.boards.cores import KERNEL, KERNEL_ACCELERATOR, PackagedCore
from twofold.boards.rendering import rendered
from twofold.network.host import UNKNOWN, HostWork

FORMAT = "twofold kernel 3"
_ITEM_BITS = (8, 16, 32, 64)


@dataclass(frozen=True)
class Tensor:
    """What the kernel reads or writes of a frame. scale, zero_point: real value of a code."""

    channels: int
    height: int
    width: int
    bits: int
    signed: bool
    scale: float
    zero_point: int = 0

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    @property
    def elements(self) -> int:
        return self.channels * self.height * self.width

    @property
    def item_bits(self) -> int:
        """Of a code in memory."""
        return next(bits for bits in _ITEM_BITS if bits >= self.bits)

    @property
    def c_type(self) -> str:
        return f"{'' if self.signed else 'u'}int{self.item_bits}_t"

    def as_json(self) -> dict[str, object]:
        entry = asdict(self)
        scale = entry.pop("scale")
        return {
            "map": entry,
            "scale": scale,
            "item_bits": self.item_bits,
            "stride": self.elements * self.item_bits // 8,
        }


class KernelDesign:
    """folder: an hls4ml project with streams, whose top function is `network_top`. digest: of that project.

    network_digest: of the network. ends: input and output. selftest: frames and the network's integers.
    host: what is done around the network.
    """

    backend = "hls"
    accelerator = KERNEL_ACCELERATOR
    cores: tuple[PackagedCore, ...] = ()

    def __init__(
        self,
        name: str,
        folder: Path,
        network_top: str,
        digest: str,
        network_digest: str,
        ends: tuple[Tensor, Tensor],
        selftest: Mapping[str, bytes],
        host: HostWork = UNKNOWN,
    ) -> None:
        self._folder, self._selftest, self.host = folder, selftest, host
        self.name, self.network_top = name, network_top
        self.digest, self.network_digest = digest, network_digest
        self.input, self.output = ends

    @property
    def input_shape(self) -> tuple[int, int, int]:
        return self.input.shape

    def sources(self, board: Board) -> Mapping[str, str | bytes]:
        files = {
            f"hls/{path.relative_to(self._folder).as_posix()}": path.read_bytes()
            for path in sorted(self._folder.rglob("*"))
            if path.is_file()
        }
        return {**files, f"kernel/{KERNEL}.cpp": rendered("kernel.cpp", design=self, kernel=KERNEL)}

    def board_files(self) -> Mapping[str, str | bytes]:
        content = {
            "format": FORMAT,
            "name": self.name,
            "input": self.input.as_json(),
            "output": self.output.as_json(),
            "host": self.host.as_json(),
        }
        return {"kernel.json": json.dumps(content, indent=1) + "\n", **self._selftest}
