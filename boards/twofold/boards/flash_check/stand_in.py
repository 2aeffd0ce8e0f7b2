"""A board that is not there: a folder of this machine, keys, and what `python3` finds at the board."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from twofold.boards.ssh import Target

LOOPBACK = "127.0.0.1"
PYNQ = Path(__file__).with_name("pynq_names.py")
_PYTHON = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n'
_SUDO = """#!/bin/sh
refuse() { echo "sudo: $1" >&2; exit 1; }
wanted="{password}"
while :; do
  case "$1" in
    -n) test -f "$wanted" && refuse "a password is required" ;;
    -S) IFS= read -r said; test "$said" = "$(cat "$wanted")" || refuse "1 incorrect password attempt" ;;
    -p) shift ;;
    -i | -k) ;;
    *) break ;;
  esac
  shift
done
exec "$@"
"""
"""Of sudo [-n | -k -S -p PROMPT] -i COMMAND. password: a file with it, not there if sudo wants none."""

_HAND_OFF = """<?xml version="1.0" encoding="UTF-8"?>
<EDKSYSTEM VERSION="1.2"><MODULES>
<MODULE FULLNAME="/processor" INSTANCE="processor" MODTYPE="processing_system7"><MEMORYMAP>
<MEMRANGE ADDRESSBLOCK="reg0" BASENAME="C_BASEADDR" BASEVALUE="{base:#x}" HIGHNAME="C_HIGHADDR"
 HIGHVALUE="{high:#x}" INSTANCE="engine_0" IS_DATA="TRUE" IS_INSTRUCTION="TRUE" MEMTYPE="REGISTER"/>
</MEMORYMAP></MODULE></MODULES></EDKSYSTEM>
"""


def finished(project: Path, bitstream: bytes = b"") -> Path:
    """Puts into a project's board folder what build.tcl would; returns that folder."""
    folder = project / "board"
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / manifest["bitstream"]).write_bytes(bitstream)
    if manifest["hand_off"]:
        window = manifest["registers"]
        text = _HAND_OFF.format(base=window["base"], high=window["base"] + window["bytes"] - 1)
        (folder / manifest["hand_off"]).write_text(text)
    (folder / manifest["design_file"]).write_text(f"{manifest['design']}\n")
    return folder


@dataclass(frozen=True)
class StandIn:
    """home: the folder with all of it."""

    home: Path

    @classmethod
    def make(cls, home: Path) -> StandIn:
        """home: an empty folder."""
        made = cls(home)
        programs = home / "bin"
        programs.mkdir()
        sudo = _SUDO.replace("{password}", str(made.sudo_password))
        for name, text in (("python3", _PYTHON), ("sudo", sudo)):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        made.pynq.write_text(PYNQ.read_text())
        for path in (made.host_key, made.key):
            key = asyncssh.generate_private_key("ssh-ed25519")
            key.write_private_key(str(path))
            key.write_public_key(f"{path}.pub")
            path.chmod(0o600)
        return made

    @property
    def board(self) -> Path:
        """The folder that is flashed; it is not there before."""
        return self.home / "board"

    @property
    def pynq(self) -> Path:
        return self.home / "pynq.py"

    @property
    def sudo_password(self) -> Path:
        """The file to write if the board's sudo is to want a password, as on PYNQ's images."""
        return self.home / "sudo_password"

    @property
    def host_key(self) -> Path:
        """Private; the public one is beside it."""
        return self.home / "host_key"

    @property
    def key(self) -> Path:
        """Of the user who may log in; the public one is beside it."""
        return self.home / "id"

    @property
    def authorized_keys(self) -> Path:
        return Path(f"{self.key}.pub")

    @property
    def environment(self) -> Mapping[str, str]:
        """Of what runs on the board."""
        return {"PATH": f"{self.home / 'bin'}:/usr/bin:/bin", "PYTHONPATH": str(self.home)}

    def target(self, user: str, port: int, host_key: str | None = None) -> Target:
        """host_key: public, of the server at `port`, as the user knows it; None for the right one."""
        public = Path(f"{self.host_key}.pub").read_text() if host_key is None else host_key
        known = self.home / f"known_hosts_{port}"
        known.write_text(f"[{LOOPBACK}]:{port} {public}" if public else "")
        return Target(LOOPBACK, user, port, str(self.board), known, (self.key,))
