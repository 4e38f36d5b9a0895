"""Reads `Dockerfile` and `.dockerignore`, so that a rehearsal and the tests go by what they say."""

import json
import re
import shlex
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile.

    Attributes:
        stage: The name of the stage that it belongs to; `""` for the last one, without a name.
        keyword: As `RUN`.
        text: What follows it, in one line.
    """

    stage: str
    keyword: str
    text: str


def instructions(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile, in order; `FROM` opens the stage that it names."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    stage, found = "", []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        keyword, _, rest = line.partition(" ")
        if keyword == "FROM":
            stage = rest.partition(" AS ")[2]
        found.append(Instruction(stage, keyword, rest.strip()))
    return found


def last(found: list[Instruction], keyword: str) -> str:
    """What the last instruction with a keyword says in the stage that becomes the image."""
    return [each.text for each in found if not each.stage and each.keyword == keyword][-1]


def environment(found: list[Instruction]) -> dict[str, str]:
    """The image's environment variables."""
    return dict(pair.split("=", 1) for pair in shlex.split(last(found, "ENV")))


def command(text: str) -> list[str]:
    """The words of a command in its exec form, `["program", "argument"]`.

    Raises:
        ValueError: If it is in the shell form, which doesn't pass signals on.
    """
    return json.loads(text)


def copies(found: list[Instruction]) -> list[tuple[str, str]]:
    """What is copied from the checkout: pairs of source and target."""
    pairs = []
    for each in found:
        if each.keyword == "COPY" and not each.text.startswith("--from="):
            *sources, target = each.text.split()
            pairs += [(source, target) for source in sources]
    return pairs


def is_ignored(path: str, patterns: list[str]) -> bool:
    """Whether `.dockerignore` keeps a file out: the last pattern that fits it or a folder above.

    Args:
        path: From the checkout's folder on, as `model/learning/data.py`.
        patterns: The lines of the file. `*`, `?`, `!` and a leading `**/` mean what they mean to
            Docker; there are no others.

    Source: https://docs.docker.com/build/concepts/context/#dockerignore-files
    """
    names = [path, *map(str, PurePosixPath(path).parents)][:-1]
    ignored = False
    for pattern in patterns:
        bare = pattern.removeprefix("!")
        anywhere = bare.removeprefix("**/")
        fits = any(
            any(fnmatchcase(part, anywhere) for part in PurePosixPath(name).parts)
            if anywhere != bare
            else name.count("/") == bare.count("/") and fnmatchcase(name, bare)
            for name in names
        )
        if fits:
            ignored = not pattern.startswith("!")
    return ignored


def files(source: str, root: Path = ROOT) -> list[Path]:
    """The files below a source of `COPY` that reach the image.

    Args:
        source: A file or a folder, from the checkout's folder on.
        root: The checkout's folder.

    Returns:
        Paths from the checkout's folder on; none if `.dockerignore` keeps all of them out.
    """
    lines = (root / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    start = root / source
    below = sorted(start.rglob("*")) if start.is_dir() else [start]
    paths = [path.relative_to(root) for path in below if path.is_file()]
    return [path for path in paths if not is_ignored(path.as_posix(), patterns)]
