"""Runs each road on the same frames and compares its integers with the golden model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from twofold.errors import UserError
from twofold.golden.compare import Check, compare
from twofold.golden.execute import execute, execute_on
from twofold.hls.csim import CsimError, run_csim
from twofold.hls.options import HlsOptions
from twofold.hls.project import DEFAULT as HLS_DEFAULT
from twofold.hls.project import generate
from twofold.network.describe import observed_tensors
from twofold.network.graph import Network
from twofold.network.types import IntArray
from twofold.plan.schedule import plan
from twofold.plan.smallest import smallest
from twofold.qonnx.executor import run_executor
from twofold.qonnx.freeze import FrozenModel
from twofold.qonnx.freeze_run import run_frozen
from twofold.qonnx.importer.view import View
from twofold.rtl.geometry import Geometry
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.bulk.run import run_bulk, run_rtl
from twofold.sim.cocotb_runner import SimulationError
from twofold.sim.engine import shaped

GOLDEN = "golden"
RTL_STALLS = 0.2
"""Probability of a pause in each cycle on every AXI channel."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A network and the frames to compare it on.

    frames: codes [N, *input shape]. model: the QONNX file. work: a folder for what is built on the way.
    images: what the model's input quantiser makes these codes of; the codes' numbers if not given.
    views, bounds: as `import_file` gives them.
    """

    name: str
    model: Path
    network: Network
    frames: IntArray
    work: Path
    images: npt.NDArray[np.float32] | None = None
    views: Mapping[str, View] = field(default_factory=dict)
    bounds: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def golden(self) -> Mapping[str, IntArray]:
        return execute(self.network, self.frames)

    @property
    def required(self) -> tuple[str, ...]:
        """Every layer's result: what quantisers and pools give, and the output."""
        return tuple(name for name in observed_tensors(self.network) if name != self.network.input_name)

    def first(self, frames: int) -> Subject:
        """The same network on fewer frames."""
        images = None if self.images is None else self.images[:frames]
        return replace(self, frames=self.frames[:frames], images=images)

    def check(
        self,
        candidate: str,
        run: Callable[[], Mapping[str, IntArray]],
        bounds: Mapping[str, int] = MappingProxyType({}),
    ) -> Check:
        """What came of `run`: *not run* if the road is closed, *fail* if the hardware stops on the way.

        bounds: tensor → by how much its integers may differ; then each op is compared on the candidate's own.
        """
        try:
            found = run()
        except UserError as error:
            return Check.not_run(self.name, GOLDEN, candidate, str(error))
        except (SimulationError, CsimError) as error:
            return Check.failed(self.name, GOLDEN, candidate, str(error))
        golden = execute_on(self.network, self.frames, found) if bounds else self.golden
        return compare(self.name, (GOLDEN, golden), (candidate, found), self.required, bounds)


def check_qonnx(subject: Subject) -> Check:
    """The stock qonnx executor, in float32; within the subject's bounds where it has any."""
    return subject.check(
        "qonnx",
        lambda: run_executor(subject.model, subject.network, subject.frames, subject.images, subject.views),
        subject.bounds,
    )


def check_brevitas(subject: Subject, frozen: FrozenModel, images: npt.ArrayLike) -> Check:
    """The frozen Brevitas modules. images: [N, C, H, W], the subject's frames before quantisation."""
    return subject.check("brevitas", lambda: run_frozen(frozen, images))


def check_hls(subject: Subject, options: HlsOptions = HLS_DEFAULT) -> Check:
    """The C simulation of the hls4ml project."""
    folder = subject.work / f"hls-{options.io}-{options.strategy}"
    return subject.check("hls", lambda: run_csim(generate(subject.network, folder, options), subject.frames))


def check_rtl(subject: Subject, seed: int, geometry: Geometry | None = None) -> Check:
    """The simulated engine behind stalling AXI, every layer's result stored.

    geometry: of the engine; the smallest, of portable Verilog, if None.
    """
    network = subject.network

    def run() -> Mapping[str, IntArray]:
        program = plan(network, geometry, traced=True) if geometry else smallest(network, traced=True)
        return run_rtl(network, program, subject.frames, subject.work / "rtl", stalls=RTL_STALLS, seed=seed)

    return subject.check("rtl", run)


def check_rtl_on(
    library: EngineLibrary, subject: Subject, seed: int, executed: Network | None = None
) -> Check:
    """The same on a compiled engine. executed: what it is given in place of the subject's network."""
    network = executed or subject.network

    def run() -> Mapping[str, IntArray]:
        program = plan(network, library.geometry, traced=True)
        return shaped(network, run_bulk(library, program, subject.frames, stalls=RTL_STALLS, seed=seed))

    return subject.check("rtl", run)
