"""Two processes that train one model: as one process would, and one of them writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch

from twofold.train.checkpoint import Checkpoint
from twofold.train.processes import ALONE, Processes, backend
from twofold.train.result import checkpoint_path

RUN = """
import os
import sys
from pathlib import Path

import torch

from twofold.cli.progress_bars import Lines
from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.models.demo import DemoNet
from twofold.train.recipe import Budget
from twofold.train.run import train
from twofold.train.settings import Adam, Fit

torch.set_num_threads(1)
few = Dataset("digits", *(part.take(slice(96)) for part in load("digits").parts))
torch.manual_seed(0)
network, fit = DemoNet(widths=(4, 6)), Fit(2, Adam(1e-3), batch=33)
budget = Budget(fit, fit, fit, fit)
result = train("int8", few, Path(sys.argv[1]), 0, Lines(), network, budget)
torch.save(result.module.state_dict(), Path(sys.argv[1]) / f"of_process_{os.environ['RANK']}.pt")
"""


def test_a_batch_is_shared() -> None:
    index = torch.arange(7)
    shares = [Processes(rank, 3).share(index) for rank in range(3)]
    assert torch.equal(torch.cat(shares).sort().values, index)
    weights = [Processes(rank, 3).part_of_loss(len(share), 7) for rank, share in enumerate(shares)]
    assert sum(weights) == 3, "the mean of all weights is one"
    assert torch.equal(ALONE.share(index), index)
    assert [Processes(rank, 2).writes for rank in range(2)] == [True, False]


def test_gpus_talk_through_nccl_where_there_is_one() -> None:
    assert backend("cuda", nccl=True) == "cpu:gloo,cuda:nccl"
    assert backend("cuda", nccl=False) == backend("cpu", nccl=True) == "gloo"


def test_two_processes_end_with_the_same_weights(tmp_path: Path) -> None:
    script, folder = tmp_path / "run.py", tmp_path / "trained"
    script.write_text(RUN)
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script), str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("train float ...") == 1, "the first process tells alone"
    first, second = (torch.load(folder / f"of_process_{rank}.pt") for rank in range(2))
    assert set(first) == set(second)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert (folder / "model.onnx").is_file()
    written = Checkpoint.read(checkpoint_path(folder))
    assert [len(written.history[stage]) for stage in ("float", "quantised", "folded")] == [2, 2, 2]
