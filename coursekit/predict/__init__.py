"""Questions in a notebook: the learner types a prediction, and a wrong answer gets its reason.

    from coursekit import predict

    predict.number("How many weights?", answer=1296, because={432: "That is one channel of three."})
    predict.choice("Which one is faster?", {"A": "A reads fewer frames.", "B": "B reads all."}, answer="A")

Each question is HTML that needs no kernel, no widget manager and no network. The form is in a frame of its
own. The answer is in a `<details>` below it, which also opens where scripts are removed (GitHub).
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
