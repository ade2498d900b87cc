"""Files in, quads in a store out: untrusted files are read with bounded expansion and fetch nothing.

Refused: unknown types, entity declarations that could multiply, compressed files that unfold beyond
their limits, remote JSON-LD contexts; owl:imports is a triple like any other. What is wrong is told
with its place.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from pyoxigraph import DefaultGraph, Quad, RdfFormat, Store

from ketagraph.errors import EnvironmentFault, Fault, SourceError
from ketagraph.store.formats import EXTENSIONS

__all__ = ["Expansion", "load_file", "media_type_of", "unite"]

_PLACE = re.compile(r"^Parser error (?:at|between) [^:]*: ")
_BOM = b"\xef\xbb\xbf"
_BUFFER = 1 << 18


@dataclass(frozen=True, slots=True)
class Expansion:
    """How far packed input may unfold; what is not packed may be as long as it is.

    To ``ratio`` times its size once past ``grace`` bytes, and to ``long_ratio`` times once past ``bytes``.
    Entities (RDF/XML) are bounded in number and in the length of each; one within another is refused.
    References to them may make a file ``growth`` times longer, once past ``expanded`` bytes.
    """

    bytes: int = 4 << 30
    ratio: int = 200
    long_ratio: int = 40
    grace: int = 1 << 20
    entities: int = 64
    entity_length: int = 512
    growth: int = 8
    expanded: int = 32 << 20


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Unsafe(Exception):  # carries a reason through the engine to load_file, no further
    """Input that breaks a limit."""


def media_type_of(path: Path) -> str:
    """Name the media type that the file name's end stands for, ``.gz`` taken off.

    Raises:
        EnvironmentFault: an unknown ending.
    """
    name = path.name.lower().removesuffix(".gz")
    for ending, media_type in EXTENSIONS.items():
        if name.endswith(ending):
            return media_type
    raise EnvironmentFault(
        f"{path}: unknown type of file; expected one of {', '.join(EXTENSIONS)} (or with .gz)"
    )


def load_file(
    store: Store, path: Path, *, media_type: str | None = None, limits: Expansion | None = None
) -> None:
    """Add a file's quads to ``store``, all or none; default graph and named graphs stay as they are.

    The name's end decides on the type where ``media_type`` is not given. Relative IRIs are resolved
    against ``file:///`` and the bare file name, so that no folder of this machine shows in the data.

    Raises:
        EnvironmentFault: the file cannot be read, or is of no known type.
        SourceError: it breaks its syntax or a limit; the fault names line and column where known.
    """
    rdf_format = RdfFormat.from_media_type(media_type or media_type_of(path))
    try:
        is_xml = rdf_format == RdfFormat.RDF_XML
        with _opened(path, limits or Expansion(), is_xml=is_xml) as stream, _quiet():
            store.bulk_load(stream, rdf_format, base_iri=Path("/", path.name).as_uri())
    except SyntaxError as error:
        raise SourceError([_fault(path, error)]) from error
    except MemoryError as error:
        message = f"holds a statement longer than the engine reads ({error or 'out of memory'})"
        raise SourceError([Fault(str(path), 0, "", message)]) from error
    except (_Unsafe, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError([Fault(str(path), 0, "", str(error))]) from error
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be read: {error.strerror or error}") from error


def unite(store: Store) -> None:
    """Copy every named graph's triples into the default graph, each once; named graphs stay.

    The engine's own union answers a triple once for every graph that holds it, which is no RDF merge
    (https://www.w3.org/TR/rdf11-mt/#shared-blank-nodes-unions-and-merges) and overrides FROM.
    """
    everywhere = store.quads_for_pattern(None, None, None, None)
    named = (quad for quad in everywhere if quad.graph_name != DefaultGraph())
    store.extend(Quad(quad.subject, quad.predicate, quad.object) for quad in named)


def _fault(path: Path, error: SyntaxError) -> Fault:
    message = _PLACE.sub("", error.msg.replace("\n", " "))
    if "LoadDocumentCallback" in message:
        message = "remote JSON-LD contexts are not fetched; write the context into the file"
    return Fault(str(path), error.lineno or 0, str(error.offset or ""), message)


@contextmanager
def _quiet() -> Iterator[None]:
    """Withhold the allocator's last words, a trace of the stack: whoever started this process says why."""
    kept, silent = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silent)


