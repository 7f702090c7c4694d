"""The questions of notebook 01."""

from __future__ import annotations

from coursekit.predict._questions import ChoiceQuestion, NumberQuestion, Question, ShapeQuestion

QUESTIONS: dict[str, Question] = {
    "frame-shape": ShapeQuestion(
        text="frame is one picture of a film, 640 pixels wide and 272 high. What is tuple(frame.shape)?",
        answer=(3, 272, 640),
        why="Channels first, then rows (the height), then columns (the width).",
        because={
            (3, 640, 272): "That is the lecture's order, columns before rows. PyTorch counts rows first.",
            (272, 640, 3): "That is how matplotlib and scikit-video hold a picture. Here the channels lead.",
            (272, 640): "Three numbers make one colour pixel, so the channels need an axis of their own.",
        },
    ),
    "clip-megabytes": NumberQuestion(
        text="How many megabytes (10^6 bytes) is a clip of 250 frames of 640 x 272 as a tensor of bytes?",
        answer=130.56,
        unit="MB",
        tolerance=0.05,
        why="250 x 3 x 272 x 640 values of one byte each.",
        because={
            43.52: "That counts one value for each pixel, but a colour pixel has three.",
            522.24: "That counts four bytes a value (float32). Here each value is one byte.",
        },
    ),
    "frame-time": ChoiceQuestion(
        text="Which of the two rates gives the times of the frames of carphone?",
        options={
            "30": "An hour of film would be off by 3.6 s.",
            "30000/1001": "The exact rate of the file, a relic of analogue television.",
        },
        answer="30000/1001",
    ),
}
