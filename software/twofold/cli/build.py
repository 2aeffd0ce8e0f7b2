"""`twofold build`: a model as a project that the vendor's tools build."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twofold.cli.choices import Approximate, Backend, HlsFlow, HlsIo, HlsStrategy, Model
from twofold.cli.output import print_json, print_rich, results_only

if TYPE_CHECKING:
    from rich.table import Table

    from twofold.boards.choose import Prediction
    from twofold.boards.vivado_reports import Implemented
    from twofold.building.hls_choices import HlsPrediction

EXAMPLE = "Example: twofold build model.onnx --board pynq-z2 --target-fps 5000 --out build/pynq"
_JOBS = 4


Out = Annotated[Path, typer.Option("--out", help="The folder to write.")]
BoardName = Annotated[str, typer.Option("--board", help="The board to build for.")]
Road = Annotated[Backend, typer.Option("--backend", help="rtl: the engine. hls: hls4ml's network.")]
TargetFps = Annotated[
    float | None, typer.Option("--target-fps", help="Frames a second that must be predicted.")
]
WriteOnly = Annotated[bool, typer.Option("--write-only", help="Do not run Vivado, even if it is on PATH.")]
Flow = Annotated[
    HlsFlow, typer.Option("--flow", help="hls: hls4ml's backend. VivadoAccelerator and Kernel add AXI.")
]
Io = Annotated[
    HlsIo, typer.Option("--io", help="hls: tensors between layers as streams, or whole in registers.")
]
Strategy = Annotated[
    HlsStrategy, typer.Option("--strategy", help="hls: how layers multiply; budget fits the device.")
]
Part = Annotated[
    str | None, typer.Option("--part", help="hls: in place of the board's, with a strategy without budget.")
]
ClockNs = Annotated[
    float | None, typer.Option("--clock-ns", help="hls: the clock's period, in place of the board's.")
]


def build(
    model: Model,
    out: Out,
    board: BoardName = "pynq-z2",
    backend: Road = Backend.RTL,
    target_fps: TargetFps = None,
    write_only: WriteOnly = False,
    flow: Flow = HlsFlow.VITIS,
    io: Io = HlsIo.STREAM,
    strategy: Strategy = HlsStrategy.BUDGET,
    part: Part = None,
    clock_ns: ClockNs = None,
    approximate: Approximate = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write a complete project for a board: sources, scripts, memory images and runtime.

    Prints what is predicted. With Vivado on PATH the bitstream is built too, and what it takes is printed
    beside; without, the commands to run are printed.
    """
    with results_only():
        import twofold.api as api
        from twofold.cli.progress_bars import shown

        progress = shown()
        hls = api.HlsChoices(str(flow), str(io), str(strategy), part, clock_ns)
        made = api.build(model, board, str(backend), out, progress, approximate, target_fps, hls)
        has_project = backend is Backend.RTL or flow is HlsFlow.KERNEL
        built = _implemented(out) if has_project and not write_only else None
    written = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    if json:
        head = {"folder": str(out), "board": board, "backend": str(backend), "files": written}
        print_json(head | made.as_json() | {"implemented": asdict(built) if built else None})
        return
    print_rich(f"wrote {len(written)} files to {out}")
    print_rich(made.exactness.line, *made.host.lines)
    print_rich(_prediction(made.prediction))
    if backend is Backend.RTL and target_fps is None:
        print_rich(f"smallest engine; twofold boards --for {model} has the fastest, for --target-fps")
    if has_project:
        _print_result(out, built)


def _prediction(predicted: Prediction | HlsPrediction) -> Table | str:
    from twofold.building.hls_choices import HlsPrediction
    from twofold.cli.predictions import prediction_table

    if isinstance(predicted, HlsPrediction):
        return predicted.line
    return prediction_table({predicted.board.name: predicted})


def _implemented(out: Path) -> Implemented | None:
    """What Vivado reports, if it is there."""
    from twofold.boards.implement import implement, missing_tools
    from twofold.cli.progress_bars import shown

    return None if missing_tools(out) else implement(out, _JOBS, shown())


def _print_result(out: Path, built: Implemented | None) -> None:
    from twofold.boards.implement import commands

    if built is None:
        print_rich("To build the bitstream, with the tools on PATH:", *commands(out, _JOBS))
        return
    print_rich(
        f"Vivado, the whole design: {built.lut:,} LUT, {built.ff:,} FF, {built.dsp} DSP, "
        f"{built.bram36:g} BRAM36; worst slack {built.slack_ns} ns"
    )
