"""The study of a sweep: opened by every process that works on it, whichever comes first."""

from __future__ import annotations

import warnings
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import TPESampler
from optuna.storages import BaseStorage
from optuna.study import Study

from twofold.errors import UserError
from twofold.sweep.sweep_file import Sweep

_IDENTITY = "sweep"
#: Trials that are drawn at random before the sampler learns from them: this share of all, at most ten.
_STARTUP_SHARE, _STARTUP = 3, 10
#: How many seeds NumPy's generator has.
_SEEDS = 1 << 32


def open_study(sweep: Sweep, storage: BaseStorage, seed: int, data: str) -> Study:
    """The sweep's study in a storage, made if there is none; named after the sweep.

    data: fingerprint of the data set. Raises UserError if the storage holds another sweep of that name, or
    the same one of another seed or other data.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study = optuna.create_study(
            study_name=sweep.name,
            storage=storage,
            sampler=sampler_for(sweep, seed, 0),
            directions=[objective.direction for objective in sweep.objectives],
            load_if_exists=True,
        )
    identity = {**sweep.identity, "seed": seed, "data fingerprint": data}
    if _IDENTITY not in study.user_attrs:
        study.set_user_attr(_IDENTITY, identity)
    _check_identity(sweep.name, study.user_attrs[_IDENTITY], identity)
    return study


def _check_identity(name: str, known: dict[str, Any], identity: dict[str, Any]) -> None:
    other = sorted(key for key in known.keys() | identity.keys() if known.get(key) != identity.get(key))
    if other:
        raise UserError(
            f"study {name!r}: expected the sweep that it was begun with, found another {', '.join(other)}; "
            "rename the sweep file, or use another storage"
        )


def sampler_for(sweep: Sweep, seed: int, slot: int) -> TPESampler:
    """Tree-structured Parzen estimators (Bergstra et al., NIPS 2011; several objectives: Ozaki et al., JAIR
    73, 2022).

    Each parameter by itself, as an alternative has parameters that another has not. The same draws for the
    same seed, slot and finished trials.
    """
    startup = min(_STARTUP, max(1, sweep.trials // _STARTUP_SHARE))
    mixed = (seed * 100_003 + slot) % _SEEDS
    return TPESampler(seed=mixed, multivariate=False, n_startup_trials=startup)
