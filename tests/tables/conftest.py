from __future__ import annotations

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Batches this small are slower on two threads, above all beside other tests."""
    torch.set_num_threads(1)
