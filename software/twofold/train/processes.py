"""Several processes, started by torchrun, that train one model together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from twofold.train.torchrun import Started

_SEEDS_APART = 1_000_000_007


@dataclass(frozen=True)
class Processes:
    """This process is number `rank` of `count`; number 0 is the one that writes files."""

    rank: int = 0
    count: int = 1

    @property
    def writes(self) -> bool:
        return self.rank == 0

    def share(self, index: Tensor) -> Tensor:
        """This process's part of a batch of indices."""
        return index[self.rank :: self.count]

    def part_of_loss(self, own: int, whole: int) -> float:
        """Weight of a mean over `own` images, so that averaged gradients are those of a mean over `whole`."""
        return own * self.count / whole

    def seed_apart(self, seed: int) -> None:
        """Gives every process but the first random numbers of its own."""
        if self.rank:
            torch.manual_seed(seed + self.rank * _SEEDS_APART)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replaces each tensor by its mean over all processes, in place."""
        if self.count == 1 or not tensors:
            return
        flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
        dist.all_reduce(flat)
        means = (flat / self.count).split([tensor.numel() for tensor in tensors])
        for tensor, mean in zip(tensors, means, strict=True):
            tensor.copy_(mean.view_as(tensor))

    def average_gradients(self, model: nn.Module) -> None:
        self.average([p.grad for p in model.parameters() if p.grad is not None])

    def average_statistics(self, model: nn.Module) -> None:
        """Makes running means and variances, which each process takes from its own images, the same."""
        self.average([buffer for buffer in model.buffers() if buffer.is_floating_point()])

    def wait(self) -> None:
        """Returns when every process has come here."""
        if self.count > 1:
            dist.barrier()


ALONE = Processes()


def backend(device: str, nccl: bool) -> str:
    """What carries tensors between processes that train on `device`: of a GPU NCCL, if PyTorch has it; gloo
    otherwise, and for the few tensors that are on the CPU in any case."""
    return "cpu:gloo,cuda:nccl" if device == "cuda" and nccl else "gloo"


@contextmanager
def joined(device: str = "cpu") -> Iterator[Processes]:
    """The processes that torchrun started this one with; a process that it did not start is alone.

    device: "cpu" or "cuda", what they train on; a GPU becomes the process's current one first. Raises
    UserError if this machine has fewer GPUs than processes.
    """
    started = Started.of(os.environ)
    if started.count == 1 or not dist.is_available():
        yield ALONE
        return
    if dist.is_initialized():
        yield Processes(dist.get_rank(), dist.get_world_size())
        return
    if device == "cuda":
        torch.cuda.set_device(started.gpu(torch.cuda.device_count()))
    dist.init_process_group(backend(device, dist.is_nccl_available()))
    try:
        yield Processes(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
