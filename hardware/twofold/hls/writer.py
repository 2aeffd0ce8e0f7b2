"""The files of a project: hls4ml's own, then the test bench, its vectors and the README."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import hls4ml
from hls4ml.model.graph import ModelGraph
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from twofold.golden.execute import execute
from twofold.hls.accelerator import axi_dtype, mend_axi_types
from twofold.hls.compiler import FLAGS
from twofold.hls.lower.state import NAME_MAX
from twofold.hls.manifest import HlsProject, TracedTensor, hash_files, write_manifest
from twofold.hls.model import build_model
from twofold.hls.options import HlsBackend, HlsOptions
from twofold.hls.spec import LayerSpec, ProjectSpec
from twofold.hls.vectors import INPUT_FILE, OUTPUT_FILE, golden_file, write_vectors
from twofold.network.digest import digest as network_digest
from twofold.network.graph import Network
from twofold.network.types import IntArray

_TEMPLATES = Path(__file__).parent / "templates"
_SHARING = ("Conv2D", "Dense", "TwofoldRequantise", "TwofoldThreshold")
_VIVADO_COMMAND = 'vivado_hls -f build_prj.tcl "reset=1 csim=1 synth=1 cosim=1 validation=1 export=1"'
_COMMANDS = {
    HlsBackend.VITIS: "vitis-run --mode hls --tcl build_prj.tcl",
    HlsBackend.VIVADO: _VIVADO_COMMAND,
    HlsBackend.VIVADO_ACCELERATOR: _VIVADO_COMMAND,
}
_TOOLS = {
    HlsBackend.VITIS: "Vitis HLS",
    HlsBackend.VIVADO: "Vivado HLS",
    HlsBackend.VIVADO_ACCELERATOR: "Vivado HLS",
}


def write_project(
    network: Network, spec: ProjectSpec, folder: Path, digest: str, frames: IntArray, options: HlsOptions
) -> None:
    """Writes everything to the empty `folder`; frames: [N, *input shape], the test vectors."""
    top = "twofold_" + re.sub(r"[^0-9A-Za-z]+", "_", network.name).strip("_").lower()[:NAME_MAX]
    model = _write_hls4ml(spec, top, folder, options)
    _make_reproducible(model, folder, digest)
    tensors = _traced(spec)
    source = _tensor(network.input_name, spec.layers[0], spec)
    output = next(tensor for tensor in tensors if tensor.name == network.output_name)
    _write_vectors(network, frames, (source, output), tensors, folder / "tb_data")
    sources = _sources(top, options)
    _write_test_bench(model, top, (source, output), tensors, folder, options)
    _write_readme(model, network, top, sources, spec, options, folder)
    write_manifest(
        HlsProject(
            folder,
            network.name,
            digest,
            network_digest(network),
            top,
            asdict(options) | _versions(options),
            sources,
            source,
            output,
            tensors,
            hash_files(folder),
        )
    )


def _versions(options: HlsOptions) -> dict[str, str]:
    return {"hls4ml_version": options.hls4ml_version, "twofold_version": version("twofold")}


def _write_hls4ml(spec: ProjectSpec, top: str, folder: Path, options: HlsOptions) -> ModelGraph:
    """hls4ml's own files; what it prints goes to hls4ml.log."""
    log = io.StringIO()
    with redirect_stdout(log), redirect_stderr(log), warnings.catch_warnings():
        warnings.simplefilter("always")
        model = build_model(spec, top, folder, options)
        model.write()
    if options.board is not None:
        mend_axi_types(folder, top)
    (folder / "hls4ml.log").write_text(log.getvalue())
    return model


