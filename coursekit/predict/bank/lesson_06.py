"""The questions of notebook 06."""

from __future__ import annotations

import math

from coursekit.predict._questions import ChoiceQuestion, NumberQuestion, Question, ShapeQuestion

QUESTIONS: dict[str, Question] = {
    # Notebooks 01 to 05 again
    "recall-feature-sequence": ShapeQuestion(
        label="Recall",
        text=(
            "A network without its decision layer makes 512 numbers of each frame. A clip of 24 frames of "
            "3 x 91 x 161 goes through it, frame by frame. What is the shape of the result?"
        ),
        answer=(24, 512),
        why="Each frame becomes one row of D = 512 numbers, and time keeps its length (notebook 05).",
        because={
            (512, 24): "Time comes first: one row for each frame.",
            (24, 3, 512): "The network mixes the three channels; a frame gives one row.",
            (512,): "That would be one row for the whole clip. The network sees each frame alone.",
        },
    ),
    "recall-shuffle-2d": ChoiceQuestion(
        label="Recall",
        text=(
            "You shuffle the frames of a clip. A 2D convolution is applied to each frame alone. What changes "
            "in its results?"
        ),
        options={
            "only their order": "Each frame gives the same result as before, at its new place.",
            "their values": "The values of a frame depend on this frame only, not on its neighbours.",
            "nothing at all": "The results follow their frames, so they come in another order.",
        },
        answer="only their order",
    ),
    "recall-3d-macs": NumberQuestion(
        label="Recall",
        text=(
            "A 2D layer with 3 x 3 kernels runs on each of many frames. You replace it by a 3D layer with "
            "3 x 3 x 3 kernels, with as many channels and with padding. How many times as many "
            "multiplications does it take?"
        ),
        answer=3,
        tolerance=0.05,
        why="Each output value now sums over three frames instead of one (notebook 04).",
        because={
            27: "The kernel has 27 weights a channel, but the 2D kernel has 9 already: 27 / 9.",
            100: "That compares a whole clip with one frame. Both sides see all frames here.",
            1: "The number of outputs is the same, but each of them has more products to add.",
        },
    ),
    # Seven motions from one frame
    "distinct-pictures": NumberQuestion(
        text=(
            "The seven clips of a scene have 8 frames each. Pan right, pan down and zoom out start with the "
            "same picture. Still shows only this picture. The other three clips are these three played "
            "backwards. How many different pictures do the seven clips show together?"
        ),
        answer=22,
        unit="pictures",
        tolerance=0,
        why="One picture that all share, and 7 further ones of each of the three moves: 1 + 3 x 7.",
        because={
            56: "That counts all 7 x 8 frames. Many clips show the same picture.",
            24: "The first picture of the three moves is the same one, so it counts once: 1 + 3 x 7.",
            25: "The still clip and the three moves share their first picture: 1 + 3 x 7.",
            43: "The reversed clips bring no new pictures, so only three moves count: 1 + 3 x 7.",
        },
    ),
    # What can a mean over time know?
    "order-free-ceiling": NumberQuestion(
        text=(
            "A model averages over time, then decides. Suppose that it always finds the right pair of "
            "motions. The seven classes are equally frequent. What accuracy, in percent, can it reach at "
            "most?"
        ),
        answer=100 * 4 / 7,
        unit="%",
        tolerance=0.02,
        why="Of each pair one clip gets the wrong answer. Right are 3 of 6 moving clips, and still: 4/7.",
        because={
            14.3: "That is chance, 1 in 7. The model may know which pair it is.",
            50: "Within a pair one of two is right. But still has no partner, so it can always be right.",
            100: "The two clips of a pair have the same mean, so they get the same answer.",
            42.9: "That is 3 of 7: the still clip is missing.",
        },
    ),
    "shuffled-models": ChoiceQuestion(
        label="Check yourself",
        text=(
            "The frames of every test clip are shuffled. Which of these models gives the same answers as "
            "before, whatever its weights are?"
        ),
        options={
            "the mean of the rows": "It adds the same rows in another order, which gives the same mean.",
            "a recurrent network": "It reads row after row, so its last state depends on their order.",
            "a 3D CNN": "Its kernels see neighbouring frames, and the neighbours are other ones now.",
        },
        answer="the mean of the rows",
    ),
    # A memory for order: the LSTM
    "lstm-step": NumberQuestion(
        label="By hand",
        text="What is the new memory c of this LSTM cell?",
        answer=0.625,
        tolerance=0.001,
        why="f c + i g = 0.5 x 2 + 0.75 x (-0.5) = 1 - 0.375.",
        because={
            1.25: "The gates are swapped: f multiplies the old memory, i the candidate g.",
            1.625: "The old memory is kept whole. The forget gate halves it first.",
            1.375: "The candidate is negative: it is subtracted.",
            0.5: "The candidate passes through the input gate first: 0.75 x (-0.5).",
        },
    ),
    "gru-weights": NumberQuestion(
        text=(
            "An LSTM has three gates and one candidate. A GRU has two gates and one candidate. Each of these "
            "has weights of its own, and all have the same size. How many percent of the weights of "
            "nn.LSTM(1280, 64) does nn.GRU(1280, 64) have?"
        ),
        answer=75,
        unit="%",
        tolerance=0.01,
        why="Three blocks of weights instead of four.",
        because={
            66.7: "That compares the gates only, 2 to 3. The candidate has weights as well.",
            50: "The GRU has one state instead of two, but a state has no weights. Count the blocks.",
            133: "That is the LSTM compared with the GRU.",
        },
    ),
    "gru-second-value": ChoiceQuestion(
        label="Check yourself",
        text="nn.LSTM returns (output, (h, c)). What does nn.GRU return?",
        options={
            "(output, h)": "A GRU has one state, so the second value is that state, not a pair.",
            "(output, (h, c))": "A GRU has no memory c beside its state h.",
            "output": "It returns its last state too, for every layer.",
        },
        answer="(output, h)",
    ),
    # The experiment
    "validation-part": ChoiceQuestion(
        label="Check yourself",
        text=(
            "The clips of the part choose pick the epoch and the learning rate. Why do we not report the "
            "accuracy on these clips?"
        ),
        options={
            "it is too high on average": (
                "The best of many epochs and rates is partly luck on these clips. New clips do not repeat it."
            ),
            "it is too low on average": "The choice was made for these clips, so it favours them.",
            "they are too few": (
                "The parts choose and same have equally many clips. The reason is that the choice used them."
            ),
        },
        answer="it is too high on average",
    ),
    # Appearance: which shot?
    "weakest-at-appearance": ChoiceQuestion(
        text=(
            "Two labelled frames of each shot, and questions about later frames. Which of these models does "
            "worst?"
        ),
        options={
            "mean of T x D": "Each row says what is in the frame, and only one layer has to be learnt.",
            "GRU on T x D": "Order says nothing about the shot, but its features are as good as the mean's.",
            "CNN, kernels 3 x 3 x 3": (
                "It learns to see from 14 frames. The features come from a network that has seen a million "
                "photographs."
            ),
        },
        answer="CNN, kernels 3 x 3 x 3",
    ),
    # Order: which motion?
    "gru-other-films": ChoiceQuestion(
        text=(
            "The GRU on T x D learns the seven motions on bikes. What does it reach on the two other films?"
        ),
        options={
            "about chance, 14 %": (
                "It learnt the clips of bikes, and what it learnt did not help elsewhere. Whether the motion "
                "is missing in the rows is the next question."
            ),
            "about the limit without order, 57 %": (
                "It does not even find the pair of motions: is it a pan sideways, or a zoom?"
            ),
            "nearly 100 %": "That holds for the clips that it learnt from, not for films it has not seen.",
        },
        answer="about chance, 14 %",
        between=(0, 0.25),  # part of right answers
    ),
    "cnn-one-frame": ChoiceQuestion(
        text=(
            "We shorten the kernels of the 3D CNN to one frame, 1 x 3 x 3, and change nothing else. What "
            "does it reach on the two other films?"
        ),
        options={
            "near chance: below 25 %": (
                "Each layer now sees single frames, and the mean over time hides their order. Even the pair "
                "of motions must be guessed from single pictures."
            ),
            "near the limit without order: 45 to 60 %": (
                "That limit needs the right pair each time. A single frame hardly shows which pair it is."
            ),
            "as much as with 3 x 3 x 3: above 60 %": "Then its kernels would not need neighbouring frames.",
        },
        answer="near chance: below 25 %",
        between=(0, 0.25),  # part of right answers
    ),
    # Not in the features, or not learnt?
    "differences-same-shots": ChoiceQuestion(
        text=(
            "A GRU reads the differences of neighbouring rows of T x D. It is asked about other frames of "
            "the shots that it learnt from. Of its answers with the right pair, how many name the right "
            "direction?"
        ),
        options={
            "about half": "That would be guessing: then the rows would tell nothing about the direction.",
            "clearly more than half": "So the direction is in the pooled rows, at least in part.",
            "clearly less than half": "That would need a sign error: a flipped answer is as informative.",
        },
        answer="clearly more than half",
        between=(0.6, 1.01),  # part of right directions
    ),
    "pooled-or-grid": ChoiceQuestion(
        text=(
            "Two GRUs read differences of the same earlier layer. One gets the four quarters of the picture "
            "(a grid), the other gets their average. Which one is better on other films?"
        ),
        options={
            "the grid, by more than 5 points": (
                "Position alone did not help this GRU. It would have to compare two quarters, channel by "
                "channel."
            ),
            "neither, within 5 points": (
                "The grid holds more, but this GRU did not learn to use it from five shots."
            ),
            "the average, by more than 5 points": "The grid holds all that its average holds.",
        },
        answer="neither, within 5 points",
        between=(-0.05, 0.05),  # difference of the parts of right answers
    ),
    # Comparing two frames
    "absolute-differences": NumberQuestion(
        label="By hand",
        text=(
            "The block is the pixels at columns 3, 4 and 5 of the later frame. What is its sum of absolute "
            "differences with the same columns of the earlier frame?"
        ),
        answer=15,
        tolerance=0,
        why="|5 - 1| + |9 - 5| + |2 - 9| = 4 + 4 + 7. At a displacement of +1 the sum is 0.",
        because={
            1: "The differences are added with their signs. Take the absolute value of each first.",
            0: "That is the sum at a displacement of +1. The question is about the same columns.",
            5: "That is the mean of the three. The question asks for their sum.",
            12: "That is the sum at a displacement of -1.",
        },
    ),
    "mean-of-motion": ChoiceQuestion(
        text=(
            "A model averages the motion field over time and decides with one linear layer. Can it pass the "
            "limit of 4/7?"
        ),
        options={
            "no, the limit holds for every mean over time": (
                "The proof needs rows that are measured on single frames, and these are measured on two."
            ),
            "yes": (
                "A displacement compares two frames. Played backwards it changes its sign, so the two means "
                "of a pair differ."
            ),
        },
        answer="yes",
        between=(4 / 7, 1.01),  # lowest part of right answers
    ),
    # Does it depend on the shot?
    "shots-or-seeds": ChoiceQuestion(
        text=(
            "Each shot is held out in turn, and the 3D CNN learns from the other six. What changes its "
            "accuracy more, another shot or another seed?"
        ),
        options={
            "another shot": "The shots differ far more than the seeds, and there are only seven of them.",
            "another seed": "A seed changes the first weights. The held-out pictures stay the same.",
            "both about the same": "The two standard deviations differ by more than a factor of 1.5.",
        },
        answer="another shot",
        between=(1.5, math.inf),  # spread over shots / spread over seeds
    ),
    # What it costs
    "most-multiplications": ChoiceQuestion(
        text='Which part of "GRU on T x D" takes most of the multiplications for one clip?',
        options={
            "the image network": "It runs once for each frame, and each run takes hundreds of millions.",
            "the GRU": "It multiplies a row of 1,280 numbers 8 times: about two million in all.",
            "the decision": "64 x 7 products.",
        },
        answer="the image network",
    ),
    # What is used today
    "attention-without-positions": ChoiceQuestion(
        text=(
            "A transformer layer (self-attention) reads the 8 rows of a clip without position codes. We "
            "average its outputs over time. Can a model on this average tell pan left from pan right?"
        ),
        options={
            "no": (
                "Without position codes attention treats the rows as a set. Reversed rows give the same "
                "outputs in reversed order, and the mean hides that."
            ),
            "yes": (
                "It compares all pairs, but without position codes it does not know which row came first."
            ),
        },
        answer="no",
    ),
}
