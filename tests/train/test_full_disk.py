"""Training on a file system that has become full, a small tmpfs in a namespace of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

#: Fills the disk after each stage's epoch, then empties it and goes on. argv: the disk, a folder elsewhere.
RUN = """
import json, sys
from contextlib import contextmanager
from pathlib import Path
import torch
from twofold.data.dataset import Dataset
from twofold.data.load import load
from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.progress import SILENT
from twofold.train.checkpoint import Checkpoint
from twofold.train.pictures import Pictures
from twofold.train.recipe import Budget
from twofold.train.result import checkpoint_path
from twofold.train.run import train
from twofold.train.settings import Adam, Fit

disk, elsewhere = map(Path, sys.argv[1:])
folder, ballast = disk / "run", disk / "ballast"
few = Dataset("digits", *(part.take(slice(64)) for part in load("digits").parts))
fit = Fit(1, Adam(1e-3), batch=32)


class FillingAfterAnEpoch:
    @contextmanager
    def task(self, name, total=None):
        def advance(steps=1, note=""):
            if note:
                fill()
        yield advance


def fill():
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                pass


def run(folder, progress):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = DemoNet(widths=(4, 6))
    journal = Pictures(folder)
    return train("int8", few, folder, 0, progress, network, Budget(fit, fit, fit, fit), journal=journal)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.suffix in (".onnx", ".svg")}


whole = run(elsewhere / "run", SILENT)
told = []
for stage in ("float", "quantised", "folded"):
    try:
        run(folder, FillingAfterAnEpoch())
        told.append("no error")
    except UserError as error:
        told.append(str(error))
    Checkpoint.read(checkpoint_path(folder))
    left = [path.name for path in folder.rglob(".*")]
    ballast.unlink()
again = run(folder, SILENT)
same = all(
    torch.equal(value, Checkpoint.read(checkpoint_path(whole.folder)).finished[stage][name])
    for stage, weights in Checkpoint.read(checkpoint_path(folder)).finished.items()
    for name, value in weights.items()
)
same &= again.onnx.read_bytes() == whole.onnx.read_bytes()
print(json.dumps({"told": told, "left": left, "same": same}))
"""
MOUNTED = 'mount -t tmpfs -o size=2m none "$0" && exec "$@"'


def in_own_namespace(*command: str) -> subprocess.CompletedProcess[str]:
    unshared = ("unshare", "--user", "--map-root-user", "--mount", *command)
    return subprocess.run(unshared, capture_output=True, text=True, check=False)


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    tried = in_own_namespace("sh", "-c", MOUNTED, str(disk), "true")
    if tried.returncode:
        pytest.skip(f"this machine lets no user mount a tmpfs: {tried.stderr.strip()}")
    script = ("sh", "-c", MOUNTED, str(disk), sys.executable, "-c", RUN, str(disk), str(tmp_path))
    done = in_own_namespace(*script)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found["told"]) == 3
    for message in found["told"]:
        assert "No space left on device" in message and "run the same command again" in message
    assert found["same"] and not found["left"]
