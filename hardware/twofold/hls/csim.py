"""C simulation: the generated C++, compiled for this machine and run on frames."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from twofold.errors import UserError
from twofold.files import sha256, write_atomically
from twofold.hls.compiler import FLAGS, compile_program
from twofold.hls.manifest import PROGRAM, PROGRAM_KEY, HlsProject
from twofold.hls.project import generate
from twofold.hls.vectors import INPUT_FILE, found_file, read_vectors, write_vectors
from twofold.network.graph import Network
from twofold.network.types import IntArray

_INCLUDE = "firmware/ap_types"
_COMPILED_SUFFIXES = (".cpp", ".h")


class CsimError(Exception):
    """A C simulation that crashed, or in which a stream was read empty or not to its end."""


def run_csim(source: HlsProject | Network, frames: IntArray) -> Mapping[str, IntArray]:
    """Every tensor that a layer of its own computes, the output included, for a batch of frames.

    frames: [N, *input shape], codes of the input's type. Returns tensor name → int64 [N, *shape];
    flattened maps are not in it, since they are no layer of their own in hardware.
    A network is generated and compiled in a temporary folder; a project is compiled once in its own.
    Raises UserError if g++ is missing or the C++ does not compile, CsimError if the simulation fails.
    """
    with ExitStack() as stack:
        if isinstance(source, Network):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twofold-hls-")))
            source = generate(source, folder / "project")
        _check_frames(source, frames)
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twofold-csim-")))
        write_vectors(data / INPUT_FILE, source.input.layout.to_hls(frames))
        result = run_test_bench(source, data, "record")
        if result.returncode:
            raise CsimError(
                f"{source.folder}: C simulation: expected exit code 0, found {_last_words(result)}"
            )
        return {
            tensor.name: tensor.layout.from_hls(
                read_vectors(data / found_file(tensor.layer), len(frames), tensor.layout.elements)
            )
            for tensor in source.tensors
        }


def _check_frames(project: HlsProject, frames: IntArray) -> None:
    shape, type_ = project.input.layout.shape, project.input.type
    if frames.shape[1:] != shape or not frames.size:
        raise UserError(f"frames: expected shape [N, {', '.join(map(str, shape))}], got {list(frames.shape)}")
    if frames.min() < type_.lo or frames.max() > type_.hi:
        raise UserError(f"frames: expected codes of {type_}, got {frames.min()} to {frames.max()}")


def run_test_bench(
    project: HlsProject, data: Path, mode: str = "compare"
) -> subprocess.CompletedProcess[str]:
    """Runs the project's own test bench on the vectors in `data`; its exit code is the verdict."""
    program = compiled(project)
    return subprocess.run(
        [str(program.resolve()), str(data.resolve()), mode],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )


def compiled(project: HlsProject) -> Path:
    """The simulation program of `project`, compiled if its sources are new. Weights are read when it runs."""
    program = project.folder / PROGRAM
    key_file, key = project.folder / PROGRAM_KEY, _sources_key(project)
    if program.is_file() and key_file.is_file() and key_file.read_text() == key:
        return program
    program.parent.mkdir(exist_ok=True)
    key_file.unlink(missing_ok=True)
    defines = ('-DWEIGHTS_DIR="firmware/weights"',)
    compile_program(project.sources, (_INCLUDE,), defines, PROGRAM, project.folder)
    write_atomically(key_file, key)
    return program


def _sources_key(project: HlsProject) -> str:
    result = hashlib.sha256(" ".join(FLAGS).encode())
    for path in sorted(project.files):
        if path.endswith(_COMPILED_SUFFIXES):
            result.update(f"{path} {sha256(project.folder / path)}\n".encode())
    return result.hexdigest()


def _last_words(result: subprocess.CompletedProcess[str]) -> str:
    lines = (result.stderr.strip() or result.stdout.strip()).splitlines()
    return f"{result.returncode}: {lines[-1] if lines else 'no message'}"
