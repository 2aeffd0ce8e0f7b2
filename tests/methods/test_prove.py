"""What a road must show of a wrong weight: other integers, and not that it stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twofold.golden.compare import Check, Status
from twofold.methods import prove
from twofold.methods.named import Method
from twofold.methods.prove import RTL, prove_rtl
from twofold.network.graph import Network
from twofold.qonnx.importer.load import import_model
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.cocotb_runner import SimulationError
from twofold.verification.candidates import Subject

MODEL = Path(__file__).parents[1] / "assets" / "apot" / "model.onnx"
METHOD = Method("demo", "apot")


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    network = import_model(MODEL)
    return Subject("demo", MODEL, network, np.ones((2, *network.input.shape), np.int64), tmp_path)


@pytest.mark.parametrize("added, noticed", [(0, False), (1, True)])
def test_a_wrong_weight_is_noticed_by_other_integers(
    added: int, noticed: bool, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def road(_: EngineLibrary, subject: Subject, seed: int, executed: Network | None = None) -> Check:
        found = {name: subject.golden[name] + added * bool(executed) for name in subject.required}
        return subject.check(RTL, lambda: found)

    monkeypatch.setattr(prove, "check_rtl_on", road)
    proof = prove_rtl(METHOD, subject, None)  # type: ignore[arg-type]
    assert (proof.check.status, proof.noticed, proof.holds) == (Status.PASS, noticed, noticed)


def test_a_road_that_stops_on_a_wrong_weight_has_not_noticed_it(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def road(_: EngineLibrary, subject: Subject, seed: int, executed: Network | None = None) -> Check:
        def run() -> dict[str, np.ndarray]:
            if executed:
                raise SimulationError("STATUS is 0x1 after 900 cycles")
            return dict(subject.golden)

        return subject.check(RTL, run)

    monkeypatch.setattr(prove, "check_rtl_on", road)
    proof = prove_rtl(METHOD, subject, None)  # type: ignore[arg-type]
    assert proof.check.status is Status.PASS
    assert not proof.noticed and not proof.holds
