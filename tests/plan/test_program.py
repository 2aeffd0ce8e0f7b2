"""Programs on disk, and the host's side of frames and results."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.plan.memory.layout import pack
from twofold.plan.program import Program
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.rtl.geometry import PeName
from twofold.rtl.isa import INSTRUCTION_BYTES


def test_what_is_saved_is_loaded(program: Program, tmp_path: Path) -> None:
    program.save(tmp_path / "new" / "folder")
    again = Program.load(tmp_path / "new" / "folder")
    assert again.description() == program.description()
    assert (again.code, again.image) == (program.code, program.image)


def test_a_program_of_pairs_is_loaded(network: Network, tmp_path: Path) -> None:
    geometry = propose(network, beside=PeName.INT8_DSP)
    program = plan(network, geometry)
    assert any(step.fields.get("paired") for step in program.instructions)
    program.save(tmp_path)
    assert Program.load(tmp_path).geometry == geometry


def test_code_is_the_instructions_in_order(program: Program) -> None:
    size = INSTRUCTION_BYTES
    assert len(program.code) == size * len(program.instructions)
    for index, instruction in enumerate(program.instructions):
        assert program.code[index * size : (index + 1) * size] == instruction.encoded()


def test_regions_follow_each_other_and_are_whole_beats(program: Program) -> None:
    end = 0
    for region in program.outputs:
        assert region.offset == end
        end += region.bytes(program.geometry.lanes)
        assert end % 8 == 0
    assert program.output_stride == end


def test_results_are_taken_apart_frame_by_frame(program: Program) -> None:
    rng = np.random.default_rng(1)
    lanes, frames, expected, rows = program.geometry.lanes, 3, {}, []
    for region in program.outputs:
        map_ = region.map
        low = -(1 << (region.item_bits - 1)) if map_.signed else 0
        shape = (frames, map_.channels, map_.height, map_.width)
        expected[map_.name] = rng.integers(low, low + (1 << region.item_bits), shape)
        words = pack(expected[map_.name], lanes, np.dtype(f"<u{region.item_bits // 8}"))
        rows.append(words.reshape(frames, -1).view(np.uint8))
    results = program.unpack_results(np.concatenate(rows, axis=1).tobytes(), frames)
    assert results.keys() == expected.keys()
    for name, values in expected.items():
        assert np.array_equal(results[name], values), name


def test_frames_are_packed_one_after_the_other(program: Program) -> None:
    frames = np.random.default_rng(2).integers(0, 256, (2, 3, 6, 5))
    data = program.pack_frames(frames)
    assert len(data) == 2 * program.input_stride
    assert data[program.input_stride :] == program.pack_frames(frames[1:])


def test_cycles_grow_by_the_frame(program: Program) -> None:
    assert program.predicted_cycles(5) - program.predicted_cycles(4) == program.frame_cycles
    assert program.predicted_cycles(1) == program.setup_cycles + program.last_frame_cycles


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def apply(text: str) -> str:
        content = json.loads(text)
        change(content)
        return json.dumps(content)

    return apply


HOSTILE: dict[str, Callable[[str], str]] = {
    "no JSON": lambda text: text[:-9],
    "no object": lambda _: "[1]",
    "null": lambda _: "null",
    "deep": lambda _: "[" * 100_000,
    "missing": changed(lambda content: content.pop("name")),
    "opcode": changed(lambda content: content["instructions"][0].update(opcode="JUMP")),
    "field": changed(lambda content: content["instructions"][0].update(fields={})),
    "value": changed(lambda content: content["instructions"][0]["fields"].update(words=1 << 20)),
    "text": changed(lambda content: content["instructions"][0]["fields"].update(words="1")),
    "kind": changed(lambda content: content["geometry"].update(kinds=["abacus"])),
    "beside": changed(lambda content: content["geometry"].update(beside="abacus")),
    "more": changed(lambda content: content["geometry"].update(colour="red")),
    "map": changed(lambda content: content["outputs"][0]["map"].update(channels=-1)),
    "item": changed(lambda content: content["outputs"][0].update(item_bits=7)),
    "list": changed(lambda content: content.update(input=[])),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_other_files_are_refused_in_one_line(case: str, program: Program, tmp_path: Path) -> None:
    program.save(tmp_path)
    path = tmp_path / "program.json"
    path.write_text(HOSTILE[case](path.read_text()))
    with pytest.raises(UserError, match=r"expected a program written by twofold, found") as caught:
        Program.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_another_format_is_named(program: Program, tmp_path: Path) -> None:
    program.save(tmp_path)
    path = tmp_path / "program.json"
    path.write_text(path.read_text().replace("twofold program 8", "twofold program 9"))
    with pytest.raises(UserError, match="expected the format 'twofold program 8', found 'twofold program 9'"):
        Program.load(tmp_path)


def test_a_geometry_out_of_range_is_refused_by_its_field(program: Program, tmp_path: Path) -> None:
    program.save(tmp_path)
    path = tmp_path / "program.json"
    path.write_text(changed(lambda content: content["geometry"].update(lanes=3))(path.read_text()))
    with pytest.raises(UserError, match="lanes: expected a multiple of 8 from 8 to 32, got 3"):
        Program.load(tmp_path)


def test_code_of_another_program_is_refused(program: Program, tmp_path: Path) -> None:
    program.save(tmp_path)
    replace(program, instructions=program.instructions[1:]).save(tmp_path / "other")
    (tmp_path / "code.bin").write_bytes((tmp_path / "other" / "code.bin").read_bytes())
    with pytest.raises(
        UserError, match=r"code\.bin: expected the instructions of program\.json, found others"
    ):
        Program.load(tmp_path)


@pytest.mark.parametrize("name", ["program.json", "image.bin", "code.bin"])
def test_missing_files_are_refused(name: str, program: Program, tmp_path: Path) -> None:
    program.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(UserError, match=f"expected a program written by twofold, found .*{name}"):
        Program.load(tmp_path)
