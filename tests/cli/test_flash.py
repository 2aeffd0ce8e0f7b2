from __future__ import annotations

import json
from pathlib import Path

import pytest

from twofold.boards import flash, openfpgaloader, ssh
from twofold.boards.flash import Files
from twofold.boards.ssh import Outcome

NAMES = ("program.json", "twofold.bit", "manifest.json")


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(Path("p/board"), NAMES, Path("p/board/twofold.bit"))
    monkeypatch.setattr(flash, "checked_files", lambda project, board: files)


def test_a_dry_run_says_each_step(run) -> None:
    result = run("flash", "p", "--board", "pynq-z2", "--dry-run")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "connect to xilinx@pynq:22, whose host key must be known"
    copies = [f"copy p/board/{name} to /home/xilinx/jupyter_notebooks/twofold/{name}" for name in NAMES]
    assert [line for line in lines if line.startswith("copy ")] == copies
    result = run("flash", "p", "--board", "arty-a7-100t", "--dry-run")
    assert result.stdout.strip() == "openFPGALoader --board arty_a7_100t p/board/twofold.bit"


def test_a_boards_own_image_says_where_the_files_go(run) -> None:
    lines = run("flash", "p", "--board", "kv260", "--dry-run").stdout.splitlines()
    assert lines[0] == "connect to ubuntu@kria:22, whose host key must be known"
    assert lines[1].endswith(" to /home/root/jupyter_notebooks/twofold/program.json")
    words = ("--host", "10.0.0.2", "--user", "root", "--port", "2222", "--folder", "/opt/net", "--dry-run")
    lines = run("flash", "p", "--board", "kv260", *words).stdout.splitlines()
    assert lines[0] == "connect to root@10.0.0.2:2222, whose host key must be known"
    assert lines[1].endswith(" to /opt/net/program.json")


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_the_self_tests_result_is_shown(
    run, monkeypatch: pytest.MonkeyPatch, passed: bool, code: int
) -> None:
    monkeypatch.setattr(ssh, "flash_over_ssh", lambda *_: Outcome(passed, "conv differs first"))
    result = run("flash", "p", "--board", "pynq-z2")
    assert result.exit_code == code
    assert result.stdout.strip() == f"self-test {'passed' if passed else 'failed'}: conv differs first"
    document = json.loads(run("flash", "p", "--board", "pynq-z2", "--json").stdout)
    assert (document["passed"], document["said"]) == (passed, "conv differs first")
    assert document["steps"][-1] == "run the self-test as root and show its result"


def test_the_loaders_words_are_shown(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openfpgaloader, "load_over_jtag", lambda *_: "Load SRAM: done")
    command = "openFPGALoader --board arty_a7_100t p/board/twofold.bit"
    words = ("flash", "p", "--board", "arty-a7-100t")
    assert run(*words).stdout.splitlines() == [command, "Load SRAM: done"]
    assert json.loads(run(*words, "--json").stdout) == {
        "board": "arty-a7-100t", "dry_run": False, "steps": [command], "said": "Load SRAM: done",
        "passed": None,
    }  # fmt: skip


def test_a_dry_run_as_json_has_the_same_steps(run) -> None:
    words = ("flash", "p", "--board", "pynq-z2", "--dry-run")
    document = json.loads(run(*words, "--json").stdout)
    assert document["steps"] == run(*words).stdout.splitlines()
    assert (document["dry_run"], document["said"], document["passed"]) == (True, None, None)