def _make_reproducible(model: ModelGraph, folder: Path, digest: str) -> None:
    """Replaces hls4ml's random stamp, and the paths of this machine, in its files."""
    stamp = model.config.get_config_value("Stamp")
    replacements = {
        f"'{stamp}'": digest[: len(stamp)],  # YAML quotes a stamp that reads as a number
        stamp: digest[: len(stamp)],
        str(folder): ".",
        str(Path(hls4ml.__file__).parent): "hls4ml",
    }
    for name in ("build_lib.sh", "hls4ml_config.yml", "hls4ml.log"):
        text = (folder / name).read_text()
        for found, replacement in replacements.items():
            text = text.replace(found, replacement)
        (folder / name).write_text(text)


def _traced(spec: ProjectSpec) -> tuple[TracedTensor, ...]:
    return tuple(_tensor(layer.tensor, layer, spec) for layer in spec.layers if layer.tensor is not None)


def _tensor(name: str, layer: LayerSpec, spec: ProjectSpec) -> TracedTensor:
    return TracedTensor(name, layer.name, spec.layouts[name], layer.types["result"])


def _write_vectors(
    network: Network,
    frames: IntArray,
    ends: tuple[TracedTensor, TracedTensor],
    tensors: Sequence[TracedTensor],
    folder: Path,
) -> None:
    golden = execute(network, frames)
    source, output = ends
    folder.mkdir(exist_ok=True)
    write_vectors(folder / INPUT_FILE, source.layout.to_hls(golden[source.name]))
    write_vectors(folder / OUTPUT_FILE, output.layout.to_hls(golden[output.name]))
    for tensor in tensors:
        write_vectors(folder / golden_file(tensor.layer), tensor.layout.to_hls(golden[tensor.name]))


def _write_test_bench(
    model: ModelGraph,
    top: str,
    ends: tuple[TracedTensor, TracedTensor],
    tensors: Sequence[TracedTensor],
    folder: Path,
    options: HlsOptions,
) -> None:
    """Takes the place of hls4ml's test bench, which prints the outputs and returns 0 whatever they are."""
    (source,), (result,) = model.get_input_variables(), model.get_output_variables()
    text = _render(
        "testbench.cpp.j2",
        top=top,
        axi=options.backend is HlsBackend.VIVADO_ACCELERATOR,
        traced=[{"layer": tensor.layer, "size": tensor.layout.elements} for tensor in tensors],
        input_size=ends[0].layout.elements,
        output_size=ends[1].layout.elements,
        input_definition=source.definition_cpp(),
        output_definition=result.definition_cpp(),
        input_type=source.type.name,
        output_type=result.type.name,
        input_name=source.name,
        output_name=result.name,
    )
    (folder / f"{top}_test.cpp").write_text(text)


def _sources(top: str, options: HlsOptions) -> tuple[str, ...]:
    """The C++ files of the C simulation."""
    wrapper = (f"firmware/{top}_axi.cpp",) if options.backend is HlsBackend.VIVADO_ACCELERATOR else ()
    return (f"firmware/{top}.cpp", *wrapper, f"{top}_test.cpp")


def _write_readme(
    model: ModelGraph,
    network: Network,
    top: str,
    sources: Sequence[str],
    spec: ProjectSpec,
    options: HlsOptions,
    folder: Path,
) -> None:
    (source,), (result,) = model.get_input_variables(), model.get_output_variables()
    text = _render(
        "README.md.j2",
        name=network.name,
        network_digest=network_digest(network),
        version=version("twofold"),
        top=top,
        options=options,
        proposal=spec.proposal,
        layers=[layer for layer in spec.layers if layer.kind in _SHARING],
        board=options.board,
        tool=_TOOLS[options.backend],
        command=_COMMANDS[options.backend],
        axi_dtype=axi_dtype(model) if options.board else None,
        sources=" ".join(sources),
        flags=" ".join(FLAGS),
        input_type=network.input.type,
        input_shape=list(source.shape),
        output_type=network.output.type,
        output_shape=list(result.shape),
    )
    (folder / "README.md").write_text(text)


def _render(template: str, **values: object) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(template).render(**values)
