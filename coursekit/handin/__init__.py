"""Before you hand in: is the file whole, which assignment is it, which of its cells are still empty?

    from coursekit import handin

    handin.check("conv3d.ipynb")    # the saved file, as the grader will read it
    handin.check()                  # what this kernel has run, where the file cannot be reached (Colab)

In a terminal: `coursekit submit-check conv3d.ipynb`. Nothing of the notebook is run.

The grader takes the marked cells from a notebook with the functions of this package, too. `take` finds them.
A `Handout` says what students were given; the published course carries those of all its assignments.
"""

from coursekit.handin._check import Report, check, examine, executed
from coursekit.handin._code import defined
from coursekit.handin._handout import (
    FILE,
    Cell,
    HandinError,
    Handout,
    fingerprint,
    handouts,
    save,
    setup_names,
)
from coursekit.handin._notebook import (
    NOTEBOOK,
    cell_grade_id,
    first_line,
    notebook_cells,
    too_large,
)
from coursekit.handin._take import Copy, Note, Taken, take

__all__ = [
    "FILE",
    "NOTEBOOK",
    "Cell",
    "Copy",
    "HandinError",
    "Handout",
    "Note",
    "Report",
    "Taken",
    "cell_grade_id",
    "check",
    "defined",
    "examine",
    "executed",
    "fingerprint",
    "first_line",
    "handouts",
    "notebook_cells",
    "save",
    "setup_names",
    "take",
    "too_large",
]
