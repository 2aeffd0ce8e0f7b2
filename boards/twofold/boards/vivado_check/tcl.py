"""Runs a Tcl script whose unknown commands go to a Python function."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

Answer = Callable[[Sequence[str]], str]
"""Takes a command and its arguments, returns its result. Raises TclError for a command that fails."""

_UNKNOWN = """
proc unknown args {
  set answer [ask_python {*}$args]
  if {[string index $answer 0]} { return -code error [string range $answer 1 end] }
  return [string range $answer 1 end]
}
"""
_ASK_THROUGH_PIPE = """
fconfigure stdout -encoding utf-8
fconfigure stdin -encoding utf-8
proc hex text { binary encode hex [encoding convertto utf-8 $text] }
proc ask_python args {
  puts "CALL [lmap word $args {string cat x [hex $word]}]"
  flush stdout
  return [encoding convertfrom utf-8 [binary decode hex [gets stdin]]]
}
"""
_RUN = """
set argv0 [lindex $argv 0]
set argv [lrange $argv 1 end]
set argc [llength $argv]
set failed [catch {source $argv0} message]
puts "END [hex $failed$message]"
"""


class TclError(Exception):
    """A script ended with an error; the message is Tcl's."""


def run_script(script: Path, arguments: Sequence[str], answer: Answer) -> None:
    """Sources `script` with `argv` set, in Python's own Tcl, else in tclsh.

    Raises TclError if the script fails, LookupError if there is no Tcl interpreter.
    """
    if _embedded() is not None:
        _run_embedded(script, arguments, answer)
    elif (tclsh := shutil.which("tclsh")) is not None:
        run_in_tclsh(tclsh, script, arguments, answer)
    else:
        raise LookupError("no Tcl interpreter: neither Python's tkinter nor tclsh is installed")


def split_list(text: str) -> list[str]:
    """The elements of a Tcl list of plain, braced and quoted words. Raises TclError for unmatched braces."""
    words, rest = [], text.strip()
    while rest:
        end = _end_of_word(rest)
        word, rest = rest[:end], rest[end:].lstrip()
        words.append(word[1:-1] if word[0] in '{"' else word)
    return words


def _end_of_word(text: str) -> int:
    if text[0] == '"':
        return text.index('"', 1) + 1
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth == 0 and (character.isspace() or text[0] == "{"):
            return position + (text[0] == "{")
    if depth:
        raise TclError(f"unmatched brace in list: {text}")
    return len(text)


def _embedded():  # type: ignore[no-untyped-def]
    try:
        import tkinter
    except ImportError:
        return None
    return tkinter.Tcl


def _run_embedded(script: Path, arguments: Sequence[str], answer: Answer) -> None:
    interpreter = _embedded()()
    interpreter.createcommand("ask_python", lambda *words: _answered(words, answer))
    interpreter.eval(_UNKNOWN)
    interpreter.setvar("argv", tuple(arguments))
    interpreter.setvar("argc", str(len(arguments)))
    try:
        interpreter.call("source", str(script))
    except Exception as error:
        if type(error).__name__ != "TclError":
            raise
        raise TclError(f"{script.name}: {error}") from error


def run_in_tclsh(tclsh: str, script: Path, arguments: Sequence[str], answer: Answer) -> None:
    """The same in a process of its own, commands and answers through its pipes."""
    with tempfile.TemporaryDirectory() as folder:
        start = Path(folder) / "start.tcl"
        start.write_text(_ASK_THROUGH_PIPE + _UNKNOWN + _RUN)
        ended = _converse([tclsh, str(start), str(script), *arguments], answer)
    if ended[0] != "0":
        raise TclError(f"{script.name}: {ended[1:]}")


def _converse(command: Sequence[str], answer: Answer) -> str:
    """Answers the process's calls until it ends; returns what it says at its end."""
    ended = "1tclsh stopped"
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        for line in process.stdout:
            kind, _, rest = line.strip().partition(" ")
            if kind == "CALL":
                words = [bytes.fromhex(word[1:]).decode() for word in rest.split(" ")]
                process.stdin.write(f"{_answered(words, answer).encode().hex()}\n")
                process.stdin.flush()
            elif kind == "END":
                ended = bytes.fromhex(rest).decode()
    return ended


def _answered(words: Sequence[str], answer: Answer) -> str:
    try:
        return f"0{answer(words)}"
    except TclError as error:
        return f"1{error}"
