"""MCAP files through the `mcap` package: the only module that imports it.

Form: mcap.dev/spec. Where a file has an index, only chunks that hold wanted topics are read. Chunks are unpacked here
and not by the package, which would take any size that a file states.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import BinaryIO

import lz4.frame
import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import EndOfFile, McapError
from mcap.opcode import Opcode
from mcap.reader import SeekingReader
from mcap.records import Channel, Chunk, McapRecord, Message, Schema
from mcap.stream_reader import StreamReader, breakup_chunk
from mcap.summary import Summary

from data.sources.bag.recording import Stored, Topic
from data.sources.unusable import SceneUnusable

MOST_CHUNK_BYTES = 64_000_000
"""Recorders write chunks of one to ten megabytes."""
_MAGIC = b"\x89MCAP0\r\n"
_RECORD_HEADER = struct.Struct("<BQ")
_OF_THE_FORM = (McapError, zstandard.ZstdError, struct.error, ValueError, KeyError, IndexError, RuntimeError)
"""What the packages raise for bytes that are no MCAP file; RuntimeError is LZ4's."""
_WHOLE = -1
"""Stands for the number in a chunk of a message that lies outside of chunks."""


class McapFile:
    """See `Recording`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._index: _Index | None = None
        self._unpacked: tuple[int, list[McapRecord]] = (-1, [])

    def topics(self) -> list[Topic]:
        """See `Recording`."""
        with _readable(self._path) as file:
            return sorted(set(self._read_index(file).topics.values()), key=lambda topic: topic.name)

    def messages(self, wanted: frozenset[str]) -> Iterator[Stored]:
        """See `Recording`."""
        with _readable(self._path) as file:
            index = self._read_index(file)
            for offset in index.chunks_of(wanted):
                for number, record in enumerate(_unpacked(_record_at(file, offset))):
                    topic = index.topics.get(record.channel_id) if isinstance(record, Message) else None
                    if isinstance(record, Message) and topic is not None and topic.name in wanted:
                        place = (offset, number if index.is_chunk[offset] else _WHOLE)
                        yield _stored(topic, record, place)

    def content(self, place: tuple[int, int]) -> bytes:
        """See `Recording`."""
        offset, number = place
        with _readable(self._path) as file:
            if self._unpacked[0] != offset:
                self._unpacked = offset, _unpacked(_record_at(file, offset))
            record = self._unpacked[1][max(number, 0)]
        if not isinstance(record, Message):
            raise SceneUnusable(f"{self._path.name} has changed since it was read.")
        return record.data

    def _read_index(self, file: BinaryIO) -> _Index:
        if self._index is None:
            _check_ends(file)
            self._index = _indexed(file) or _scanned(file)
        return self._index


class _Index:
    """Topics by channel, and where chunks and messages that lie outside of chunks begin, with the channels in them;
    None: not known."""

    def __init__(self) -> None:
        self.topics: dict[int, Topic] = {}
        self.channels_at: dict[int, set[int] | None] = {}
        self.is_chunk: dict[int, bool] = {}

    def chunks_of(self, wanted: frozenset[str]) -> list[int]:
        channels = {number for number, topic in self.topics.items() if topic.name in wanted}
        return [at for at, there in sorted(self.channels_at.items()) if there is None or there & channels]

    def add(self, offset: int, channels: set[int] | None, *, is_chunk: bool) -> None:
        self.channels_at[offset], self.is_chunk[offset] = channels, is_chunk


class _Bounded:
    """A file that does not reserve memory for whatever length a record states."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self._file = file.seek, file.tell, file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_CHUNK_BYTES:
            raise McapError(f"a record of {size:,} bytes is larger than {MOST_CHUNK_BYTES:,}")
        return self._file.read(size)


def _check_ends(file: BinaryIO) -> None:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise McapError("it does not begin as one")
    file.seek(-len(_MAGIC), SEEK_END)
    if file.read() != _MAGIC:
        raise EndOfFile


