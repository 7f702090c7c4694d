"""Attacks on the grading: solution cells that try to get what they must not have. Only for a sandbox.

Each attack is a file `attacks/*/NAME.py`, the text of task-1, which runs after `attacks/prelude.py`. It
prints `GAINED` (through `gained`) if it got what it must not have. Otherwise it shows that it has tried: by a
line "tried: ..." or by the reason for which it was stopped. Its docstring says what it attempts, and may have
lines

    wall: seconds for all of it (20)
    cell: seconds for the cell (6)
    says: a regular expression that its output or the reason must match (tried:)

All attacks are bounded: without a sandbox's limits a bomb is a small one. The test replaces `_FOLDER_`,
`_TCP_`, `_UDP_`, `_PID_` and `_REPO_` in them.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "attacks"
# Of the hidden tests: what runs inside, and what only the judge has.
INSIDE, JUDGED = "manual_seed(SEED)", ("looks_like=[", "check.close(answers", "another axis")
# A wrong answer to the other task, so that only the attack can bring points.
WRONG = "def output_size(size, kernel, stride=1):\n    return -1\n"


@dataclass(frozen=True)
class Hostile:
    """One attack: the text of task-1, what its output must match, and its limits in seconds."""

    name: str
    code: str
    says: str = "tried:"
    wall: int = 20
    cell: int = 6


def read(path: Path) -> Hostile:
    """An attack from its file: the code is what follows the docstring and an empty line."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    fields = dict(re.findall(r"^(wall|cell|says): (.+)$", ast.get_docstring(tree) or "", re.MULTILINE))
    code = "".join(text.splitlines(keepends=True)[tree.body[0].end_lineno + 1 :])
    seconds = {name: int(fields.pop(name)) for name in ("wall", "cell") if name in fields}
    return Hostile(path.stem, code, **fields, **seconds)


# Texts that cannot stand in a file as they are.
_ENDED = "(Memory|Syntax|Recursion)Error|ended before its time"
ODD = [
    Hostile("nul_in_source", "x = '\0'", "null bytes|ValueError|SyntaxError"),
    Hostile("surrogate_in_source", "x = '\ud800'", "UnicodeEncodeError|SyntaxError|expected"),
    Hostile("source_deep", f"x = {'(' * 5000}{')' * 5000}", _ENDED),
    Hostile("source_minus", f"x = {'-' * 50_000}1", _ENDED),
]
PRELUDE = read(FOLDER / "prelude.py").code
ALL = [*map(read, sorted(FOLDER.glob("*/*.py"))), *ODD]
