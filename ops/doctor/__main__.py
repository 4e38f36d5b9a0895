"""Runs the doctor as a command."""

import sys

from ops.doctor.command import main

if __name__ == "__main__":
    sys.exit(main())
