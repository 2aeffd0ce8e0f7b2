"""ONNX Runtime in one thread."""

from __future__ import annotations

import onnx
import onnxruntime


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """Ready to run `model` with one thread of the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
