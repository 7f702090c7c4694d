"""The questions of notebook 04."""

from __future__ import annotations

from coursekit.predict._questions import ChoiceQuestion, NumberQuestion, Question, ShapeQuestion

QUESTIONS: dict[str, Question] = {
    "recall-strided-rows": NumberQuestion(
        label="Recall",
        text="A kernel of length 3 glides over 91 rows, with stride 2 and a padding of 1 on both sides. "
        "How many rows does the output have?",
        answer=46,
        tolerance=0,
        unit="rows",
        why="o = floor((n + 2p - d(k - 1) - 1) / s) + 1 = floor((91 + 2 - 2 - 1) / 2) + 1 = 45 + 1 = 46.",
        because={
            45: "Either the + 1 at the end of the formula is missing, or the padding.",
            91: "Padding 1 keeps the length at stride 1. At stride 2 about half of the places are left.",
        },
    ),
    "recall-free-reorder": ChoiceQuestion(
        label="Recall",
        text="frames is a tensor (T, 3, H, W). Which of these gives (3, T, H, W) without copying a value?",
        options={
            "frames.reshape(3, T, H, W)": "The shape is right, but colours and frames are mixed up: "
            "reshape does not exchange axes.",
            "frames.transpose(0, 1)": "Right. transpose, like permute, returns a view: the same memory, "
            "read with other strides.",
            "frames.transpose(0, 1).contiguous()": "The order of the axes is right, but contiguous() "
            "copies the values into that order.",
        },
        answer="frames.transpose(0, 1)",
    ),
    "layer-output-shape": ShapeQuestion(
        text="Input 3 x 100 x 224 x 224, and 16 kernels of 3 x 3 x 3; no padding, stride 1. What is the "
        "shape of the output (channels, T, H, W)?",
        answer=(16, 98, 222, 222),
        why="One output channel for each kernel. Along each axis n - k + 1: 100 - 3 + 1 = 98 and 224 - 3 + "
        "1 = 222.",
        because={
            (16, 100, 222, 222): "Time is convolved like the other two axes, so it loses two frames.",
            (48, 98, 222, 222): "The three colours are summed to one number. They do not stay apart.",
            (3, 98, 222, 222): "The number of output channels is the number of kernels, not of colours.",
            (16, 97, 221, 221): "The + 1 is missing: n - k + 1.",
        },
    ),
    "envelope-macs": NumberQuestion(
        label="By hand",
        text="A colour clip of 5 frames, 6 rows and 7 columns meets 2 kernels of 3 x 3 x 3 (no padding, "
        "stride 1). How many MACs is that?",
        answer=9720,
        tolerance=0,
        unit="MACs",
        why="Places: (5 - 2) x (6 - 2) x (7 - 2) = 3 x 4 x 5 = 60. At each place, each of the 2 kernels "
        "multiplies 3 colours x 27 values = 81. Together 60 x 2 x 81 = 9,720.",
        because={
            3240: "That leaves out the colours: a kernel has 27 weights for each of the 3 channels.",
            4860: "That is one kernel. There are two.",
            34020: "That takes all 5 x 6 x 7 = 210 places of the input. Without padding, 3 x 4 x 5 are left.",
            162: "That is the number of weights. Each of them is used at every place of the output.",
            19440: "That counts FLOPs, two for each MAC.",
        },
    ),
    "layer-kilobytes": NumberQuestion(
        text="The lecture says that the parameter space is exploding. How many kilobytes (10^3 bytes) do "
        "the weights and biases of the lecture's 3D layer take in float32?",
        answer=5.248,
        tolerance=0.005,
        unit="kB",
        why="16 kernels x 3 channels x 27 = 1,296 weights, and 16 biases: 1,312 values of 4 bytes. In 2D "
        "they are 432 + 16 values, 1.792 kB.",
        because={
            5.184: "That leaves out the 16 biases.",
            1.312: "That is the number of values. Each takes 4 bytes.",
            1.792: "That is the 2D layer: its kernels are 3 x 3, here they are 3 x 3 x 3.",
            309109.248: "That is the output. It has 4 bytes for each place, the kernels are used again at "
            "every place.",
        },
    ),
    "clip-against-frames": NumberQuestion(
        text="Both sides see the same 100 frames: the 3D layer as one clip, the 2D layer frame by frame. "
        "How many output values has 3D for each one of 2D?",
        answer=0.98,
        tolerance=0.005,
        why="16 x 98 x 222 x 222 values against 100 x 16 x 222 x 222: 98 / 100. A kernel of length 3 has "
        "no place at the first and at the last frame.",
        because={
            98: "That compares the clip with one frame. Here both sides see 100 frames.",
            1: "Nearly. At how many places in time does a kernel of length 3 fit into 100 frames?",
            3: "That is the ratio of the weights. The question is about output values.",
            2.94: "That is the ratio of the MACs, 3 x 98 / 100.",
        },
    ),
    "flat-kernel": NumberQuestion(
        label="Check yourself",
        text="The kernels become 1 x 3 x 3. How many times as many MACs does the 3D layer need then, "
        "compared with the 2D layer on the same 100 frames?",
        answer=1,
        tolerance=0,
        why="A kernel of length 1 in time sees one frame. It fits at all 100 frames, and it has as many "
        "weights as the 2D kernel. It is a 2D convolution of each frame.",
        because={
            0.98: "A kernel of length 1 in time loses no frame: 100 - 1 + 1 = 100.",
            2.94: "That is the 3 x 3 x 3 kernel. The new one has a third of its weights.",
        },
    ),
    "three-frames-at-a-time": ChoiceQuestion(
        text="Now the 3D layer gets three frames at a time: frames 0 to 2, then 1 to 3, and so on. Each "
        "result is averaged over the picture, and thrown away. Its peak memory, against the whole clip at "
        "once?",
        options={
            "about the same": "The results are the same, but they are never held together.",
            "about half": "Three frames are not half of a hundred, nor is one output frame half of all.",
            "under a fifth": "Right. The layer holds the frames that its kernel covers, three, and one "
            "output frame. The rest of the film may be on disk.",
        },
        answer="under a fifth",
        between=(0, 0.2),  # a part of the whole clip's peak
    ),
    "frames-to-hold": NumberQuestion(
        label="Check yourself",
        text="Two such layers follow each other, each with kernels of length 3 in time. How many frames of "
        "the film does one output value depend on?",
        answer=5,
        tolerance=0,
        why="One output value reads 3 frames of the first layer's output. These read frames 1 to 3, 2 to 4 "
        "and 3 to 5 of the film: five in all.",
        because={
            6: "The two layers overlap: each one adds k - 1 = 2 frames to the one that it starts with.",
            9: "The lengths are not multiplied at stride 1. Each layer adds k - 1 = 2 frames.",
            3: "That is one layer. The second one reads three of its outputs, at three moments.",
        },
    ),
    "three-times-everything": NumberQuestion(
        text="The frames become three times as wide and three times as high, and the layer gets three "
        "times as many channels, in and out. How many times as many MACs?",
        answer=81,
        tolerance=0,
        why="Three times the width and height are 9 times the places. Three times the channels in and out "
        "are 9 times the weights. MACs are places x weights: 9 x 9 = 81.",
        because={
            9: "That is one of the two changes. Places and weights are multiplied.",
            27: "One factor of 3 is missing: width, height, channels in, channels out are four.",
            18: "The two factors of 9 are multiplied, not added.",
        },
    ),
    "r3d-against-resnet": NumberQuestion(
        text="R3D-18 is ResNet-18 with kernels of 3 x 3 x 3 in place of 3 x 3. Both see the same 16 frames "
        "of 224 x 224. How many times as many MACs does R3D-18 need?",
        answer=5.6084,
        tolerance=0.1,
        why="Longer kernels give a factor of 3. The rest is the design. R3D-18 has no pooling in front, so "
        "each stage works on frames of twice the width and height: 4 times the places. From stage 2 on it "
        "also halves time. Stage by stage that is about 12, 6, 3 and 1.5, on average 5.6.",
        because={
            3: "That would be the longer kernels alone. R3D-18 also works on larger pictures in each stage.",
            9: "A kernel of 3 x 3 x 3 has 3 times the weights of 3 x 3, not 9 times.",
            16: "Both networks see 16 frames.",
            2.85: "That is the ratio of the parameters.",
            294: "That compares a clip with one frame. Here both see 16 frames.",
        },
    ),
    "cyclist-after-two-seconds": ChoiceQuestion(
        text="A cyclist rides through a street, filmed in one shot. You compare frames that are 2 s apart "
        "by the correlation of their pixels. How alike are they?",
        options={
            "nearly equal": "That is right for a man who talks in front of a fixed camera. Here everything "
            "in the picture moves.",
            "halfway": "In this shot the correlation has fallen much further after 2 s.",
            "like two films": "Right. After 2 s nothing is where it was, so the pixels say no more about "
            "each other than those of two films. It is still the same action.",
        },
        answer="like two films",
        between=(-2, 0),  # correlation, less that of two films
    ),
    "wheel-every-fourth": ChoiceQuestion(
        text="A wheel with five equal spokes makes one turn per second, filmed at 25 frames per second. "
        "You keep every fourth frame, and show each for four times as long. What does the wheel seem to "
        "do?",
        options={
            "it turns as before": "That holds as long as a spoke moves less than half of the way to the "
            "next one. Here it moves 0.8 of the way.",
            "it turns faster": "Each kept frame is shown for four times as long, so the clock is the same.",
            "it turns backwards": "Right. From one kept frame to the next it makes 4/25 of a turn, 0.8 of "
            "the way to the next spoke. A step of 0.2 the other way gives the same picture, and it is "
            "smaller.",
            "it stands still": "That is every fifth frame: then each spoke stands where the next one was.",
        },
        answer="it turns backwards",
        between=(-1, 0),  # turns from one kept frame to the next
    ),
    "checkpointing-and-gradients": ChoiceQuestion(
        text="Activation checkpointing throws most layers' outputs away in the forward pass, and computes "
        "them again when the backward pass needs them. What happens to the gradients?",
        options={
            "less exact": "Nothing is rounded or left out. The same numbers are computed again.",
            "equal": "Right. The second forward pass repeats the first one, so the backward pass gets the "
            "same numbers. The price is time: nearly one more forward pass.",
            "missing for some layers": "Every layer gets its gradient. Its input is computed again from "
            "the nearest output that was kept.",
        },
        answer="equal",
    ),
    "training-more-frames": ChoiceQuestion(
        label="Check yourself",
        text="A network takes clips of 16 frames. You feed 32 frames instead. Which of the four accounts "
        "does not change?",
        options={
            "parameters": "Right. Kernels do not know how long the clip is. Values, MACs and time about "
            "double.",
            "operational space": "Every layer's output has about twice as many frames.",
            "MACs": "The kernels are applied at about twice as many places.",
        },
        answer="parameters",
    ),
}
