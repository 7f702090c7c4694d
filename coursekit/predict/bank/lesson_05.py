"""The questions of notebook 05."""

from __future__ import annotations

from coursekit.predict._questions import ChoiceQuestion, NumberQuestion, Question, ShapeQuestion

QUESTIONS: dict[str, Question] = {
    "features-recall-layout": ShapeQuestion(
        label="Recall",
        text="Notebook 02: a reader hands over 12 frames of carphone in colour, with 144 rows and 176 "
        "columns. What is the shape of the tensor?",
        answer=(12, 3, 144, 176),
        why="Frames arrive one after the other, so time comes first: T x C x H x W, with rows before "
        "columns.",
        because={
            (3, 12, 144, 176): "That is what a 3D convolution takes. The reader puts time first.",
            (12, 144, 176, 3): "That is how scikit-video stores frames. Our reader puts the channels second.",
            (12, 3, 176, 144): "Rows come first: H = 144, W = 176.",
        },
    ),
    "features-recall-factor": ChoiceQuestion(
        label="Recall",
        text="Notebook 04: the lecture's 3D layer gives almost a hundred times as many values for its "
        "clip as the same layer in 2D gives for one image. Where does this factor come from?",
        options={
            "the third dimension of the kernel": "It multiplies the weights by 3. The number of values does "
            "not depend on it much.",
            "the number of frames in the clip": "The clip has 100 frames, and 98 positions in time remain. "
            "Against the same 100 frames in 2D the factor is 0.98.",
            "the 16 kernels": "The 2D layer has 16 kernels too.",
        },
        answer="the number of frames in the clip",
    ),
    "cartoon-certainty": ChoiceQuestion(
        text="Four frames go through the network with its decision layer. The last one shows a cartoon "
        "rabbit. The network was trained on photographs, and some of its classes are rabbits. Its first "
        "guess for this frame is no rabbit. How probable does it find its first guess?",
        options={
            "below 10 %": "A low probability would be a warning. The network gives none: see the table.",
            "10 to 50 %": "The thousand probabilities could be spread over many classes. Here they are not.",
            "above 50 %": "It says albatross, with 0.9. The thousand probabilities always add up to 1, "
            "whatever the image shows. No class means: I do not know this.",
        },
        answer="above 50 %",
        between=(0.5, 1.01),  # probability
    ),
    "numbers-saved": NumberQuestion(
        text="A frame of 3 x 224 x 224 goes through ResNet-18 without its decision layer, and D = 512 "
        "numbers come out. How many times fewer numbers are these?",
        answer=294,
        unit="times",
        why="3 x 224 x 224 = 150,528 numbers go in, 512 come out: 150,528 / 512 = 294.",
        because={
            98: "That is 224 x 224 / 512. A colour frame has three channels.",
            150528: "That is how many numbers the frame has. Divide it by 512.",
            150.528: "That is for the 1000 scores of the decision layer. It has been taken off.",
            117.6: "That is for D = 1280, our network.",
        },
    ),
    "cosine-by-hand": NumberQuestion(
        label="By hand",
        text="What is the cosine of the rows f = (2, 1, 2) and g = (0, 3, 4)? Two decimals are enough.",
        answer=11 / 15,
        tolerance=0.02,
        why="The dot product is 2 x 0 + 1 x 3 + 2 x 4 = 11. The lengths are the roots of 4 + 1 + 4 = 9 and "
        "0 + 9 + 16 = 25, so 3 and 5. The cosine is 11 / (3 x 5) = 0.73.",
        because={
            11: "That is the dot product. Divide it by both lengths. A cosine is never above 1.",
            11 / 225: "You divided by the squared lengths, 9 and 25. Take the roots, 3 and 5.",
            11
            / 35: "You divided by the sums of the rows, 5 and 7. The lengths are roots of sums of squares.",
            11 / 3: "You divided by the length of f only. Divide by that of g too.",
            11 / 5: "You divided by the length of g only. Divide by that of f too.",
        },
    ),
    "features-of-bikes": ShapeQuestion(
        text="bikes has 250 frames of 272 x 640. What is the shape of its features?",
        answer=(250, 1280),
        why="Each frame becomes one row of D = 1280 numbers. The rows keep the order of the frames.",
        because={
            (250, 1000): "1000 is the number of scores. The layer that makes them is gone.",
            (1280, 250): "The numbers are right. Time comes first: one row for each frame.",
            (250, 3, 1280): "The first layer has already added up the three colours.",
            (1, 1280): "That is one frame. Nothing is averaged over time.",
            (250, 272, 640): "That would be one number for each pixel. A row has D numbers for the frame.",
        },
    ),
    "matrix-look": ChoiceQuestion(
        text="Now the cosine of each frame of bikes with each other frame, as a T x T picture: bright "
        "is alike, dark is different. What will it look like?",
        options={
            "one bright line": "Only if a frame were like itself alone. Its neighbours are alike too.",
            "a fading band": "Only if the film changed at the same pace all the time. At a cut it "
            "changes from one frame to the next.",
            "bright squares": "Frames of one shot are more alike than frames of two shots: a square on the "
            "diagonal. At a cut a new square begins.",
            "bright everywhere": "Then a taxi would be as much like a bicycle as like itself.",
        },
        answer="bright squares",
    ),
    "flash-in-a-shot": ChoiceQuestion(
        text="In the second film, two white frames stand inside a shot: a flash. After it the shot goes on. "
        "How often does the rule report a cut there?",
        options={
            "never": "It would have to know that the shot goes on afterwards. It compares neighbours only.",
            "once": "The way into the flash is a fall. So is the way out.",
            "twice": "A white frame is unlike the frame before it and the frame after it: two falls, and no "
            "cut. Between the two white frames the cosine is 1.",
        },
        answer="twice",
    ),
    "memory-in-windows": NumberQuestion(
        text="r3d_18 gets 100 frames of 224 x 224: all at once, or in windows of 16 frames. How many times "
        "less memory do its activations need in windows?",
        answer=6.25,
        unit="times",
        why="The largest activations have one value for each frame, pixel and channel. Memory grows with the "
        "number of frames held together: 100 / 16 = 6.25.",
        because={
            7: "There are 7 windows, and the last one is not full. Memory depends on one window at a time.",
            100: "That would be one frame at a time. The 3D network holds 16.",
            16: "One window holds 16 of the 100 frames: compare 100 with 16.",
            1: "All windows are computed, but one after the other. Each is forgotten before the next.",
        },
    ),
    "frames-one-value-sees": NumberQuestion(
        text="r3d_18 has 17 convolutions along its main path, each 3 frames long. Three of them have "
        "stride 2 in time: the 6th, the 10th and the 14th. On how many frames does one value of the last "
        "map depend?",
        answer=109,
        unit="frames",
        why="A layer of length 3 adds 2 steps. A step is 1 frame at first, and twice as long after each "
        "layer with stride 2: 1 + 6 x 2 + 4 x 4 + 4 x 8 + 3 x 16 = 109.",
        because={
            35: "17 layers add 2 frames each if all strides are 1. After a stride of 2, a step is twice as "
            "long.",
            51: "The lengths are not added: the windows of neighbouring layers overlap.",
            3: "That is one layer. Each further layer sees a little more.",
            16: "That is how many frames a window holds. The network could use more.",
            17: "Count frames, not layers.",
        },
    ),
    "streaming-memory": ChoiceQuestion(
        text="Our network computes the features of 48 frames in one batch. Then it streams the whole film, "
        "250 frames, in batches of 4. Which needs more memory?",
        options={
            "the one batch": "It holds the activations of 48 frames together. The stream holds "
            "a few batches of 4, and one row for each frame that is done.",
            "the stream": "Only the rows grow with the film: 250 x 1280 numbers are 1.3 MB.",
            "both the same": "Memory depends on the frames that are held together.",
        },
        answer="the one batch",
    ),
    "quietest-mistake": ChoiceQuestion(
        text="Which of these four mistakes changes the features of bikes least?",
        options={
            "train mode": "The batch statistics replace the stored ones in all layers: 0.41.",
            "BGR for RGB": "0.92. The shapes stay, and bikes has few strong colours.",
            "upside down": "0.74. The frame has the same pixels in other places.",
            "crop 64 pixels off": "0.86. A part of the picture leaves the square, another part enters.",
        },
        answer="BGR for RGB",
    ),
    "shifted-or-mirrored": ChoiceQuestion(
        text="The last layer of our network averages each map over all places. What changes the "
        "features more: the crop 64 pixels to the right, or each frame mirrored?",
        options={
            "the shifted crop": "0.86 against 0.96. The crop changes what is in the square, and no average "
            "can undo that.",
            "the mirrored frame": "All places change, but nothing leaves the square: 0.96.",
            "neither: the average forgets places": "The average forgets places inside the square. The shift "
            "changes what is inside the square.",
        },
        answer="the shifted crop",
    ),
    "frames-that-pass": NumberQuestion(
        text="T and C have changed places: the network gets (3, T, 224, 224) as if it were (T, 3, 224, 224). "
        "For which number of frames T does it not complain?",
        answer=3,
        why="The network asks for three channels on axis 1, and there it now finds T. With T = 3 "
        "the shape is as it must be, and the features are wrong.",
        because={
            1: "Axis 1 must have as many entries as the network has input channels.",
            224: "The network asks for a number of channels, not of rows.",
        },
    ),
    "features-of-yesterday": ChoiceQuestion(
        label="Check yourself",
        text="Your features of bikes and those of a colleague have a mean cosine of 0.92. Which of "
        "these cannot be the reason?",
        options={
            "one of you has BGR": "It can: 0.92 on bikes.",
            "one of you forgot mean and deviation": "It can: 0.88 on bikes is near enough for a suspect.",
            "one of you ran in train mode": "It gives 0.41, and most of the frames no longer find "
            "their shot.",
            "one of you cropped a few pixels off": "It can: 64 pixels give 0.86, and fewer pixels "
            "change less.",
        },
        answer="one of you ran in train mode",
    ),
    "reversed-film": ChoiceQuestion(
        text="We reverse bikes in time and extract its features again. What do we get?",
        options={
            "the rows, reversed": "Each row comes from its own frame. No row knows what comes "
            "before or after it.",
            "the rows, unchanged": "The rows keep the order of the frames, and that is reversed.",
            "other rows": "The motion is reversed, but a row sees one frame, and one frame has no motion.",
        },
        answer="the rows, reversed",
    ),
}
