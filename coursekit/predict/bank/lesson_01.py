"""The questions of notebook 01."""

from __future__ import annotations

from coursekit.predict._questions import ChoiceQuestion, NumberQuestion, Question, ShapeQuestion

QUESTIONS: dict[str, Question] = {
    "which-plays-backwards": ChoiceQuestion(
        text="Which of the two clips plays backwards?",
        options={
            "A plays backwards": (
                "Wherever the shoes are seen, they point to the right. In B the person moves to the right, "
                "so B plays as it was filmed. In A the person moves to the left, away from where the shoes "
                "point."
            ),
            "B plays backwards": (
                "In B the person moves to the right, and the shoes point there too. Step through A: the "
                "shoes still point to the right, but the person moves to the left."
            ),
        },
        answer="A plays backwards",
    ),
    "frame-shape": ShapeQuestion(
        text="frame is one picture of the film, 640 pixels wide and 272 high. What is tuple(frame.shape)?",
        answer=(3, 272, 640),
        why="Channels first, then rows (the height), then columns (the width).",
        because={
            (3, 640, 272): "That is the lecture's order, columns before rows. PyTorch puts rows first.",
            (
                272,
                640,
                3,
            ): "That is how matplotlib and scikit-video hold a picture. Here the channels come first.",
            (272, 640): "A colour pixel has three numbers, so the channels need an axis of their own.",
        },
    ),
    "one-value-by-hand": NumberQuestion(
        text=(
            "Multiply each value of the patch by the kernel's number in the same place, and add up all "
            "products of all three channels. Which number do you get?"
        ),
        answer=-4,
        tolerance=0,
        why=(
            "It is the right column minus the left one. Red: 10 - 15 = -5. Green: 9 - 9 = 0. Blue: 7 - 6 = "
            "1. Their sum is -5 + 0 + 1 = -4: the picture becomes darker to the right."
        ),
        because={
            4: "The signs are exchanged: the left column counts as minus, the right one as plus.",
            -5: "That is the red channel alone. Add the green and the blue channel too.",
            -1.3333: "That is the mean of the three channels. A convolution adds them up.",
            -1.33: "That is the mean of the three channels, rounded. A convolution adds them up.",
        },
        label="By hand",
    ),
    "four-kernels": ShapeQuestion(
        text=(
            "A layer has four kernels, each of 3 x 3 x 3. It is applied to a frame of three channels, 272 "
            "rows and 640 columns, without padding. What is the shape of the result?"
        ),
        answer=(4, 270, 638),
        why=(
            "Each kernel gives one channel, so there are four. A kernel of 3 rows fits at 272 - 3 + 1 "
            "places, and the same holds for the columns: two are lost along each axis."
        ),
        because={
            (12, 270, 638): "The products of the three channels are added up. They do not become channels.",
            (4, 272, 640): "Without padding the kernel stops at the border, so one row is lost on each side.",
            (4, 3, 270, 638): "The three input channels are summed, so their axis is gone.",
            (3, 270, 638): "The result has one channel for each kernel, not for each input channel.",
            (4, 269, 637): "Count the first place too: 272 - 3 + 1.",
        },
    ),
    "two-frames-kernel": ChoiceQuestion(
        text=(
            "The kernel reads two grey frames, now and next, stacked as two channels. Which two 3 x 3 "
            "matrices give 0 wherever nothing changes from one frame to the next?"
        ),
        options={
            "both full of 1": "These add the two frames, so the result is large where the frames are bright.",
            "first full of -1, second full of 1": (
                "They subtract the sum of nine pixels now from the sum of the same pixels next. Equal pixels "
                "give 0. Every change of brightness gives an answer, not only motion. In exercise 3 you "
                "build a kernel for three frames."
            ),
            "columns -1, 0, 1 in both": (
                "Each matrix finds vertical edges in its frame, and the two are added. An edge that stands "
                "still gives an answer too."
            ),
        },
        answer="first full of -1, second full of 1",
        label="Check yourself",
    ),
    "clock-drift": NumberQuestion(
        text=(
            "You play one hour of film recorded at 30000/1001 fps as if it were 30 fps. By how many seconds "
            "is it over too early?"
        ),
        answer=3.5964,
        unit="s",
        tolerance=0.02,
        why=(
            "The hour holds 3600 x 30000/1001 = 107,892 frames. At 30 fps they last 3,596.4 s. The rates "
            "differ by 1 part in 1001, and 3600 / 1001 is 3.6."
        ),
        because={
            36: "The rates differ by 0.1 %, and this would be 1 %.",
            0.36: "The rates differ by 0.1 %, and this would be 0.01 %.",
            0.06: "That is the drift of one minute. An hour has 60 of them.",
        },
    ),
    "next-frame-bytes": NumberQuestion(
        text=(
            "The clip is a tensor of bytes of shape (250, 3, 272, 640). Take the red value of one pixel in "
            "one frame. How many bytes later in memory is the red value of the same pixel in the next frame?"
        ),
        answer=522_240,
        unit="bytes",
        why=(
            "Time is the slowest axis, so all the values of one frame lie between: 3 x 272 x 640. The other "
            "axes are faster: the next column is 1 byte away, the next row 640 bytes."
        ),
        because={
            1: "One byte later is the red value of the next column: columns are the fastest axis here.",
            3: (
                "The three colours of a pixel do not lie together in this order, and time is the slowest "
                "axis."
            ),
            640: "640 bytes later is the next row of the same frame.",
            174_080: "272 x 640 bytes later is the green value of the same pixel in the same frame.",
        },
    ),
    "clip-megabytes": NumberQuestion(
        text="How many megabytes (10^6 bytes) is the clip of 250 frames of 640 x 272 as a tensor of bytes?",
        answer=130.56,
        unit="MB",
        tolerance=0.05,
        why="250 x 3 x 272 x 640 values of one byte each.",
        because={
            43.52: "That counts one value for each pixel, but a colour pixel has three.",
            522.24: "That counts four bytes for each value (float32). Here each value is one byte.",
        },
    ),
    "intra-only-size": ChoiceQuestion(
        text=(
            "As a film, bikes becomes about 300 times smaller than its tensor. How many times smaller is it "
            "if each frame is encoded alone, with the same codec and the same quality setting?"
        ),
        options={
            "about 3 times": (
                "This would mean that almost everything is saved by references between frames. But one frame "
                "alone has large smooth areas, which the codec stores in few bytes."
            ),
            "about 80 times": (
                "Most of the saving is possible inside one frame: smooth areas and fine detail that nobody "
                "sees cost few bytes. References between frames give about 4 times more."
            ),
            "about 300 times": (
                "Then references to other frames would save nothing. But neighbouring frames of a shot are "
                "almost equal, and the codec uses this."
            ),
        },
        answer="about 80 times",
        between=(40, 200),  # times smaller
    ),
    "shuffled-size": ChoiceQuestion(
        text=(
            "The shuffled frames of bikes are encoded as a film, with the same settings. How large is the "
            "file, compared with the film in order and with the frames one by one?"
        ),
        options={
            "like the film": (
                "The frames are the same, but each one now follows a frame that is hardly like it, so "
                "references save little."
            ),
            "half way": (
                "It would be so if half of the neighbours were still alike. In bikes, frames of other shots, "
                "or of other moments of a fast shot, are hardly alike."
            ),
            "like single frames": (
                "References between frames help only if the frames are alike. After shuffling, the "
                "neighbours in bikes come from other shots or other moments, so the codec gains almost "
                "nothing from them."
            ),
        },
        answer="like single frames",
        between=(0.75, 1.25),  # 0 is the film's size, 1 that of single frames
    ),
    "one-second-apart": ChoiceQuestion(
        text=(
            "Take two frames of bikes from the same shot, one second apart. What is their correlation, "
            "averaged over the five longer shots?"
        ),
        options={
            "below 0.1": (
                "This is the level across cuts. Within a shot, the background often stays, and it keeps the "
                "correlation higher."
            ),
            "0.3 to 0.6": (
                "It is 0.47. The shots differ: where the background stays and little moves, it is above 0.6. "
                "Where large things pass close to the camera, it is below 0.2."
            ),
            "0.8 or more": (
                "This holds for a quiet film such as carphone. In two shots of bikes, cars and people pass "
                "close to the camera and change most of the picture within a second."
            ),
        },
        answer="0.3 to 0.6",
        between=(0.2, 0.7),  # mean correlation
    ),
    "shuffled-average": ChoiceQuestion(
        text=(
            "A method computes one number from each frame alone and averages the numbers of all frames. What "
            "does it give for the shuffled clip, compared with the clip in order?"
        ),
        options={
            "exactly the same": (
                "The same frames give the same numbers, and a mean does not depend on their order."
            ),
            "a little different": (
                "No frame has changed, so no number has changed, and neither has their mean."
            ),
            "random": "The order is random, but the method never uses the order.",
        },
        answer="exactly the same",
    ),
    "reversed-neighbours": ChoiceQuestion(
        text="How alike are the neighbouring frames of B, on average, compared with those of A?",
        options={
            "less alike": "Reversing separates no frames: each pair of neighbours stays a pair.",
            "exactly as alike": (
                "The same pairs are neighbours in A and in B, and the correlation of two frames does not "
                "depend on which of them comes first."
            ),
            "more alike": "Reversing brings no new frames together: each pair of neighbours stays a pair.",
        },
        answer="exactly as alike",
        between=(-5e-6, 5e-6),  # difference of the correlations
    ),
    "stored-size": ChoiceQuestion(
        text=(
            "The video file of bikes has 0.5 MB. We write the decoded clip, 250 frames, to an HDF5 file. How "
            "large is that file?"
        ),
        options={
            "about 1 MB": "This would need a video codec. HDF5 stores each value as it is.",
            "about 40 MB": "That is one value for each pixel, but a colour pixel has three.",
            "about 130 MB": (
                "HDF5 stores each of the 250 x 3 x 272 x 640 values in one byte. So keep the video file, and "
                "use HDF5 for what you read many times."
            ),
            "about 520 MB": "That counts four bytes for each value. The clip is stored as bytes (uint8).",
        },
        answer="about 130 MB",
    ),
}
