"""Tables in the documentation say what the code says."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import torch
import typer
from amaranth.hdl import Shape
from amaranth.lib.data import StructLayout

from twofold.boards.board_file import board_names, load_board
from twofold.boards.listing import COLUMNS, row
from twofold.boards.vivado_check.properties import PROPERTIES, VLNV
from twofold.cli.main import app
from twofold.cli.predictions import COLUMNS as COLUMNS_OF_PREDICTIONS
from twofold.data.dataset import Dataset, Images
from twofold.network.host import HostWork, ImageReading
from twofold.network.ops import ALL_OPS, Op
from twofold.qonnx.importer.page import with_table
from twofold.rtl.bus.engine_registers import engine_registers
from twofold.rtl.control.run_errors import CAUSES
from twofold.rtl.isa import LAYER, TRANSFER
from twofold.train.options import FitOptions
from twofold.train.recipe import Budget
from twofold.train.recipe_file import recipe_names, recipe_of

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
TOML_BLOCK = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CELL_BORDER = re.compile(r"(?<!\\)\|")
NAME = re.compile(r"`([^`]+)`")
REGISTERS = engine_registers(8, 8).registers
MAIN = typer.main.get_command(app)
VERBS = MAIN.commands  # type: ignore[attr-defined]


def rows(page: str, *header: str) -> list[list[str]]:
    """The rows of each table of a page that begins with these columns."""
    found, inside = [], False
    for line in (DOCS / page).read_text().splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in CELL_BORDER.split(line)[1:-1]]
        if tuple(cells[: len(header)]) == header:
            inside = True
        elif not cells:
            inside = False
        elif inside and not set(line) <= set("|- "):
            found.append(cells)
    assert found, f"{page}: expected a table with the columns {header}"
    return found


def section(page: str, heading: str) -> str:
    """What is between a heading and the next one of its rank."""
    text = (DOCS / page).read_text()
    rank = heading.split(" ")[0]
    return text.partition(f"\n{heading}\n")[2].partition(f"\n{rank} ")[0]


def bits(low: int, width: int) -> str:
    return str(low) if width == 1 else f"{low}–{low + width - 1}"


def layout_rows(layout: StructLayout) -> list[list[str]]:
    table = []
    for name in layout.members:
        shape = Shape.cast(layout[name].shape)
        sign = "s" if shape.signed else "u"
        table.append([f"`{name}`", bits(layout[name].offset, shape.width), f"{sign}{shape.width}"])
    return table


def test_instruction_fields() -> None:
    found = [row[:3] for row in rows("engine-program.md", "field", "bits", "type")]
    assert found == layout_rows(TRANSFER) + layout_rows(LAYER)


def test_keys_of_the_hosts_work() -> None:
    named = {name for row in rows("boards.md", "key of `host`", "what") for name in NAME.findall(row[0])}
    parts = {f"images.{field.name}" for field in fields(ImageReading)}
    assert named == {field.name for field in fields(HostWork)} | parts


def test_registers() -> None:
    expected = [
        [f"0x{r.offset:02X}", f"`{r.name}`", str(r.access), f"0x{r.reset:X}", r.doc] for r in REGISTERS
    ]
    assert rows("engine-program.md", "offset", "register") == expected


def test_register_fields() -> None:
    expected = [
        [f"`{register.name}`", f"`{field.name}`", bits(field.low, field.width), field.doc]
        for register in REGISTERS
        for field in register.fields
    ]
    assert rows("engine-program.md", "register", "field") == expected


def test_causes_of_errors() -> None:
    expected = [[str(int(cause)), f"`{cause.name}`", doc] for cause, doc in CAUSES.items()]
    assert rows("engine-program.md", "code", "cause") == expected


def test_ops_and_their_fields() -> None:
    common = {field.name for field in fields(Op)}
    expected = {kind.__name__: {f.name for f in fields(kind)} - common for kind in ALL_OPS}
    found = {NAME.findall(row[0])[0]: set(NAME.findall(row[1])) for row in rows("network.md", "op", "fields")}
    assert found == expected


def test_operators_of_the_importer_are_as_it_checks_them() -> None:
    page = (DOCS / "network.md").read_text()
    assert with_table(page) == page, "run python -m twofold.qonnx.importer.page"


def test_boards() -> None:
    columns = ("board", "title", "part", "system", "flashed by")
    expected = []
    for name in board_names():
        cells = dict(zip(COLUMNS, row(load_board(name)), strict=True))
        expected.append([cells[column] for column in columns])
    assert rows("boards.md", *columns) == expected


def test_properties_of_cores() -> None:
    expected = []
    for core, (vlnv, document) in VLNV.items():
        found = [[f"`{p.name}`", p.meaning, p.document] for p in PROPERTIES if p.core == core]
        expected += [[core, vlnv, *row] for row in found or [["–", "no property is set", document]]]
    assert rows("vivado.md", "core", "VLNV") == expected


def test_predictions_are_of_every_board() -> None:
    found = {cells[0]: cells for cells in rows("boards.md", *COLUMNS_OF_PREDICTIONS)}
    assert tuple(found) == board_names()
    for name, cells in found.items():
        clock, cycles = load_board(name).clock.frequency_mhz, int(cells[2].replace(",", ""))
        assert float(cells[3]) == clock
        assert cells[4].split(" ")[0] == f"{clock * 1e6 / cycles:,.0f}"


def test_who_may_import_whom() -> None:
    spec = importlib.util.spec_from_file_location("rules", ROOT / "tests" / "test_architecture.py")
    assert spec is not None and spec.loader is not None
    rules = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rules)
    table = rows("architecture.md", "package", "what", "may import")
    found = {NAME.findall(row[0])[0]: set(NAME.findall(row[2])) for row in table}
    leaves = {name: set() for name in rules.LEAVES}
    assert found == rules.ALLOWED | leaves


@pytest.mark.parametrize("verb", VERBS)
def test_options_of_a_verb(verb: str) -> None:
    options = [parameter for parameter in VERBS[verb].params if parameter.opts[0].startswith("--")]
    expected = {option.opts[0]: shown_default(option.default) for option in options} | {"--help": ""}
    table = re.findall(r"^\| `(--[\w-]+)` \| ([^|]*)\|", section("cli.md", f"## {verb}"), re.MULTILINE)
    found = {option: default.strip() for option, default in table} | {"--help": ""}
    if verb == "train":
        found["--out"] = found["--out"].replace("build/train/RECIPE", "")
    assert found == expected


def test_recipes_of_train() -> None:
    named = {name for cells in rows("cli.md", "recipes") for name in NAME.findall(cells[0])}
    assert named == set(recipe_names())


def test_keys_of_a_stage() -> None:
    found = [NAME.findall(cells[0])[0] for cells in rows("compression.md", "key of a stage")]
    assert found == [field.name for field in fields(FitOptions)]


@pytest.mark.parametrize(
    "samples, shape",
    [
        ("fewer than 10,000", (1, 8, 8)),
        ("10,000 or more, measured quantities", (16, 1, 1)),
        ("10,000 or more, grey", (1, 8, 8)),
        ("10,000 or more, colour", (3, 8, 8)),
    ],
)
def test_budgets_of_data_sets(samples: str, shape: tuple[int, int, int]) -> None:
    count = 10 if "fewer" in samples else 10_000
    images = Images(torch.zeros(count, *shape, dtype=torch.uint8), torch.zeros(count, dtype=torch.int64), 255)
    budget = Budget.for_dataset(Dataset("mine", images, images, images))
    stages = budget.float_, budget.pruned, budget.quantised, budget.folded
    (cells,) = [cells[1:] for cells in rows("compression.md", "training samples") if cells[0] == samples]
    assert cells[0] == ", ".join(str(stage.epochs) for stage in stages)
    assert cells[1].split(";")[0] == type(budget.float_.optimiser).__name__.lower()
    for stage in stages:
        move = stage.augmentation
        assert [cell.split(";")[0] for cell in cells[2:]] == [
            f"{n:g}" for n in (stage.batch, move.shift, move.flip)
        ]


@pytest.mark.parametrize("page", ["compression.md", "own-network.md"])
def test_recipes_on_a_page_are_understood(page: str) -> None:
    blocks = TOML_BLOCK.findall((DOCS / page).read_text())
    assert blocks
    for block in blocks:
        recipe_of("mine", tomllib.loads(block))


def test_options_before_any_verb() -> None:
    options = {
        option
        for parameter in MAIN.get_params(MAIN.make_context("twofold", ["doctor"]))
        for option in parameter.opts
    }
    documented = {name for cells in rows("cli.md", "option", "meaning") for name in NAME.findall(cells[0])}
    assert options == {name for name in documented if " " not in name}


def shown_default(value: object) -> str:
    """How a table shows an option's default; nothing for none and for switches."""
    if value is None or isinstance(value, bool):
        return ""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def commands(page: Path) -> list[list[str]]:
    """The words of each command line of ours in a page's shell blocks."""
    lines = [line for block in SHELL_BLOCK.findall(page.read_text()) for line in block.splitlines()]
    split = [shlex.split(line, comments=True) for line in lines]
    return [words for words in split if words and words[0].rpartition("/")[2] == "twofold"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_command_lines_are_understood(page: Path) -> None:
    for _, verb, *arguments in commands(page):
        VERBS[verb].make_context(verb, list(arguments))


def test_a_wrong_command_line_is_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        VERBS["verify"].make_context("verify", ["model.onnx", "--frame-count", "3"])
