"""A folder that appears whole or not at all, and Parquet files that grow as they are written."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from benne.kernel import Conflict, Corrupt, NotFound, Unavailable


def read_parquet(path: Path, *, columns: list[str] | None = None) -> pa.Table:
    """The table of one Parquet file, or some of its columns.

    Raises:
        NotFound: there is none.
        Corrupt: it is no Parquet file.
    """
    try:
        return pq.read_table(path, columns=columns)
    except FileNotFoundError as error:
        raise NotFound(f"{path} is not there; a simulated society has it.") from error
    except pa.ArrowInvalid as error:
        raise Corrupt(f"{path} is not the Parquet that was written: {error}.") from error


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder beside ``folder`` to write in, which takes its name once all is written.

    Whatever ends the work early, an error, a full disk, an interrupt, removes what was written;
    what a killed process left is removed by the next that makes the same folder.

    Raises:
        Conflict: ``folder`` exists, or another process is making it.
        Unavailable: the disk is full, or the place cannot be written.
    """
    if folder.exists():
        raise Conflict(f"{folder} exists already; choose another name, or remove it first.")
    part = folder.with_name(f".{folder.name}.part")
    lock = folder.with_name(f".{folder.name}.lock")
    with ExitStack() as stack:
        stack.enter_context(_disk(folder))
        folder.parent.mkdir(parents=True, exist_ok=True)
        handle = stack.enter_context(lock.open("w"))
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"another process is making {folder}; wait until it is done.") from error
        stack.callback(lock.unlink, missing_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        try:
            yield part
            _sync(part)
            if folder.exists():
                raise Conflict(f"{folder} was made meanwhile; choose another name.")
            part.rename(folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"{folder} could not be written: {error.strerror or error}; nothing is left of it; "
            "make room or mend the folder's permissions, then run the command again."
        ) from error


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


_GROUP_ROWS = 100_000
"""A row group is written once it has so many: many small ones cost memory and time."""


class ParquetFiles:
    """Parquet files by name, which grow as they are written; a context manager closes them.

    Columns that come as dictionaries of Arrow are stored as such, others plain.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.RecordBatch]] = {}
        self.rows: dict[str, int] = {}

    def __enter__(self) -> ParquetFiles:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with ExitStack() as stack:
            for writer in self._writers.values():
                stack.callback(writer.close)
            if error is None:
                for name in self._waiting:
                    self._flush(name)

    def write(self, name: str, batch: pa.RecordBatch) -> None:
        """Add a batch to the file ``name``, a path without its suffix."""
        waiting = self._waiting.setdefault(name, [])
        waiting.append(batch)
        self.rows[name] = self.rows.get(name, 0) + batch.num_rows
        if sum(one.num_rows for one in waiting) >= _GROUP_ROWS:
            self._flush(name)

    def _flush(self, name: str) -> None:
        waiting, self._waiting[name] = self._waiting[name], []
        if waiting:
            table = pa.Table.from_batches(waiting)
            self._writer(name, table.schema).write_table(table)

    def _writer(self, name: str, schema: pa.Schema) -> pq.ParquetWriter:
        if name not in self._writers:
            path = self._folder / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[name] = pq.ParquetWriter(
                path,
                schema,
                compression="zstd",
                compression_level=1,
                store_schema=False,
                use_dictionary=[f.name for f in schema if pa.types.is_dictionary(f.type)],
                write_statistics=[f.name for f in schema if not _is_text(f.type)],
            )
        return self._writers[name]


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_dictionary(type_))
