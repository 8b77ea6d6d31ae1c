"""Frames of the stream: bytes that readers share, and a limit on the memory of all that are being
sent."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

PART_BYTES = 32 << 10
"""A connection buffers one part, and copies it: not a frame for each slow reader."""

END_OF_EVENT = b"\n\n"


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Frame:
    """Bytes for readers at the same position. `piece` is empty if nothing is for them."""

    piece: bytes = field(repr=False)

    def parts(self) -> Iterator[bytes]:
        """The bytes in parts, each of whole events if they are small."""
        begin, end = 0, len(self.piece)
        while begin < end:
            to = min(begin + PART_BYTES, end)
            boundary = self.piece.rfind(END_OF_EVENT, begin, to)
            to = to if boundary < 0 else boundary + len(END_OF_EVENT)
            yield self.piece[begin:to]
            begin = to


class FrameReader(Protocol):
    """A reader that can be dropped."""

    is_dropped: bool


class FrameMemory:
    """The frames that readers are sending. Beyond the limit, the reader that has been sending its
    frame for the longest time is dropped. A frame counts once, however many send it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sending: dict[FrameReader, Frame] = {}
        self._readers: Counter[Frame] = Counter()
        self.bytes = 0

    def begin(self, reader: FrameReader, frame: Frame) -> None:
        self._sending[reader] = frame
        self._readers[frame] += 1
        if self._readers[frame] == 1:
            self.bytes += len(frame.piece)
        while self.bytes > self._limit and len(self._sending) > 1:
            slowest = next(iter(self._sending))
            slowest.is_dropped = True
            self.end(slowest)

    def end(self, reader: FrameReader) -> None:
        if (frame := self._sending.pop(reader, None)) is None:
            return
        self._readers[frame] -= 1
        if not self._readers[frame]:
            del self._readers[frame]
            self.bytes -= len(frame.piece)
