"""Sweeps as TOML files, checked key by key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from twofold.data.load import NAMES as DATA_SETS
from twofold.errors import UserError
from twofold.models.catalogue import NAMES as NETWORKS
from twofold.models.own import is_own, own_digest
from twofold.sweep.constraint import BoardBudget
from twofold.sweep.objective import Objective
from twofold.sweep.point import Point, Table
from twofold.sweep.space import Alternative, Space, alternative_of
from twofold.train.recipe_file import parsed

_FOLDER = Path(__file__).parent / "examples"
_KEYS = (
    "network",
    "data",
    "start",
    "teacher",
    "teacher_network",
    "objectives",
    "trials",
    "recipes",
    "budget",
    "space",
)
_BUDGET_KEYS = ("board", "frames_per_second")

T = TypeVar("T")


@dataclass(frozen=True)
class Sweep:
    """What is searched for, and where.

    recipes: by hand, tried first and as they are. start: as of `twofold.train.run.train`.
    teacher: the folder of a run, whose float network is found as `twofold.train.teacher.taught_by` says.
    """

    name: str
    network: str
    data: str
    objectives: tuple[Objective, ...]
    trials: int
    space: Space
    recipes: tuple[str, ...] = ()
    budget: BoardBudget | None = None
    start: Path | None = None
    teacher: Path | None = None
    teacher_network: str | None = None
    content: Table = field(default_factory=dict)

    @property
    def by_hand(self) -> tuple[Point, ...]:
        return tuple(Point(recipe, {}) for recipe in self.recipes)

    @property
    def identity(self) -> Table:
        """All that makes trials comparable, what is in a network's file too; their number may grow."""
        said = {key: value for key, value in self.content.items() if key != "trials"}
        return said | ({"network's file": own_digest(self.network)} if is_own(self.network) else {})


def sweep_names() -> tuple[str, ...]:
    """The sweeps that come with the project."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def sweep_path(name: str) -> Path:
    """The file of one of `sweep_names()`, to copy."""
    return _FOLDER / f"{name}.toml"


def sweep_named(name: str, trials: int | None = None) -> Sweep:
    """name: one of `sweep_names()`, or the path of a .toml file. trials: instead of the file's.

    Raises UserError for another name and, with file and key, for a file that is no sweep.
    """
    if name in sweep_names():
        return read_sweep(sweep_path(name), trials)
    if name.endswith(".toml"):
        return read_sweep(Path(name), trials)
    raise UserError(f"sweep: expected one of {', '.join(sweep_names())} or a .toml file, got {name!r}")


def read_sweep(path: Path, trials: int | None = None) -> Sweep:
    """A sweep with the file's name. Raises UserError, naming file and key, for what is not understood."""
    content = parsed(path)
    if trials is not None:
        content = {**content, "trials": trials}
    try:
        return _sweep(path.stem, content)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _sweep(name: str, content: Table) -> Sweep:
    _check_keys("", content, _KEYS)
    sweep = Sweep(
        name,
        _network(content.get("network", "demo")),
        _one_of("data", content.get("data", "digits"), DATA_SETS),
        _objectives(content.get("objectives", [Objective.ACCURACY, Objective.SIZE])),
        _typed("trials", _required(content, "trials"), int),
        _space(_required(content, "space")),
        tuple(_words("recipes", content.get("recipes", []))),
        _budget(content),
        _path(content, "start"),
        _path(content, "teacher"),
        _network(content["teacher_network"]) if "teacher_network" in content else None,
        content,
    )
    _check_recipes(sweep)
    _check_trials(sweep)
    return sweep


def _network(word: Any) -> str:
    return word if isinstance(word, str) and is_own(word) else _one_of("network", word, NETWORKS)


def _objectives(words: Any) -> tuple[Objective, ...]:
    chosen = _words("objectives", words)
    if not chosen or len(set(chosen)) != len(chosen):
        raise UserError(f"objectives: expected at least one and none twice, got {words}")
    return tuple(Objective(_one_of("objectives", word, list(Objective))) for word in chosen)


def _space(content: Any) -> Space:
    if not isinstance(content, list) or not content or not all(isinstance(one, dict) for one in content):
        raise UserError(f"space: expected tables [[space]], got {content!r}")
    bases = [_typed("[[space]] base", _required(one, "base", "[[space]] "), str) for one in content]
    space = Space(tuple(map(_alternative, _labels(bases), bases, content)))
    space.check()
    return space


def _labels(bases: Sequence[str]) -> list[str]:
    """The recipes' names, numbered from the second of a name on."""
    seen: Counter[str] = Counter()
    labels = []
    for stem in (Path(base).stem for base in bases):
        seen[stem] += 1
        labels.append(stem if seen[stem] == 1 else f"{stem}-{seen[stem]}")
    return labels


def _alternative(label: str, base: str, content: Table) -> Alternative:
    return alternative_of(label, base, {key: value for key, value in content.items() if key != "base"})


def _budget(content: Table) -> BoardBudget | None:
    if "budget" not in content:
        return None
    table = content["budget"]
    _check_keys("budget", table, _BUDGET_KEYS)
    target = table.get("frames_per_second")
    if target is not None and (isinstance(target, bool) or not isinstance(target, int | float)):
        raise UserError(f"[budget] frames_per_second: expected a number, got {target!r}")
    try:
        return BoardBudget(_typed("board", _required(table, "board", "[budget] "), str), target)
    except UserError as error:
        raise UserError(f"[budget] {error}") from error


def _check_recipes(sweep: Sweep) -> None:
    keys = Counter(point.key for point in sweep.by_hand)
    if any(count > 1 for count in keys.values()):
        raise UserError(f"recipes: expected recipes that differ, got {', '.join(sweep.recipes)}")


def _check_trials(sweep: Sweep) -> None:
    if sweep.trials < max(1, len(sweep.recipes)):
        raise UserError(
            f"trials: expected at least 1, and {len(sweep.recipes)} for the recipes, got {sweep.trials}"
        )
    count = sweep.space.count
    if count is not None and sweep.trials > count + len(sweep.recipes):
        raise UserError(
            f"trials: expected at most {count + len(sweep.recipes)}, as many as there are points in the "
            f"space and recipes, got {sweep.trials}"
        )


def _path(content: Table, key: str) -> Path | None:
    return Path(_typed(key, content[key], str)) if key in content else None


def _words(key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise UserError(f"{key}: expected a list of words, got {value!r}")
    return [str(word) for word in value]


def _one_of(key: str, value: Any, words: Collection[str]) -> str:
    if value not in words:
        raise UserError(f"{key}: expected one of {', '.join(words)}, got {value!r}")
    return str(value)


def _typed(key: str, value: Any, kind: type[T]) -> T:
    if type(value) is not kind:
        raise UserError(f"{key}: expected {_WORDS[kind]}, got {value!r}")
    return value


def _required(table: Mapping[str, Any], key: str, where: str = "") -> Any:
    if key not in table:
        raise UserError(f"{where}{key}: expected, not found")
    return table[key]


def _check_keys(section: str, content: Any, known: Collection[str]) -> None:
    if not isinstance(content, dict):
        raise UserError(f"{section}: expected a table [{section}], got {content!r}")
    for key in content:
        if key not in known:
            raise UserError(
                f"{f'[{section}] ' if section else ''}{key}: unknown; expected one of {', '.join(known)}"
            )


_WORDS = {int: "a whole number", str: "a word in quotes"}
