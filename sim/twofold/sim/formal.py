"""Proofs by satisfiability: that two descriptions of a function are one, and that a rule is never broken."""

from __future__ import annotations

import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from amaranth.lib import wiring

from twofold.rtl.verilog import to_rtlil
from twofold.rtl.yosys import YosysError, run_yosys

TOP = "miter"
OUTPUT = "ok"

# A feed-forward pipeline computes what its logic computes without the registers. Yosys makes the reset of a
# register of any multiplexer in front of it that may give a constant, so resets stay.
_WIRES = """
(* techmap_celltype = "$dff $dffe" *)
module wires (CLK, EN, D, Q);
  parameter WIDTH = 0, CLK_POLARITY = 1, EN_POLARITY = 1;
  input CLK, EN;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  assign Q = D;
endmodule
(* techmap_celltype = "$sdff $sdffe $sdffce" *)
module gates (CLK, EN, SRST, D, Q);
  parameter WIDTH = 0, CLK_POLARITY = 1, EN_POLARITY = 1, SRST_POLARITY = 1;
  parameter [WIDTH-1:0] SRST_VALUE = 0;
  input CLK, EN, SRST;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  assign Q = SRST == SRST_POLARITY ? SRST_VALUE : D;
endmodule
"""
_RESET = re.compile(r"^\s*wire .*\binput \d+\s+\\rst$", re.MULTILINE)
_VALUE = re.compile(r"^\s*\\(\w+)\s+(-?\d+)\s")
_SOLVED = "SAT proof finished - no model found: SUCCESS!"
_REFUTED = "SAT proof finished - model found: FAIL!"
_INDUCED = "Induction step proven: SUCCESS!"
_REACHED = "SAT solving finished - model found:"
_NOT_INDUCED = ("model found for base case: FAIL!", "Reached maximum number of time steps -> proof failed.")


class ProofError(Exception):
    """A proof that ended neither way: the time was over, or Yosys failed. Never a pass."""


@dataclass(frozen=True)
class Proof:
    """holds: `ok` is 1 for all inputs. counterexample: otherwise, inputs for which it is 0."""

    holds: bool
    counterexample: dict[str, int]
    seconds: float


def prove(miter: wiring.Component, *, models: str = "", time_limit: float = 120.0) -> Proof:
    """Whether output `ok` of a component is 1 for all values of its inputs.

    Registers are taken for wires and their enables for granted, and the reset is off, so the component
    must be combinational, or a pipeline without feedback whose inputs stay the same; memories must not
    reach `ok`.
    models: Verilog of the primitives that it instantiates. time_limit: seconds. Raises ProofError when
    there is no answer.
    """
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        log = _solve(miter, models, Path(folder), time_limit)
    seconds = round(time.monotonic() - begin, 2)
    if _SOLVED in log:
        return Proof(True, {}, seconds)
    if _REFUTED in log:
        values = (_VALUE.match(line) for line in log.partition(_REFUTED)[2].splitlines())
        return Proof(False, {found[1]: int(found[2]) for found in values if found}, seconds)
    raise ProofError(f"no answer after {seconds} s: {' | '.join(log.strip().splitlines()[-3:])}")


def prove_always(miter: wiring.Component, *, steps: int = 8, time_limit: float = 120.0) -> bool:
    """Whether output `ok` of a component is 1 in every cycle from power-up on, for all inputs ever.

    Only runs count in which output `assumed` is 1 all the time and the reset is off. By induction over
    `steps` cycles at most: a rule that holds by what these do not show is refuted too. time_limit: seconds.
    Raises ProofError when there is no answer, and when none of these runs has output `reached` at 1 in cycle
    `steps`: what the rule is about must come about, or its proof says nothing.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "miter.il").write_text(to_rtlil(miter, TOP))
        commands = ["read_rtlil miter.il", f"hierarchy -top {TOP}", "proc -norom", "flatten", "opt -full"]
        runs = "-set assumed 1 -set rst 0"
        commands += [
            "check -assert",
            f"sat -tempinduct -maxsteps {steps} -prove {OUTPUT} 1 {runs} {TOP}",
            f"sat -seq {steps} -set-at {steps} reached 1 {runs} {TOP}",
        ]
        log = _log(commands, folder, time_limit)
    if any(refuted in log for refuted in _NOT_INDUCED):
        return False
    if _INDUCED in log and _REACHED not in log:
        raise ProofError(f"expected a run in which `reached` is 1 in cycle {steps}, found none")
    if _INDUCED in log:
        return True
    raise ProofError(f"no answer: {' | '.join(log.strip().splitlines()[-3:])}")


def _solve(miter: wiring.Component, models: str, folder: Path, time_limit: float) -> str:
    design = to_rtlil(miter, TOP)
    (folder / "miter.il").write_text(design)
    (folder / "wires.v").write_text(_WIRES)
    (folder / "models.v").write_text(models)
    commands = [
        "read_rtlil miter.il",
        "read_verilog models.v",
        f"hierarchy -top {TOP}",
        "proc -norom",
        "flatten",
        "setattr -unset init w:*",
        "opt -full",
    ]
    commands += ["techmap -map wires.v", "opt -full", "check -assert"]
    no_reset = "-set rst 0" if _RESET.search(design) else ""
    commands += [f"sat -prove {OUTPUT} 1 {no_reset} -show-inputs {TOP}"]
    return _log(commands, folder, time_limit)


def _log(commands: list[str], folder: Path, time_limit: float) -> str:
    try:
        return run_yosys(commands, folder, time_limit=time_limit)
    except YosysError as error:
        raise ProofError(f"no answer: {error}") from error
