import json
import signal
from collections.abc import Callable, Iterator
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner, Result

from twofold.cli.failures import reported
from twofold.errors import UserError


def outcome(verb: Callable[..., None], *arguments: str) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(reported(verb))
    return CliRunner().invoke(app, list(arguments))


def raising(error: BaseException) -> Callable[[], None]:
    def verb() -> None:
        raise error

    return verb


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (UserError("expected a file,\n  found none"), "error: expected a file, found none\n", 2),
        (
            PermissionError(13, "Permission denied", "/out"),
            "error: [Errno 13] Permission denied: '/out'\n",
            2,
        ),
        (
            OSError(28, "No space left on device", "/out"),
            "error: [Errno 28] No space left on device: '/out'\n",
            2,
        ),
        (KeyboardInterrupt(), "interrupted\n", 130),
    ],
)
def test_what_a_user_can_act_on_is_one_line(error: BaseException, line: str, code: int) -> None:
    result = outcome(raising(error))
    assert (result.stdout, result.stderr, result.exit_code) == ("", line, code)


def test_with_json_the_line_is_on_stdout_too() -> None:
    def verb(json: Annotated[bool, typer.Option("--json")] = False) -> None:
        raise UserError("expected a file, found none")

    result = outcome(verb, "--json")
    assert json.loads(result.stdout) == {"error": "expected a file, found none"}
    assert (result.stderr, result.exit_code) == ("error: expected a file, found none\n", 2)


def test_our_own_mistakes_keep_their_traceback() -> None:
    result = outcome(raising(IndexError("oops")))
    assert isinstance(result.exception, IndexError)


def test_a_reader_that_has_enough_is_no_error() -> None:
    result = outcome(raising(BrokenPipeError(32, "Broken pipe")))
    assert (result.stdout, result.stderr) == ("", "")


def test_a_verb_that_works_says_nothing_more() -> None:
    assert outcome(lambda: None).exit_code == 0


@pytest.fixture
def listening() -> Iterator[None]:
    """Ctrl-C is heard, also where these tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pressing_ctrl_c_during_an_import() -> None:
    """As a compiled module that raises an error of its own in place of KeyboardInterrupt."""
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        raise RecursionError("import") from None


def test_whatever_ctrl_c_ends_in_is_an_interruption(listening: None) -> None:
    result = outcome(pressing_ctrl_c_during_an_import)
    assert (result.stdout, result.stderr, result.exit_code) == ("", "interrupted\n", 130)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_job_in_the_background_ignores_ctrl_c_as_before() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert outcome(lambda: signal.raise_signal(signal.SIGINT)).exit_code == 0
    finally:
        signal.signal(signal.SIGINT, before)