@contextmanager
def _opened(path: Path, limits: Expansion, *, is_xml: bool) -> Iterator[BinaryIO]:
    """Open the file as a stream without byte-order mark that raises where a limit is broken."""
    with path.open("rb") as compressed, _unfolded(path, compressed) as plain:
        watched = io.BufferedReader(_Watched(plain, compressed, limits, is_xml=is_xml), _BUFFER)
        if watched.peek(len(_BOM)).startswith(_BOM):
            watched.read(len(_BOM))
        yield watched


def _unfolded(path: Path, compressed: BinaryIO) -> AbstractContextManager[_Readable]:
    if path.name.lower().endswith(".gz"):
        return gzip.GzipFile(fileobj=compressed)
    return nullcontext(compressed)


class _Watched(io.RawIOBase):
    """Bytes of ``plain`` passed on unchanged while they keep within ``limits``."""

    def __init__(self, plain: _Readable, compressed: BinaryIO, limits: Expansion, *, is_xml: bool) -> None:
        self._plain, self._compressed, self._limits = plain, compressed, limits
        self._entities = _EntityWatch(limits) if is_xml else None
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._plain.read(len(buffer))
        buffer[: len(piece)] = piece
        self._read += len(piece)
        self._measure()
        if self._entities:
            self._entities.check(piece)
        return len(piece)

    def _measure(self) -> None:
        limits, times = self._limits, self._read / max(1, self._compressed.tell())
        if self._read > limits.bytes and times > limits.long_ratio:
            raise _Unsafe(f"unfolds to more than {limits.bytes} bytes, {limits.long_ratio} times its size")
        if self._read > limits.grace and times > limits.ratio:
            raise _Unsafe(f"unfolds to more than {limits.ratio} times its size")


class _EntityWatch:
    """Entity declarations of a stream of XML: short plain values only, and few.

    The engine takes declarations anywhere in a document, so the whole stream is searched, not only its
    prolog. A value that holds ``&`` or ``%``, or an external one, is what entity bombs are made of.
    """

    _OPENING = b"<!ENTITY"

    def __init__(self, limits: Expansion) -> None:
        self._limits = limits
        name_and_spaces = 200
        self._longest = len(self._OPENING) + limits.entity_length + name_and_spaces
        value = b"(?:\"[^\"&%%<]{0,%d}\"|'[^'&%%<]{0,%d}')" % (limits.entity_length, limits.entity_length)
        self._harmless = re.compile(rb"<!ENTITY\s{1,20}[\w:.-]{1,100}\s{1,20}" + value + rb"\s{0,20}>")
        self._carried = b""
        self._count = self._largest = self._read = self._expanded = 0

    def check(self, piece: bytes) -> None:
        """Look at the next piece (empty at the end)."""
        text = self._carried + piece
        upper = text.upper()
        start = upper.find(self._OPENING)
        while start >= 0 and (not piece or len(text) - start >= self._longest):
            self._judge(text, start)
            start = upper.find(self._OPENING, start + 1)
        self._carried = text[start:] if start >= 0 else text[1 - len(self._OPENING) :]
        self._measure(piece)

    def _judge(self, text: bytes, start: int) -> None:
        self._count += 1
        if self._count > self._limits.entities:
            raise _Unsafe(f"declares more than {self._limits.entities} entities")
        found = self._harmless.match(text, start)
        self._largest = max(self._largest, len(found[0]) if found else 0)
        if not found:
            raise _Unsafe(
                "declares an entity that is external, refers to another or is longer than "
                f"{self._limits.entity_length} bytes; write its value out"
            )

    def _measure(self, piece: bytes) -> None:
        """Count what references may come to if each is to the longest value."""
        self._read += len(piece)
        if self._largest:
            self._expanded += piece.count(b"&") * self._largest
        if self._expanded > max(self._limits.expanded, self._limits.growth * self._read):
            raise _Unsafe(
                f"refers to its entities so often that it unfolds to {self._limits.growth} times its size"
            )
