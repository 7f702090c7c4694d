"""Helpers of the course on video analysis with deep learning: one module, one idea.

The bottom knows nothing of the top: `layout` and `conv` know nothing of notebooks,
`cli` and `course` may use everything.
"""

from coursekit._shared._jupyter import explain_name_errors

__version__ = "0.1.0"

explain_name_errors()
