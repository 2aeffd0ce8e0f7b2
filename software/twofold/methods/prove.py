"""One network on every road, and each road once more with one weight wrong, which must not pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from twofold.golden.compare import Check, Status
from twofold.hls.csim import run_csim
from twofold.hls.manifest import HlsProject
from twofold.hls.project import generate
from twofold.methods.damage import damaged_file, damaged_network, damaged_project
from twofold.methods.named import Method
from twofold.sim.bulk.library import EngineLibrary
from twofold.verification.candidates import Subject, check_qonnx, check_rtl_on

QONNX, HLS, RTL = "qonnx", "hls", "rtl"


@dataclass(frozen=True)
class Proof:
    """check: of the network. noticed: whether integers differed with one weight wrong."""

    method: Method
    check: Check
    noticed: bool

    @property
    def road(self) -> str:
        return self.check.candidate

    @property
    def holds(self) -> bool:
        """Every integer is equal and damage is seen; or the road refuses, for the reason that is known."""
        reason = self.method.refused.get(self.road)
        if reason is not None:
            return self.check.status is Status.NOT_RUN and reason in self.check.detail
        return self.check.status is Status.PASS and self.noticed

    @property
    def line(self) -> str:
        """For people."""
        check = self.check
        if check.status is Status.NOT_RUN:
            return f"{self.method.name}, {self.road}: refused: {check.detail}"
        words = f"{check.mismatches:,} of {check.elements:,} integers differ over {check.frames} frames"
        seen = "seen" if self.noticed else "NOT SEEN"
        detail = f": {check.detail}" if check.detail else ""
        return f"{self.method.name}, {self.road}: {check.status}, {words}{detail}; a wrong weight is {seen}"


def prove_qonnx(method: Method, subject: Subject) -> Proof:
    def damaged() -> Check:
        return check_qonnx(replace(subject, model=damaged_file(subject.model, subject.work / "damaged.onnx")))

    return _proof(method, check_qonnx(subject), damaged)


def prove_hls(method: Method, subject: Subject) -> Proof:
    def check(project: Callable[[], HlsProject]) -> Check:
        return subject.check(HLS, lambda: run_csim(project(), subject.frames))

    def sound() -> HlsProject:
        return generate(subject.network, subject.work / HLS)

    return _proof(
        method, check(sound), lambda: check(lambda: damaged_project(sound(), subject.work / "damaged"))
    )


def prove_rtl(method: Method, subject: Subject, library: EngineLibrary) -> Proof:
    def damaged() -> Check:
        return check_rtl_on(library, subject, seed=0, executed=damaged_network(subject.network))

    return _proof(method, check_rtl_on(library, subject, seed=0), damaged)


def _proof(method: Method, check: Check, damaged: Callable[[], Check]) -> Proof:
    return Proof(method, check, check.status is not Status.NOT_RUN and _differs(damaged()))


def _differs(check: Check) -> bool:
    """Whether a road gave every tensor and some are wrong; one that stopped shows nothing of a weight."""
    return check.status is Status.FAIL and check.mismatches > 0 and set(check.wrong) <= set(check.tensors)
