"""Networks by every recipe and setting: executor, golden and engine compute the same, some C++ as well."""

from __future__ import annotations

import pytest

from twofold.golden.compare import Status
from twofold.methods.make import Workshop
from twofold.methods.named import Method, integer_methods, method_named, other_recipes
from twofold.methods.prove import prove_hls, prove_qonnx, prove_rtl
from twofold.sim.bulk.library import EngineLibrary
from twofold.verification.candidates import Subject

#: Methods whose layers no other test brings to hls4ml.
HLS = ("mixed_by_layer", "ptq_zero_points")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("methods"), (4, 6))


def made(workshop: Workshop, method: Method) -> Subject:
    return workshop.subject(method, workshop.make(method))


@pytest.mark.parametrize("method", integer_methods(), ids=lambda method: method.name)
def test_every_method_is_exact_or_refused_for_a_known_reason(
    method: Method, workshop: Workshop, library: EngineLibrary
) -> None:
    subject = made(workshop, method)
    for proof in (prove_qonnx(method, subject), prove_rtl(method, subject.first(3), library)):
        assert proof.holds, proof.line
        assert proof.noticed == (proof.road not in method.refused)


@pytest.mark.parametrize("name", HLS)
def test_hls_computes_the_same(name: str, workshop: Workshop) -> None:
    method = method_named(name)
    proof = prove_hls(method, made(workshop, method))
    assert proof.check.status is Status.PASS and proof.noticed, proof.line


def test_what_is_left_out_is_what_pytorch_alone_runs() -> None:
    assert {"float", "ptq_dynamic", "ptq_weights", "small_cnn_conv", "small_cnn_dense"} <= set(
        other_recipes()
    )
    assert not {"ptq_static", "ppq", "spq", "mixed_gradual"} & set(other_recipes())
