"""The golden model: executes a `Network` on integers, every layer's output available."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from twofold.errors import UserError
from twofold.golden.kernels import Kernel, kernel
from twofold.golden.precision import is_byte, stored_dtype
from twofold.network import graph
from twofold.network.graph import Network
from twofold.network.ranges import value_ranges
from twofold.network.types import AnyIntArray, IntArray, IntType

#: Bytes of the largest tensor that are computed at a time: few enough for a processor's cache.
CHUNK = 3 << 19


def execute(network: Network, frames: AnyIntArray) -> Mapping[str, IntArray]:
    """Every tensor of the network for a batch of frames.

    frames: [N, *input shape], codes of the input's type, in bytes fastest. Returns tensor name → int64
    [N, *shape].
    Raises UserError if shape or codes do not fit the input, NetworkError for values beyond 53 bits.
    """
    return Golden(network).tensors(frames)


def execute_on(network: Network, frames: IntArray, given: Mapping[str, IntArray]) -> Mapping[str, IntArray]:
    """As `execute`, each op on the `given` tensors of another implementation, where its type holds them.

    So each result shows what its own op does, not what ops before it did.
    """
    held = {
        name: values
        for name, values in given.items()
        if values.size and network.tensors[name].type.contains(int(values.min()), int(values.max()))
    }
    return Golden(network).tensors(frames, held)


def check_frames(network: Network, frames: AnyIntArray) -> None:
    """Raises UserError unless `frames` is [N, *input shape] of codes that the input's type holds."""
    expected = network.input
    if frames.dtype.kind not in "iub":
        raise UserError(
            f"frames: expected integers, codes of {expected.type}, got {frames.dtype}; of real numbers "
            "twofold.golden.codes.quantise makes codes"
        )
    if frames.ndim != len(expected.shape) + 1 or frames.shape[1:] != expected.shape:
        raise UserError(
            f"frames: expected shape [N, {', '.join(map(str, expected.shape))}], got {list(frames.shape)}"
        )
    if frames.size and not _holds_all(expected.type, frames.dtype):
        lo, hi = _ends(frames)
        if not expected.type.contains(lo, hi):
            raise UserError(f"frames: expected codes of {expected.type}, got {lo} to {hi}")


@cache
def _holds_all(type_: IntType, dtype: np.dtype[Any]) -> bool:
    """True if every number of an integer `dtype` is a code of the type."""
    if dtype.kind not in "iu":
        return False
    numbers = np.iinfo(dtype)
    return type_.contains(int(numbers.min), int(numbers.max))


def _ends(frames: AnyIntArray) -> tuple[int, int]:
    """The least and the greatest; of bytes in one pass."""
    if frames.itemsize > 1 or not frames.flags.writeable:
        return int(frames.min()), int(frames.max())
    lo, hi = torch.aminmax(torch.from_numpy(frames))
    return int(lo), int(hi)


@dataclass(frozen=True, eq=False)
class _Step:
    """One op. finished: tensors that no later op reads."""

    inputs: tuple[str, ...]
    output: str
    kernel: Kernel
    finished: tuple[str, ...]


class Golden:
    """A network made ready to run on many batches. Raises NetworkError for values beyond 53 bits."""

    def __init__(self, network: Network) -> None:
        ranges = value_ranges(network)
        self.network = network
        dtype = stored_dtype(network.input, ranges[network.input_name])
        self._input_dtype = torch.empty(0, dtype=dtype).numpy().dtype
        self._steps = tuple(
            _Step(op.inputs, op.output, kernel(op, network, ranges), finished)
            for op, finished in zip(network.ops, _finished(network), strict=True)
        )
        self._chunk = max(1, CHUNK // max(map(_bytes, network.tensors.values())))

    def tensors(
        self, frames: AnyIntArray, given: Mapping[str, IntArray] = MappingProxyType({})
    ) -> Mapping[str, IntArray]:
        """Every tensor, as `execute` gives them; ops read the `given` ones in place of their own."""
        check_frames(self.network, frames)
        kept = {name: self._empty(name, len(frames)) for name in self.network.tensors}
        with torch.inference_mode():
            for rows in self._chunks(len(frames)):
                parts = {name: values[rows] for name, values in given.items()}
                for name, values in self._computed(frames[rows], parts):
                    kept[name][rows] = values.numpy()
        return kept

    def outputs(self, frames: AnyIntArray) -> IntArray:
        """The network's output alone, int64 [N, *shape]; other tensors live for a few frames at a time.

        frames: as `execute` takes them. Raises UserError as it does.
        """
        check_frames(self.network, frames)
        kept = self._empty(self.network.output_name, len(frames))
        with torch.inference_mode():
            for rows in self._chunks(len(frames)):
                kept[rows] = self._output(frames[rows]).numpy()
        return kept

    def _empty(self, name: str, frames: int) -> IntArray:
        return np.empty((frames, *self.network.tensors[name].shape), np.int64)

    def _chunks(self, frames: int) -> Iterator[slice]:
        for start in range(0, frames, self._chunk):
            yield slice(start, start + self._chunk)

    def _output(self, frames: AnyIntArray) -> Tensor:
        """Of few frames; each tensor lives until its last reader has run."""
        values = {self.network.input_name: self._codes(frames)}
        for step in self._steps:
            values[step.output] = step.kernel(*[values[name] for name in step.inputs])
            for name in step.finished:
                del values[name]
        return values[self.network.output_name]

    def _computed(self, frames: AnyIntArray, given: Mapping[str, IntArray]) -> Iterator[tuple[str, Tensor]]:
        """Each tensor of few frames."""
        values = {self.network.input_name: self._codes(frames)}
        yield from values.items()
        for step in self._steps:
            result = step.kernel(*[values[name] for name in step.inputs])
            values[step.output] = _replaced(result, given.get(step.output))
            yield step.output, result

    def _codes(self, frames: AnyIntArray) -> Tensor:
        codes = torch.from_numpy(np.require(frames, self._input_dtype, "W"))
        return codes.contiguous(memory_format=torch.channels_last) if codes.ndim == 4 else codes


def _bytes(tensor: graph.Tensor) -> int:
    return tensor.elements * (1 if is_byte(tensor.type) else 4)


def _replaced(result: Tensor, values: IntArray | None) -> Tensor:
    """`values` as `result` holds its own."""
    return result if values is None else torch.empty_like(result).copy_(torch.from_numpy(values))


def _finished(network: Network) -> Iterator[tuple[str, ...]]:
    """For each op, the tensors that it is the last one to read, the network's output aside."""
    last = {name: place for place, op in enumerate(network.ops) for name in op.inputs}
    last.pop(network.output_name, None)
    for place in range(len(network.ops)):
        yield tuple(name for name, reader in last.items() if reader == place)