def _indexed(file: BinaryIO) -> _Index | None:
    """What the summary at the end of the file says, None where it does not say all."""
    file.seek(0)
    summary = SeekingReader(_Bounded(file), record_size_limit=MOST_CHUNK_BYTES).get_summary()  # type: ignore[arg-type]
    if summary is None or not summary.chunk_indexes or not _is_whole(summary):
        return None
    index = _Index()
    index.topics = {one.id: _topic(one, summary.schemas) for one in summary.channels.values()}
    for chunk in summary.chunk_indexes:
        index.add(chunk.chunk_start_offset, set(chunk.message_index_offsets) or None, is_chunk=True)
    return index


def _is_whole(summary: Summary) -> bool:
    counted = summary.statistics
    return counted is not None and (counted.channel_count, counted.chunk_count) == (
        len(summary.channels),
        len(summary.chunk_indexes),
    )


def _scanned(file: BinaryIO) -> _Index:
    """The same from the whole file, which has to have an end."""
    file.seek(0)
    index, schemas = _Index(), dict[int, Schema]()
    reader = StreamReader(_Bounded(file), emit_chunks=True, record_size_limit=MOST_CHUNK_BYTES)  # type: ignore[arg-type]
    start = len(_MAGIC)
    for record in reader.records:
        if isinstance(record, Chunk):
            inside = _unpacked(record)
            index.add(start, {one.channel_id for one in inside if isinstance(one, Message)}, is_chunk=True)
        else:
            inside = [record]
            if isinstance(record, Message):
                index.add(start, {record.channel_id}, is_chunk=False)
        schemas.update({one.id: one for one in inside if isinstance(one, Schema)})
        index.topics.update({one.id: _topic(one, schemas) for one in inside if isinstance(one, Channel)})
        start = file.tell()
    return index


def _topic(channel: Channel, schemas: dict[int, Schema]) -> Topic:
    schema = schemas.get(channel.schema_id)
    return Topic(channel.topic, schema.name if schema else "", channel.message_encoding)


def _stored(topic: Topic, message: Message, place: tuple[int, int]) -> Stored:
    return Stored(topic, message.log_time // 1000, place, message.data)


def _record_at(file: BinaryIO, offset: int) -> Chunk | Message:
    file.seek(offset)
    opcode, length = _RECORD_HEADER.unpack(file.read(_RECORD_HEADER.size))
    content = _Bounded(file).read(length)
    if len(content) < length:
        raise EndOfFile
    stream = ReadDataStream(BytesIO(content))
    if opcode == Opcode.CHUNK:
        chunk: Chunk = Chunk.read(stream)
        return chunk
    if opcode == Opcode.MESSAGE:
        message: Message = Message.read(stream, length)
        return message
    raise McapError(f"there is no chunk at byte {offset:,}")


def _unpacked(record: Chunk | Message) -> list[McapRecord]:
    if isinstance(record, Message):
        return [record]
    size = record.uncompressed_size
    if size > MOST_CHUNK_BYTES:
        raise McapError(f"a chunk of {size:,} bytes is larger than {MOST_CHUNK_BYTES:,}")
    if record.compression == "zstd":
        with zstandard.ZstdDecompressor().stream_reader(record.data) as stream:
            content = stream.read(size + 1)
    elif record.compression == "lz4":
        content = lz4.frame.LZ4FrameDecompressor().decompress(record.data, max_length=size + 1)
    elif record.compression == "":
        content = record.data
    else:
        raise McapError(f"its compression {record.compression!r} is not read")
    if len(content) != size:
        raise McapError(f"a chunk says {size:,} bytes and has {'more' if len(content) > size else 'fewer'}")
    return breakup_chunk(replace(record, compression="", data=content), validate_crc=True)


@contextmanager
def _readable(path: Path) -> Iterator[BinaryIO]:
    """The file; whatever is wrong with its form becomes a SceneUnusable."""
    try:
        with path.open("rb") as file:
            yield file
    except EndOfFile as error:
        raise SceneUnusable(
            f"{path.name} ends in the middle of a record, after {path.stat().st_size:,} bytes; `mcap recover` saves "
            "what is there."
        ) from error
    except (*_OF_THE_FORM, OSError) as error:
        raise SceneUnusable(f"{path.name} cannot be read as an MCAP file: {error}.") from error
