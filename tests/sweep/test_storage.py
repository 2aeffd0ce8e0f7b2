from __future__ import annotations

import socket
import threading
from functools import partial
from pathlib import Path

import optuna
import pytest

from twofold.errors import UserError
from twofold.sweep.storage import open_storage, sqlite_url


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_what_one_process_writes_another_one_reads(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "study.db"
    url = sqlite_url(path) if kind == "sqlite" else f"journal:{path}"
    study = optuna.create_study(storage=open_storage(url), study_name="one")
    study.tell(study.ask(), 3.0)
    again = optuna.load_study(storage=open_storage(url), study_name="one")
    assert again.best_value == 3.0


@pytest.mark.parametrize("folder", ["with space", "a?b=c#d", "100%20", "ü@host:1"])
def test_a_file_is_where_its_path_says(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "study.db"
    path.parent.mkdir()
    optuna.create_study(storage=open_storage(sqlite_url(path)))
    assert [found.name for found in tmp_path.rglob("*.db")] == ["study.db"]
    assert path.is_file()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("localhost", 0))
        return int(listening.getsockname()[1])


def test_a_database_behind_optunas_proxy(tmp_path: Path) -> None:
    behind, port = open_storage(sqlite_url(tmp_path / "study.db")), free_port()
    serve = partial(optuna.storages.run_grpc_proxy_server, behind, host="localhost", port=port)
    threading.Thread(target=serve, daemon=True).start()
    storage = open_storage(f"grpc://localhost:{port}")
    storage.wait_server_ready(timeout=30)  # type: ignore[attr-defined]
    study = optuna.create_study(storage=storage, study_name="one")
    study.tell(study.ask(), 3.0)
    assert optuna.load_study(storage=behind, study_name="one").best_value == 3.0


@pytest.mark.parametrize(
    "url, message",
    [
        ("nonsense", "storage: expected sqlite:///FILE, a database as SQLAlchemy names it, journal:FILE"),
        ("sqlite:////no/such/folder/study.db", "storage: expected sqlite"),
        ("oracle+nodriver://user:secret@host/db", "storage"),
    ],
)
def test_what_is_no_storage_is_told_without_its_password(url: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        open_storage(url)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
