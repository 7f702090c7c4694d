"""The learner commits before the reveal: questions that say why a wrong answer is wrong.

Each question is HTML that needs no kernel, no widget manager and no network: the form in a frame of its
own, the answer in a `<details>` below it, which also opens where scripts are removed (GitHub, paper).
"""

from coursekit.predict._forms import Prediction, Shape, choice, number, shape, shapes

__all__ = [
    "Prediction",
    "Shape",
    "choice",
    "number",
    "shape",
    "shapes",
]
