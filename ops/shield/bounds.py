"""All bounds on clients of the pages; those of the endpoint for programs are in `ops/api.py`.

They are for a process with 2 GB of memory and one busy core, as in compose.yaml.
"""

import resource
from dataclasses import dataclass, replace

OPEN_FILES = 65_536  # asked of the system; more would make each start of a process slow
FILES_OF_VISIT = 6  # that the system counts as open: a connection and an event loop's own
OTHER_FILES = 200  # of libraries, the endpoint and uploads


@dataclass(frozen=True)
class Bounds:
    """What one server process accepts; the comments say why."""

    # Open pages. Each takes about 1 MB, 6 file descriptors and up to 2 MB of unfinished message.
    visits: int = 300
    visits_of_address: int = 80  # a class of 40 behind one address, with two tabs each

    # Runs of pages. One takes about 10 ms of the one core that Python uses.
    runs_of_visit: int = 40  # at once; opening a page takes five
    runs_of_visit_per_second: float = 10.0  # a slider or a pen held down
    runs_of_opening: int = 5  # extra runs that a visit's first one counts for
    runs: int = 30  # at once, of all visits
    runs_per_second: float = 80.0
    bytes_of_run: int = 10_000  # each 10 kB of a message count as one more run

    # All messages in what is read at once are decoded at once; a tiny one has 6 bytes and takes 20
    # microseconds. asyncio reads 256 kB.
    bytes_read_at_once: int = 4_096

    # Fields of a message. What our pages send stays well below.
    widgets: int = 200
    id_characters: int = 64  # of visits, requests, files, fragments and cached messages
    widget_id_characters: int = 200  # holds the key that a page gave the widget
    text_characters: int = 2_000  # an address, which holds the filters of the test images
    cached_messages: int = 1_000
    file_names: int = 10  # of one request for places to upload to
    file_name_characters: int = 255

    # Uploads. A visit needs two data sets and a photo at most.
    files_of_visit: int = 20
    bytes_of_visit: int = 50_000_000
    bytes_of_all_visits: int = 180_000_000  # a class of 40 with photos of 4 MB
    arriving: int = 60  # at once; of more than these, the slowest are ended
    arriving_bytes: int = 60_000_000
    seconds_to_first_byte: float = 10.0
    seconds_to_arrive: float = 120.0  # 20 MB at 1.4 Mbit/s

    path_characters: int = 300  # of an address; the longest of the pages' own files has 120


BOUNDS = Bounds()


def bounds_here() -> Bounds:
    """Allows this process more open files; returns `BOUNDS`, with fewer visits if it gets few."""
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = OPEN_FILES if allowed == resource.RLIM_INFINITY else min(OPEN_FILES, allowed)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, allowed))
    return replace(BOUNDS, visits=min(BOUNDS.visits, (files - OTHER_FILES) // FILES_OF_VISIT))
