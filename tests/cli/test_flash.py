from __future__ import annotations

from pathlib import Path

import pytest

from twofold.boards import flash, ssh
from twofold.boards.flash import Files
from twofold.boards.ssh import Outcome

NAMES = ("program.json", "twofold.bit", "manifest.json")


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(Path("p/board"), NAMES, Path("p/board/twofold.bit"))
    monkeypatch.setattr(flash, "checked_files", lambda project, board: files)


def test_a_dry_run_says_each_step(run) -> None:
    result = run("flash", "p", "--board", "pynq-z2", "--host", "pynq", "--dry-run")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "connect to xilinx@pynq:22, whose host key must be known"
    copies = [f"copy p/board/{name} to /home/xilinx/twofold/{name}" for name in NAMES]
    assert [line for line in lines if line.startswith("copy ")] == copies
    result = run("flash", "p", "--board", "arty-a7-100t", "--dry-run")
    assert result.stdout.strip() == "openFPGALoader --board arty_a7_100t p/board/twofold.bit"


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_the_self_tests_result_is_shown(
    run, monkeypatch: pytest.MonkeyPatch, passed: bool, code: int
) -> None:
    monkeypatch.setattr(ssh, "flash_over_ssh", lambda *_: Outcome(passed, "conv differs first"))
    result = run("flash", "p", "--board", "pynq-z2")
    assert result.exit_code == code
    assert result.stdout.strip() == f"self-test {'passed' if passed else 'failed'}: conv differs first"
