from __future__ import annotations

import pytest

from twofold.errors import UserError, ends_in_a_line


@ends_in_a_line()
def bench(error: BaseException | None) -> None:
    if error is not None:
        raise error


def test_a_user_s_error_is_a_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench(UserError("network: expected a name, got none"))
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "network: expected a name, got none\n")


def test_all_else_passes() -> None:
    bench(None)
    with pytest.raises(ZeroDivisionError):
        bench(ZeroDivisionError())
    with pytest.raises(SystemExit) as ended:
        bench(SystemExit(1))
    assert ended.value.code == 1
