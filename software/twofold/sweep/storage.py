"""Where a study is kept, by URL: any storage that Optuna knows."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalRedisBackend
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from twofold.errors import UserError

#: Seconds that a process waits for another one's write to a SQLite file.
_SQLITE_PATIENCE = 60
_KINDS = "sqlite:///FILE, a database as SQLAlchemy names it, journal:FILE, redis://HOST or grpc://HOST:PORT"


def sqlite_url(path: Path) -> str:
    """The storage in one file, for processes of one machine."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def open_storage(url: str) -> BaseStorage:
    """url: one of SQLAlchemy's, such as sqlite:///FILE or postgresql://…, `journal:FILE`, which also
    works on NFS, `redis://…`, or `grpc://HOST:PORT` of Optuna's proxy before a database.

    Raises UserError for a URL of another form, a missing driver and a storage that does not answer.
    """
    scheme, _, rest = url.partition(":")
    try:
        match scheme:
            case "journal":
                return JournalStorage(JournalFileBackend(rest))
            case "redis" | "rediss":
                return JournalStorage(JournalRedisBackend(url))
            case "grpc":
                place = urlsplit(url)
                return GrpcStorageProxy(host=place.hostname or "localhost", port=place.port or 13000)
            case "sqlite":
                return RDBStorage(url, {"connect_args": {"timeout": _SQLITE_PATIENCE}})
            case _:
                return RDBStorage(url)
    except ImportError as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"storage {scheme}: expected its driver, found none: {reason}") from error
    except (SQLAlchemyError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"storage: expected {_KINDS}, got {_without_password(url)!r}: {reason}") from error


def _without_password(url: str) -> str:
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@") if password else url
