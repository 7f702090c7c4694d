"""The questions of notebook 03."""

from __future__ import annotations

from coursekit.predict._questions import ChoiceQuestion, NumberQuestion, Question, ShapeQuestion

QUESTIONS: dict[str, Question] = {
    # Notebooks 01 and 02 again
    "recall-conv3d-input": ShapeQuestion(
        label="Recall",
        text=(
            "A decoder hands over a clip of shape (16, 3, 91, 161), in the order T, C, H, W. What is the "
            "shape of the batch with this one clip that Conv3d takes?"
        ),
        answer=(1, 3, 16, 91, 161),
        why="Conv3d takes B, C, T, H, W: time and channels change places, and a batch of 1 comes in front.",
        because={
            (1, 16, 3, 91, 161): "Here time stands where Conv3d expects the channels.",
            (3, 16, 91, 161): "That is C, T, H, W, one clip without the axis of the batch.",
            (16, 3, 91, 161): "That is what the decoder gives: T, C, H, W.",
        },
    ),
    "recall-channel-sum": ChoiceQuestion(
        label="Recall",
        text=(
            "One 2D kernel meets a colour frame. It has three dot products at a place. What happens to them?"
        ),
        options={
            "they are added": "One kernel gives one number at each place, the sum over the channels.",
            "they are averaged": "Nothing divides by three. Notebook 01 computed it: the result is the sum.",
            "three output channels": "The number of output channels is the number of kernels, here one.",
        },
        answer="they are added",
    ),
    "recall-memory-stride": NumberQuestion(
        label="Recall",
        text=(
            "A contiguous tensor has the shape (3, 16, 91, 161), in the order C, T, H, W. How many elements "
            "does a step along time jump over in memory?"
        ),
        answer=14651,
        unit="elements",
        tolerance=0.0001,
        why="From one frame of a channel to the next are 91 rows of 161 elements: 91 x 161.",
        because={
            43953: (
                "That jumps three planes. In this order the next frame of the same channel is one plane on."
            ),
            234416: "That is a step along the channels: 16 x 91 x 161.",
            161: "That is a step along the height, from one row to the next.",
        },
    ),
    # Along which axes
    "dense-weights": NumberQuestion(
        label="By hand",
        text=(
            "A fully connected layer connects each value of the clip (3 x 16 x 91 x 161) with each of 10 "
            "outputs. How many million weights does it have?"
        ),
        answer=7.03248,
        unit="million",
        tolerance=0.03,
        why="3 x 16 x 91 x 161 = 703,248 inputs, and each has a weight for each of the 10 outputs.",
        because={
            0.703248: (
                "That is the number of inputs. Each of the 10 outputs has its own weight for each input."
            ),
            2.34416: "The three channels are inputs too: multiply by 3.",
        },
    ),
    # One number, by hand
    "patch-sum": NumberQuestion(
        label="By hand",
        text="The kernel lies over the coloured numbers. Which number does it give there?",
        answer=-16,
        tolerance=0.001,
        why=(
            "Frame 0 of the kernel: 5 x (-2) + 5 x (-1) + 6 x (-1) + 5 x (-1) = -26. Frame 1: 1 x 2 + 4 x "
            "1 + 1 x 1 + 3 x 1 = 10. Together -26 + 10."
        ),
        because={
            -26: "That is frame 0 of the kernel alone. Frame 1 has a dot product of its own; add it.",
            10: "That is frame 1 of the kernel alone. Add the dot product of frame 0.",
            -2: "That is the mean of the eight products. A convolution adds them.",
            14: "You have flipped the kernel along all its axes. Deep learning does not.",
            36: "The weights of frame 0 are negative.",
        },
    ),
    # In loops
    "four-kernels-shape": ShapeQuestion(
        text=(
            "A piece of the clip has the shape (3, 5, 9, 11). Four kernels of 3 x 3 x 3 run over it, without "
            "padding. What is the shape of the result?"
        ),
        answer=(4, 3, 7, 9),
        why="Four kernels give four channels. Each axis that is convolved loses two: 5 - 2, 9 - 2, 11 - 2.",
        because={
            (4, 5, 7, 9): "Time is convolved like height and width, so it loses a frame at each end.",
            (4, 5, 9, 11): "Without padding each axis that is convolved loses two.",
            (12, 3, 7, 9): "The three dot products are added, so four kernels give four channels.",
            (4, 3, 3, 7, 9): "The input channels are summed, so they are no axis of the result.",
            (3, 3, 7, 9): "The result has as many channels as there are kernels, not as the input has.",
        },
    ),
    "conv3d-parameters": NumberQuestion(
        text="How many numbers does nn.Conv3d(3, 4, kernel_size=3) learn?",
        answer=328,
        tolerance=0.0001,
        why="4 kernels x 3 channels x 27 weights = 324, and one bias for each of the 4 kernels.",
        because={
            324: "These are the weights. By default there is one bias for each kernel too.",
            112: "Each kernel has 27 weights for each of the three input channels.",
            336: "There is one bias for each kernel, not one for each kernel and each channel.",
            82: "That is one kernel with its bias. The layer has four.",
        },
    ),
    "scipy-flip": ChoiceQuestion(
        text=(
            "scipy.ndimage.convolve is the convolution of mathematics. Which kernel must it get, so that it "
            "gives what F.conv3d gives for our kernel?"
        ),
        options={
            "unchanged": "Then it computes with the kernel flipped, and the values differ.",
            "time reversed": "SciPy flips height and width too.",
            "space reversed": "SciPy flips time too.",
            "all axes reversed": "SciPy flips each axis, so a flip of each axis before it cancels that.",
        },
        answer="all axes reversed",
    ),
    # What four kernels see
    "still-clip-zero": ChoiceQuestion(
        text=(
            "A clip shows the same frame 16 times. For which of the four kernels is the result 0 everywhere?"
        ),
        options={
            "change": "There is a second one: the last kernel is a difference of two frames too.",
            "change and edge_change": "Both subtract a frame from the next one, and here the two are equal.",
            "change and blur": "The mean of seven equal frames is the frame itself, not 0.",
            "change and edge": "edge has length 1 in time. It sees the edges of a still frame.",
        },
        answer="change and edge_change",
    ),
    "brighter-frame": ChoiceQuestion(
        text=(
            "Nothing moves, but from frame 8 on the clip is 5 % brighter. Is the result of change 0 "
            "everywhere?"
        ),
        options={
            "zero everywhere": "At the step from frame 7 to frame 8 each pixel grows by 5 % of its value.",
            "not zero": "The kernel subtracts brightness. It does not know why the brightness has changed.",
        },
        answer="not zero",
    ),
    "two-frames-2d": ChoiceQuestion(
        text=(
            "Two grey frames are stacked as the two channels of one image. A 2D kernel has the weight -1 for "
            "the first channel and +1 for the second. How does its result compare with that of change?"
        ),
        options={
            "the same values": (
                "The 2D convolution adds over its channels, so it is next frame minus this one."
            ),
            "other values": "Both compute the next frame minus this one at each pixel.",
            "no result": "A 2D convolution takes any number of channels, so two moments will do.",
        },
        answer="the same values",
    ),
    "stacked-16-shape": ShapeQuestion(
        text=(
            "All 16 grey frames are stacked as the channels of one image, (16, 91, 161), and one 2D kernel "
            "of 3 x 3 with 16 channels runs over it. What is the shape of the result?"
        ),
        answer=(1, 89, 159),
        why="A 2D convolution sums over its channels, and here the channels are the moments: time is gone.",
        because={
            (16, 89, 159): "One kernel gives one channel. All 16 frames are summed in it.",
            (14, 89, 159): "The kernel does not run along the channels, it has a weight for each of the 16.",
            (1, 14, 89, 159): "That is a 3D kernel of 3 x 3 x 3. A 2D kernel does not run along time.",
            (1, 91, 161): "Without padding height and width lose two each.",
        },
    ),
    # A kernel for one direction
    "slanted-kernel": ChoiceQuestion(
        text=(
            "The kernel moving_edge(3) runs over three films of the same picture. The picture moves to the "
            "right, to the left, or stands still. For which film is the result largest?"
        ),
        options={
            "to the right": "There the edge meets the same place of the kernel in all five frames.",
            "to the left": "There the edge leans the other way and meets the kernel in about one frame only.",
            "standing still": "A still edge is vertical in the slice, and the kernel leans.",
            "all equal": "The three films have the same picture, but another slant in time.",
        },
        answer="to the right",
    ),
    "pan-at-50-fps": NumberQuestion(
        label="Check yourself",
        text=(
            "The picture moves by 3 columns a frame at 25 frames per second. Another camera films the same "
            "motion at 50 frames per second. How many columns does it move from frame to frame there?"
        ),
        answer=1.5,
        unit="columns",
        why="75 columns a second, divided by 50 frames a second. A kernel is tuned to columns per frame.",
        because={
            3: "The motion per second is the same, but there are twice as many frames in a second.",
            6: "More frames per second mean smaller steps from frame to frame, not larger ones.",
        },
    ),
    # Zero padding in time
    "padded-constant": ChoiceQuestion(
        text=(
            "A clip has the brightness 1 in all nine frames. The kernel (-1, 0, 1) along time, with "
            "padding 1, runs over it. What is the first value of the result?"
        ),
        options={
            "-1": "That is the last value: there the zero stands behind, where the kernel has +1.",
            "0": "The clip is constant, but before its first frame padding puts a frame of zeros.",
            "1": "The kernel reads 0, 1, 1: the zero of the padding, frame 0 and frame 1.",
        },
        answer="1",
    ),
    # How large is the result?
    "stride-2-frames": NumberQuestion(
        text=(
            "A kernel of 3 frames runs along 16 frames with stride 2, without padding. How many frames has "
            "the result?"
        ),
        answer=7,
        unit="frames",
        why="It can begin at frames 0, 2, 4, 6, 8, 10 and 12. At 14 it would need a frame 16.",
        because={
            8: "At frame 14 the kernel would need frames 14, 15 and 16, and there is no frame 16.",
            7.5: "Places are counted, so the result is a whole number.",
            14: "That is with stride 1.",
            6: "The place at frame 0 counts too.",
        },
    ),
    "three-axes": ShapeQuestion(
        label="By hand",
        text=(
            "T, H, W = 16, 91, 161. The kernel is (3, 5, 5), the stride (1, 2, 2), the padding (1, 0, 2). "
            "What are T, H, W of the result?"
        ),
        answer=(16, 44, 81),
        why="(16 + 2 - 3) / 1 + 1 = 16; (91 - 5) / 2 + 1 = 44; (161 + 4 - 5) / 2 + 1 = 81.",
        because={
            (14, 44, 81): "Time has padding 1 at each end: 16 + 2 - 3 + 1.",
            (16, 44, 79): "The width has padding 2 at each end.",
            (16, 44, 80): "The width has padding at both ends, so 4 zeros are added.",
            (15, 43, 80): "The first place counts too: + 1.",
            (16, 87, 161): "The stride is 2 along height and width.",
        },
    ),
    "same-length": NumberQuestion(
        label="Check yourself",
        text=(
            "A kernel of 7 frames has dilation 8 and stride 1. How many frames of zeros does it need at each "
            "end, so that the clip keeps its length?"
        ),
        answer=24,
        unit="frames",
        why="o = n needs 2 p = d (k - 1) = 8 x 6 = 48, so p is half of that.",
        because={
            48: "That is for both ends together.",
            3: "That is with dilation 1. The dilated kernel spans 8 x 6 + 1 = 49 frames.",
            28: "Seven values have six gaps between them, not seven.",
        },
    ),
    # How far back does a stack look?
    "stack-of-four": NumberQuestion(
        text=(
            "Four layers of 3 x 3 x 3 lie on top of each other. The second has stride 2, the others have "
            "stride 1. How many frames of the clip does one value of the last layer see?"
        ),
        answer=13,
        unit="frames",
        why=(
            "Start with 1. The first two layers add 2 each. After the stride, two neighbours lie 2 frames "
            "apart, so the last two layers add 4 each: 1 + 2 + 2 + 4 + 4."
        ),
        because={
            9: "That is without the stride. After it a step is two frames.",
            15: "The stride counts for the layers after it, not for the layer that has it.",
            81: "The field grows by sums, not by products.",
            12: "One value sees at least itself: start with 1.",
        },
    ),
}
