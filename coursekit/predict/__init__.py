"""Questions in a notebook: the learner commits to an answer, runs the experiment, then compares.

    from coursekit import predict

    predict.ask("frame-shape")                          # the question, in a cell of its own
    predict.reveal("frame-shape", tuple(frame.shape))   # after the experiment: the answer, folded
    predict.answers(1)                                  # the last cell of notebook 01, for paper

The questions stand in `predict/bank`, one file for each notebook: text, answer, unit, the reason for the
answer, and the reasons for common mistakes. `reveal` fails if the measured value is not the stored answer.

Each question is HTML that needs no kernel, no widget manager and no network. The form is in a frame of its
own. The folded answer below it also opens where scripts are removed (GitHub, an untrusted notebook).
"""

from coursekit.predict._ask import answers, ask, reveal
from coursekit.predict._forms import Prediction, shapes
from coursekit.predict._questions import ChoiceQuestion, NumberQuestion, Question, Shape, ShapeQuestion

__all__ = [
    "ChoiceQuestion",
    "NumberQuestion",
    "Prediction",
    "Question",
    "Shape",
    "ShapeQuestion",
    "answers",
    "ask",
    "reveal",
    "shapes",
]
