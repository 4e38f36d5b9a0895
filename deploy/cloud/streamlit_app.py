"""The app for Streamlit Community Cloud, which reads the requirements beside this file."""

import runpy
import sys
from pathlib import Path

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)
runpy.run_path(f"{ROOT}/app.py")
