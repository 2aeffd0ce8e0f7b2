from __future__ import annotations

from twofold.progress import SILENT


def test_silence_takes_every_report(capsys) -> None:
    with SILENT.task("train", total=2) as advance, SILENT.task("epoch") as inner:
        advance()
        advance(1, "loss 0.1")
        inner(5)
    assert capsys.readouterr() == ("", "")
