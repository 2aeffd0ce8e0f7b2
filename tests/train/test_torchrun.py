"""Which process is which, and its GPU."""

from __future__ import annotations

import pytest

from twofold.errors import UserError
from twofold.train.torchrun import Started


def test_torchrun_says_which_process_this_is() -> None:
    told = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"}
    assert Started.of(told) == Started(5, 8, 1, 4)
    assert Started.of({}) == Started.of({"RANK": "3"}) == Started(0, 1, 0, 1)


def test_each_process_has_a_gpu_of_its_own() -> None:
    assert [Started(4 + rank, 8, rank, 4).gpu(4) for rank in range(4)] == [0, 1, 2, 3]
    assert Started(1, 2, 1, 2).gpu(8) == 1
    with pytest.raises(
        UserError, match=r"a GPU for each of the 4 processes, found 2; .* --nproc-per-node 2, or with CUDA"
    ):
        Started(0, 8, 0, 4).gpu(2)
