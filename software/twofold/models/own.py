"""A network of the user's, by file and name."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from twofold.errors import UserError


def is_own(text: str) -> bool:
    """Whether `text` is FILE.py:NAME."""
    return ".py:" in text


def own_digest(text: str) -> str:
    """Hex digest of the file of FILE.py:NAME. Raises UserError if there is none."""
    return hashlib.sha256(_split(text)[0].read_bytes()).hexdigest()


def own_network(text: str, seed: int) -> nn.Module:
    """The network NAME of FILE.py: a module, or a class or function that gives one without arguments.

    The file is executed, and may import what lies beside it. Weights are equal for equal seeds; the global
    generator is left alone. Raises UserError for what is missing, for what is no network, and for a file that
    fails, with its reason.
    """
    file, name = _split(text)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        found = getattr(_executed(file), name, None)
        if found is None:
            raise UserError(f"{file}: expected a network {name!r}, found none of that name")
        network = found if isinstance(found, nn.Module) or not callable(found) else _made(found, text)
    if not isinstance(network, nn.Module):
        raise UserError(f"{text}: expected a torch.nn.Module or what gives one, got {type(network).__name__}")
    return network


def _split(text: str) -> tuple[Path, str]:
    file, _, name = text.rpartition(":")
    if not Path(file).is_file():
        raise UserError(f"{file}: expected a Python file with a network, found none")
    return Path(file), name


def _executed(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(f"twofold_own_{path.stem}", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module  # where dataclasses look their annotations up
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{path}: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    return module


def _made(maker: object, text: str) -> object:
    assert callable(maker)
    try:
        made: object = maker()
    except Exception as error:
        raise UserError(
            f"{text}: expected what can be called without arguments, got {type(error).__name__}: {error}"
        ) from error
    return made
