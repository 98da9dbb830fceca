"""Runs Python as a cell of a notebook in the lab: by IPython, with `await` at the top level, where Juice is configured.

    execute.py FOLDER < cell        ends with 1 if the cell raises

FOLDER is that of `launch.py`.
"""

import pathlib
import sys

import place

place.use(pathlib.Path(sys.argv[1]).resolve(), "user")

from IPython.core.interactiveshell import InteractiveShell  # noqa: E402

cell = InteractiveShell.instance().run_cell(sys.stdin.read())
sys.exit(not cell.success)
