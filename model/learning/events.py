"""Writes figures as TensorBoard's event files, without TensorBoard.

An event file is a row of records; a record is a protocol buffer `Event` with its length and two
checksums. Only what scalars need is written here: TensorFlow no longer brings TensorBoard along,
and Keras' own callback needs both.

Source: `tensorflow/core/lib/io/record_writer.h` (records), `tensorflow/core/util/event.proto` and
`tensorflow/core/framework/summary.proto` (events); the checksum is CRC-32C, RFC 3720, appendix
B.4.
"""

import os
import socket
import struct
import time
from pathlib import Path

from model.errors import TrainingError

FILE_VERSION = "brain.Event:2"
START = 1  # SessionLog.START: what was written for this step or later is out of date
_POLYNOMIAL = 0x82F63B78  # of CRC-32C, bits reversed
_MASK = 0xA282EAD8  # so that the checksum of a checksum is not always the same

# How protocol buffers mark what follows.
_VARINT, _FIXED_64, _LENGTH, _FIXED_32 = 0, 1, 2, 5


class EventFile:
    """One event file in a folder; each call adds a record and hands it to the system at once.

    Several files in one folder are one run to TensorBoard, so a run that goes on adds a file.
    """

    def __init__(self, folder: Path, first_step: int = 0):
        """Starts a file.

        Args:
            folder: Where; made if it is not there.
            first_step: What earlier files hold for this step and later ones is replaced.

        Raises:
            TrainingError: If the folder can't be written to.
        """
        now = time.time()
        name = f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}.{os.getpid()}"
        self._path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(_unwritable(folder, error)) from error
        self._add(event(now, 0, version=FILE_VERSION))
        self._add(event(now, first_step, starts=True))

    def add(self, step: int, scalars: dict[str, float]) -> None:
        """Adds figures by name, for an epoch or step.

        Raises:
            TrainingError: If the file can't be written.
        """
        self._add(event(time.time(), step, scalars))

    def _add(self, content: bytes) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(record(content))
        except OSError as error:
            raise TrainingError(_unwritable(self._path, error)) from error


def _unwritable(path: Path, error: OSError) -> str:
    return (
        f"{path} can't be written ({error.strerror or error}): name another folder with "
        "--tensorboard, or leave it out and go on with --resume."
    )


def event(
    wall_time: float,
    step: int,
    scalars: dict[str, float] | None = None,
    version: str = "",
    starts: bool = False,
) -> bytes:
    """An `Event`: figures, the file's version, or that a run starts at a step.

    Args:
        wall_time: Seconds since 1970.
        step: The epoch or step, 0 or more.
        scalars: Figures by name; kept with 32 bits.
        version: What the first event of a file says.
        starts: Whether a run starts (or goes on) here.
    """
    content = _key(1, _FIXED_64) + struct.pack("<d", wall_time) + _key(2, _VARINT) + _varint(step)
    if version:
        content += _nested(3, version.encode())
    if scalars:
        values = (
            _nested(1, name.encode()) + _key(2, _FIXED_32) + struct.pack("<f", value)
            for name, value in scalars.items()
        )
        content += _nested(5, b"".join(_nested(1, value) for value in values))
    if starts:
        content += _nested(7, _key(1, _VARINT) + _varint(START))
    return content


def record(content: bytes) -> bytes:
    """A record: length, its checksum, content, its checksum; little-endian."""
    length = struct.pack("<Q", len(content))
    return length + _masked(length) + content + _masked(content)


def crc32c(content: bytes) -> int:
    """CRC-32C, as iSCSI and TensorFlow have it.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def _masked(content: bytes) -> bytes:
    value = crc32c(content)
    turned = value >> 15 | value << 17
    return struct.pack("<I", turned + _MASK & 0xFFFFFFFF)


def _nested(field: int, content: bytes) -> bytes:
    return _key(field, _LENGTH) + _varint(len(content)) + content


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that more follow."""
    content = bytearray()
    while number > 0x7F:
        content.append(number & 0x7F | 0x80)
        number >>= 7
    content.append(number)
    return bytes(content)
