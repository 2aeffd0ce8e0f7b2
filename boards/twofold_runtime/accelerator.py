"""`Accelerator`: images in, classes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from twofold_runtime.bundle import Bundle
from twofold_runtime.engine import Engine, Program, Run, stopped_on_error
from twofold_runtime.errors import AcceleratorError
from twofold_runtime.frames import images_of, quantise
from twofold_runtime.kernel import Kernel, KernelProgram
from twofold_runtime.links import Buffer, Link
from twofold_runtime.power import rails_watts
from twofold_runtime.results import file_values
from twofold_runtime.selftest import Result, compared, forget, replay, room_needed, vectors_of, with_images


class Accelerator:
    """An accelerator with its program and model loaded.

    path: the board folder, or the bitstream in it. port: of the UART, for a board without a processor. batch:
    most frames of one run, fewer where memory holds fewer; more images take several runs, and while one is
    under way the next one's frames are brought in and the last one's results are taken out. timeout: seconds
    that one run may take.
    Raises AcceleratorError if a file is missing or is not the one of the manifest, or if the bitstream
    holds another engine. Of an hls4ml network the results are there, but nothing is counted.

    frames, cycles: of the last call, start to done of all its runs, as the hardware counted. counters: what
    it waited for, in clock cycles, and its multiply-accumulates (MACS).
    """

    def __init__(
        self, path: str | Path, *, port: str | None = None, batch: int = 64, timeout: float = 10.0
    ) -> None:
        if batch < 1:
            raise AcceleratorError(f"batch: expected at least 1 frame, found {batch}")
        self.timeout = timeout
        self.cycles = self.frames = 0
        self.counters: dict[str, int] = {}
        self._bundle = Bundle(path)
        self._link = _link(self._bundle, port, timeout)
        try:
            self._program, self._engine = _machine(self._bundle, self._link)
            self.batch = self._fitting(batch)
            self._slots = [self._slot(), self._slot()]
        except AcceleratorError:
            self._link.close()
            raise

    def predict(self, images: Any) -> np.ndarray:
        """Classes [N] of images [N, ...], as the model file's own input takes them."""
        return self.logits(images).argmax(axis=1)

    def logits(self, images: Any) -> np.ndarray:
        """Real-valued results [N, K] of images [N, ...], before what a host does after the network."""
        integers = self.run(self.quantise(images))
        return (integers - self._program.output_zero_point) * self._program.output_scale

    def values(self, images: Any) -> np.ndarray:
        """What the model file gives for images [N, ...]: `logits`, and what it does with them, in float32.

        [N, K], or the classes [N] of a file that ends in an ArgMax. Raises AcceleratorError if the program
        does not say what comes after the network.
        """
        return file_values(self.logits(images), self._program.description["host"])

    def images_of(self, measured: Any) -> np.ndarray:
        """Images [N, ...] of measured quantities [N, F], by the ranges of the model's training.

        Raises AcceleratorError if the model file has none, and for another number of quantities.
        """
        return images_of(measured, self._program.description["host"])

    def quantise(self, images: Any) -> np.ndarray:
        """Input codes [N, C, H, W] of images [N, ...], int64: what the model file has before its layers.

        Raises AcceleratorError if the program does not say how, and for images of another shape.
        """
        return quantise(images, self._program.description["host"])

    def run(self, codes: np.ndarray) -> np.ndarray:
        """The network's integers [N, K] for input codes [N, C, H, W], any number of frames.

        What breaks a run off, Ctrl-C included, aborts it.
        """
        self._check_shape(codes)
        batches = [codes[first : first + self.batch] for first in range(0, len(codes), self.batch)]
        runs: list[Run] = []
        results: list[np.ndarray] = []
        self._bring_in(0, batches)
        with stopped_on_error(self._engine):
            for index, batch in enumerate(batches):
                source, target = self._slots[index % 2]
                self._engine.start(self._program, source, target, len(batch))
                self._bring_in(index + 1, batches)
                self._take_out(index - 1, batches, results)
                runs.append(self._engine.finish(self._program, len(batch), self.timeout))
        self._take_out(len(batches) - 1, batches, results)
        self._count(runs)
        return np.concatenate(results)

    def selftest(self) -> Result:
        """Replays the frames that came with the design; names the first layer that differs.

        Where memory is too small for every layer's results, only the network's output is compared. Images
        that came with the design are quantised, and their codes compared.
        """
        vectors = vectors_of(self._bundle)
        if room_needed(self._bundle) and isinstance(self._engine, Engine):
            found = replay(self._bundle, self._link, self._engine, self.timeout)
        else:
            for _, target in self._slots:
                forget(target, self.batch * self._program.output_stride)
            found = compared(vectors, [("the output", 0, self.run(vectors["codes"]))])
        return with_images(found, vectors, self.quantise)

    def abort(self) -> None:
        """Ends the run that another thread waits for, which then raises AcceleratorError."""
        self._engine.abort()

    def layer_cycles(self) -> list[tuple[str, int]]:
        """Label and clock cycles of each instruction of the last run's last frame."""
        return self._engine.layer_cycles(self._program)

    @property
    def seconds(self) -> float:
        """Of the last call's runs, by the hardware's counter and the board's clock.

        Raises AcceleratorError before the first call, and for an HLS kernel, which counts no cycles.
        """
        if not self.cycles:
            raise AcceleratorError(
                "seconds: expected a run of the engine, found no cycles counted; call predict first, and "
                "time it yourself where the project's backend is hls"
            )
        return self.cycles / self._bundle.manifest["clock_hz"]

    @property
    def frames_per_second(self) -> float:
        """Of the last call, without the host's work between runs. Raises as `seconds` does."""
        return self.frames / self.seconds

    def watts(self) -> dict[str, float]:
        """Power of the board's rails now, by sensor; empty where the board has none."""
        return rails_watts()

    def close(self) -> None:
        self._link.close()

    def _fitting(self, batch: int) -> int:
        """At most `batch` frames, twice, beside what the self-test needs; at least 1."""
        room = self._link.room()
        if room is None:
            return batch
        frame = self._program.input_stride + self._program.output_stride
        return max(1, min(batch, (room - room_needed(self._bundle)) // (2 * frame) - 1))

    def _slot(self) -> tuple[Buffer, Buffer]:
        program = self._program
        return (
            self._link.buffer(self.batch * program.input_stride),
            self._link.buffer(self.batch * program.output_stride),
        )

    def _bring_in(self, index: int, batches: list[np.ndarray]) -> None:
        if index < len(batches):
            self._slots[index % 2][0].put(self._program.packed(batches[index]))

    def _take_out(self, index: int, batches: list[np.ndarray], results: list[np.ndarray]) -> None:
        if index >= 0:
            count, stride = len(batches[index]), self._program.output_stride
            data = self._slots[index % 2][1].get(count * stride)
            results.append(self._program.unpacked(data.reshape(count, stride)))

    def _count(self, runs: list[Run]) -> None:
        self.frames, self.cycles = sum(run.frames for run in runs), sum(run.cycles for run in runs)
        self.counters = {name: sum(run.counters[name] for run in runs) for name in runs[0].counters}

    def _check_shape(self, codes: np.ndarray) -> None:
        map_ = self._program.input["map"]
        shape = (map_["channels"], map_["height"], map_["width"])
        if codes.shape[1:] != shape:
            raise AcceleratorError(
                f"codes: expected shape [N, {shape[0]}, {shape[1]}, {shape[2]}], found {codes.shape}"
            )
        if not len(codes):
            raise AcceleratorError("codes: expected at least one frame, found none")
        if codes.dtype.kind not in "iub":
            raise AcceleratorError(f"codes: expected integers, found {codes.dtype}; quantise() makes them")


def _machine(bundle: Bundle, link: Link) -> tuple[Any, Any]:
    """The program, and what runs it: an engine, or hls4ml's network behind a kernel."""
    if bundle.manifest["backend"] == "hls":
        return KernelProgram(bundle), Kernel(link)
    engine = Engine(bundle, link)
    return Program(bundle, link), engine


def _link(bundle: Bundle, port: str | None, timeout: float) -> Link:
    if bundle.manifest["baud"] is None:
        from twofold_runtime.pynq_link import PynqLink

        return PynqLink(bundle)
    if port is None:
        raise AcceleratorError("port: expected the UART of the board, such as /dev/ttyUSB1, found none")
    from twofold_runtime.uart_link import UartLink

    return UartLink(bundle, port, timeout)
