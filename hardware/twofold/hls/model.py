"""`ProjectSpec` → hls4ml's `ModelGraph`, and the proof that hls4ml changed no type of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hls4ml.model.graph import ModelGraph

from twofold.errors import UserError
from twofold.hls.accelerator import accelerator_config
from twofold.hls.layers import register_layers
from twofold.hls.lower.run import INPUT_LAYER
from twofold.hls.options import HlsBackend, HlsOptions, HlsStrategy
from twofold.hls.shift_products import use_shift_products
from twofold.hls.spec import LayerSpec, ProjectSpec
from twofold.hls.types import HlsType

# Copies of a stream that is read more than once, which hls4ml inserts.
_INSERTED = "Clone"
# hls4ml wants a default type. Nothing may keep it, so it is one that no value has.
_UNSET = "ap_int<1>"
# hls4ml's own defaults: the share of the clock period that each tool keeps for what comes after it.
_UNCERTAINTY = {
    HlsBackend.VITIS: "27%",
    HlsBackend.VIVADO: "12.5%",
    HlsBackend.VIVADO_ACCELERATOR: "12.5%",
}


def build_model(spec: ProjectSpec, top: str, folder: Path, options: HlsOptions) -> ModelGraph:
    """hls4ml's graph with all its passes run, ready to be written to `folder`.

    Raises UserError if hls4ml removed a layer, added one, or changed a type or a reuse factor.
    """
    register_layers()
    config = {
        "OutputDir": str(folder),
        "ProjectName": top,
        "Backend": str(options.backend),
        "Part": options.part,
        "ClockPeriod": options.clock_ns,
        "ClockUncertainty": _UNCERTAINTY[options.backend],
        "IOType": str(options.io),
        "TraceOutput": True,
        "HLSConfig": {
            "Model": {"Precision": _UNSET, "ReuseFactor": 1, "Strategy": "latency"},
            "LayerName": {layer.name: _layer_config(layer, options.strategy) for layer in spec.layers},
        },
        "WriterConfig": {
            "Namespace": None,
            "WriteWeightsTxt": True,
            "WriteTar": False,
            "TBOutputStream": "both",
        },
    }
    if options.board is not None:
        config["AcceleratorConfig"] = accelerator_config(options.board, spec)
    layers = [_layer_dict(layer) for layer in spec.layers]
    model = ModelGraph.from_layer_list(config, layers, inputs=[INPUT_LAYER], outputs=[spec.output_layer])
    check_model(model, spec)
    use_shift_products(model, spec)
    return model


def _layer_config(layer: LayerSpec, strategy: HlsStrategy) -> dict[str, Any]:
    types = {name: str(type_) for name, type_ in layer.types.items()}
    if strategy is HlsStrategy.DISTRIBUTED_ARITHMETIC:
        types["result"] = layer.types["result"].as_fixed
    return {
        "Trace": layer.tensor is not None,
        "Precision": types,
        "Strategy": str(layer.strategy),
        "ReuseFactor": layer.reuse_factor,
    }


def _layer_dict(layer: LayerSpec) -> dict[str, Any]:
    return {
        "class_name": layer.kind,
        "name": layer.name,
        "inputs": list(layer.inputs),
        "outputs": [layer.name],
        **layer.attributes,
    }


def check_model(model: ModelGraph, spec: ProjectSpec) -> None:
    """Raises UserError, naming the layer, unless the graph has exactly the layers and types of `spec`."""
    expected = {layer.name: layer for layer in spec.layers}
    found = {layer.name: layer for layer in model.get_layers() if layer.class_name != _INSERTED}
    for name in expected.keys() ^ found.keys():
        raise UserError(f"{name}: expected the layers of the network, found that hls4ml added or removed it")
    for name, layer in expected.items():
        for value, type_ in layer.types.items():
            named = found[name].get_attr(f"{value}_t")
            if named is not None or layer.strategy is not HlsStrategy.DISTRIBUTED_ARITHMETIC:
                _check_type(name, value, type_, named.precision)
        reuse = found[name].get_attr("reuse_factor")
        if reuse != layer.reuse_factor:
            raise UserError(f"{name}: reuse factor: expected {layer.reuse_factor}, hls4ml made it {reuse}")
    for clone in model.get_layers():
        if clone.class_name == _INSERTED:
            source = clone.get_input_variable().type.precision
            for variable in clone.get_variables():
                _check_type(
                    clone.name, "result", HlsType(source.signed, source.width), variable.type.precision
                )


def _check_type(layer: str, value: str, expected: HlsType, found: Any) -> None:
    if (found.signed, found.width, found.integer) != (expected.signed, expected.bits, expected.bits):
        raise UserError(f"{layer}: {value} type: expected {expected}, hls4ml made it {found}")
