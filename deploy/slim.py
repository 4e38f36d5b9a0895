"""Takes out of a virtual environment what serving the app never reads: `slim.py FOLDER`.

Most of it is in pyarrow, which comes with servers and clients of its own, and in the packages'
own tests. `try_pages.py` tells afterwards whether too much was taken.
"""

import shutil
import subprocess  # binutils takes symbols out  # nosec B404
import sys
from pathlib import Path

# Below the environment's folder, and how much they hold (MB, x86-64).
UNUSED = (
    "share/jupyter",  # 23: pydeck's widget for notebooks
    "**/site-packages/pydeck/nbextension",  # 23: the same once more
    "**/site-packages/onnxruntime/capi/libonnxruntime.so.*",  # 35: for programs in C
    "**/site-packages/onnxruntime/quantization",
    "**/site-packages/onnxruntime/tools",
    "**/site-packages/onnxruntime/transformers",
    "**/site-packages/pyarrow/*flight*",  # 33: a protocol between databases
    "**/site-packages/pyarrow/*_s3*",  # 17: Amazon's storage
    "**/site-packages/pyarrow/include",  # 6: for compilers, as is libarrow_python.so
    "**/site-packages/pyarrow/libarrow_python.so",
    "**/site-packages/pyarrow/libarrow_python.so.*.*",  # twice the one that is loaded
    "**/site-packages/pyarrow/src",
    "**/site-packages/streamlit/static/static/js/DeckGlJsonChart.*",  # 3: charts that the app
    "**/site-packages/streamlit/static/static/js/EChartsChart.*",  # has not; the browser only
    "**/site-packages/streamlit/static/static/js/GraphVizChart.*",  # fetches them when a page
    "**/site-packages/streamlit/static/static/js/PlotlyChart.*",  # 5: has such a chart
    "**/tests",  # 30
    "**/*.pyi",
    "**/*.pxd",
    "**/*.pyx",
    "**/*.h",
    "**/*.hpp",
    "**/*.a",
)
# Libraries that are not stripped of their symbols: 20 MB. Not those in folders `*.libs`: they
# were rewritten after linking, and some no longer load when stripped.
UNSTRIPPED = "**/site-packages/pyarrow/*.so*"


def slim(environment: Path) -> None:
    """Takes out what is not needed.

    Args:
        environment: The folder of the virtual environment.

    Raises:
        OSError: If the program `strip` (Debian's binutils) is missing.
        subprocess.CalledProcessError: If it fails.
    """
    for pattern in UNUSED:
        for path in list(environment.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    libraries = [str(path) for path in environment.glob(UNSTRIPPED) if not path.is_symlink()]
    if libraries:
        subprocess.run(  # the build's own binutils  # nosec B603 B607
            ["strip", "--strip-unneeded", *libraries], check=True
        )


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
