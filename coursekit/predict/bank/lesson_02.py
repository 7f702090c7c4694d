"""The questions of notebook 02."""

from __future__ import annotations

from coursekit.predict._questions import ChoiceQuestion, NumberQuestion, Question, ShapeQuestion

QUESTIONS: dict[str, Question] = {
    "recall-frame-order": ShapeQuestion(
        label="Recall",
        text="A colour frame is 320 pixels wide and 240 pixels high. What is its shape in PyTorch?",
        answer=(3, 240, 320),
        why="Channels first, then rows, then columns: C, H, W. The height is the number of rows.",
        because={
            (3, 320, 240): "That is the lecture's order, columns before rows. PyTorch puts the rows first.",
            (240, 320, 3): "That is H, W, C, the order of matplotlib and scikit-video.",
            (320, 240, 3): "In PyTorch the channels come first, and the rows come before the columns.",
            (240, 320): "A colour frame has three numbers per pixel, so it needs an axis for the channels.",
        },
    ),
    "recall-kernel-channels": ChoiceQuestion(
        label="Recall",
        text="One 2D kernel (one 3 x 3 matrix for each colour) is applied to a colour frame. "
        "How many channels does the result have?",
        options={
            "a single channel": "The three matrices give three dot products at a place. "
            "Their sum is one number.",
            "three channels": "The three dot products at one place are summed. They do not stay apart.",
            "nine channels": "The 3 x 3 matrix is multiplied and summed at each place. It makes no channels.",
        },
        answer="a single channel",
    ),
    "recall-time-of-frame": NumberQuestion(
        label="Recall",
        text="A film has 30000/1001 frames per second, and frame 0 is shown at 0 s. "
        "At what time, in seconds, is frame 300 shown?",
        answer=10.01,
        unit="s",
        tolerance=0.0002,
        why="time = number / rate = 300 x 1001 / 30000 = 10.01 s.",
        because={
            10: "That is frame 300 at exactly 30 frames per second. This rate is a little lower.",
            9.99: "A lower rate makes the interval longer, so the frame comes later than 10 s, not earlier.",
        },
    ),
    "join-without-new-axis": ShapeQuestion(
        text="clip is (16, 3, 91, 161). red, green and blue are its three volumes, T x H x W each. Someone "
        "forgets the new axis and writes torch.cat([red, green, blue], dim=0). What is the result's shape?",
        answer=(48, 91, 161),
        why="cat makes an existing axis longer. Axis 0 of each volume is time, so 16 + 16 + 16 = 48. "
        "The result has no channel axis: blue looks as if it came after red and green in time.",
        because={
            (3, 16, 91, 161): "cat makes no new axis. For this shape each volume needs [None] first.",
            (16, 3, 91, 161): "Colour was removed by the index, and cat does not put a new axis back.",
            (16, 273, 161): "That is dim=1: it joins along the rows.",
            (16, 91, 483): "That is dim=2: it joins along the columns.",
        },
    ),
    "permute-shares-memory": ChoiceQuestion(
        text="We now write 255 into clip[5, 0, 45, 80]. In which of the tensors permuted and joined does "
        "this pixel change?",
        options={
            "in permuted only": "permute returns a view: it reads the memory of clip in another order. cat "
            "wrote its values into new memory, so joined does not notice the change.",
            "in joined only": "It is the other way round: cat made a copy, permute reads the memory of clip.",
            "in both": "cat writes its result into new memory. A later change of clip does not reach it.",
            "in neither": "permute copies nothing, so it must show every change of clip.",
        },
        answer="in permuted only",
    ),
    "address-by-hand": NumberQuestion(
        label="By hand",
        text="numbers is contiguous, has the shape (4, 3, 5, 7), and its first element has address 0. "
        "On paper: what is the address of numbers[2, 1, 3, 4]?",
        answer=270,
        tolerance=0.001,
        why="The strides are 3 x 5 x 7 = 105, 5 x 7 = 35, 7 and 1. "
        "2 x 105 + 1 x 35 + 3 x 7 + 4 x 1 = 210 + 35 + 21 + 4 = 270.",
        because={
            54: "That multiplies each index by the length of its own axis. A stride is the product of the "
            "lengths of all later axes.",
            130: "That takes 5 x 7 = 35 as the stride of time. A frame has three planes, so it is 3 x 35.",
            266: "The last index is missing. Its stride is 1, so it adds 4.",
            271: "Addresses are counted from 0, as the indices are.",
            282: "That takes the first axis as the fastest, as MATLAB does. In PyTorch the last axis is.",
        },
    ),
    "permuted-strides": ShapeQuestion(
        text="clip is (16, 3, 91, 161), and clip.stride() is (43953, 14651, 161, 1). permuted is "
        "clip.permute(1, 0, 2, 3). What is permuted.stride()? Type four numbers.",
        answer=(14651, 43953, 161, 1),
        why="permute moves no value. Each axis keeps its stride and takes it to its new place. The channel "
        "axis comes first now, with its 14651, and the time axis second, with its 43953.",
        because={
            (43953, 14651, 161, 1): "The first two axes have changed places, and each took its stride along.",
            (234416, 14651, 161, 1): "Those are the strides of a contiguous tensor of this shape, such as "
            "joined. permute moves no value into this order.",
            (1, 161, 14651, 43953): "permute(1, 0, 2, 3) exchanges the first two axes only.",
        },
    ),
    "every-fourth-row": NumberQuestion(
        label="Check yourself",
        text="clip is contiguous and has 161 columns. clip[:, :, ::4] takes every fourth row. "
        "What is the stride of its height axis?",
        answer=644,
        tolerance=0.001,
        why="One step must jump four rows: 4 x 161 = 644. The slice is a view with another stride.",
        because={
            161: "That is the step from one row to the next. The slice skips three rows each time.",
            4: "4 is the step in rows. A stride is counted in elements, and a row has 161.",
            40.25: "A quarter of the rows does not mean a quarter of the stride. The rows are farther apart.",
        },
    ),
    "which-line-copies": ChoiceQuestion(
        text="clip is contiguous. Which of these four lines copies values into new memory?",
        options={
            "clip[2:]": "A slice is a view. It starts at a later address and keeps the strides.",
            "clip[:, :, ::2]": "A slice with a step is a view too. It doubles the stride of the rows.",
            "clip[[0, 2]]": "A list of indices may name any frames in any order. Strides cannot describe "
            "this in general, so PyTorch always copies, even for frames that are evenly spaced.",
            "clip.contiguous()": "clip is contiguous already, so contiguous() returns it without copying.",
        },
        answer="clip[[0, 2]]",
    ),
    "unequal-lengths": ChoiceQuestion(
        text="One clip has 16 frames and another one has 12. Does torch.stack make a batch of the two?",
        options={
            "yes, it fills the shorter clip with zeros": "torch.stack changes no clip. You may fill it up "
            "yourself, but then the network sees the zeros.",
            "yes, it cuts the longer clip": "torch.stack changes no clip. You may cut it yourself.",
            "no": "All clips of a batch must have one shape, since a tensor has one length per axis. "
            "torch.stack raises a RuntimeError. You must cut, fill up or resample the clips first.",
        },
        answer="no",
    ),
    "batch-to-conv3d": ChoiceQuestion(
        label="Check yourself",
        text="A loader gives you a batch of shape (2, 16, 3, 91, 161). Which call prepares it for Conv3d?",
        options={
            "batch.permute(0, 2, 1, 3, 4)": "The batch is B, T, C, H, W. Axes 1 and 2 change places.",
            "batch.reshape(2, 3, 16, 91, 161)": "The shape is right, but reshape moves no axis: each picture "
            "would mix colours of different frames.",
            "batch.permute(1, 0, 2, 3, 4)": "That exchanges the batch and time.",
            "batch.permute(0, 2, 3, 4, 1)": "That puts time last. Conv3d expects it after the channels.",
        },
        answer="batch.permute(0, 2, 1, 3, 4)",
    ),
    "accepts-everything": ChoiceQuestion(
        text="We offer one clip in five layouts, and one frame as H, W, C. One of these functions accepts "
        "all six without an error. Which one?",
        options={
            "Conv2d": "It needs 3 channels on the third axis from the end, so it refuses most layouts.",
            "Conv3d": "It needs 3 channels on the fourth axis from the end.",
            "r3d_18": "The network needs a batch, and 3 channels right after it.",
            "Resize": "It changes the last two axes and checks nothing else. It cannot know whether "
            "these two axes are rows and columns.",
            "imshow": "It takes one picture at a time, H x W x 3.",
        },
        answer="Resize",
    ),
    "resize-of-thwc": ShapeQuestion(
        text="Resize((45, 80)) gets a clip of shape (16, 91, 161, 3), in the order T, H, W, C. "
        "What is the shape of the result?",
        answer=(16, 91, 45, 80),
        why="Resize changes the last two axes, here W and C. It squeezes 161 columns to 45 and stretches "
        "3 colours to 80. The rows stay as they are.",
        because={
            (
                16,
                45,
                80,
                3,
            ): "That is what one wants. Resize does not know the layout: it takes the last two axes.",
            (16, 3, 45, 80): "Resize moves no axis. The channels stay last, and they are resized.",
            (16, 91, 161, 3): "Resize does change something: the last two axes, whatever they mean.",
            (16, 45, 80, 80): "Resize changes two axes only. The rows, axis 1, stay 91.",
        },
    ),
    "three-frame-clip": ChoiceQuestion(
        text="Conv3d(3, 8, 3) expects C, T, H, W. By mistake it gets a clip of three frames as T, C, H, W. "
        "What happens?",
        options={
            "an error": "Conv3d checks only that axis 0 has length 3. Three frames pass this check.",
            "a result with the right shape and wrong values": "Both orders have the shape (3, 3, 91, 161). "
            "Conv3d then takes frames for colours and slides its kernel along the colours.",
            "a result with another shape and wrong values": "T and C are both 3, so no shape can differ.",
            "a result with the right shape and right values": "The kernel has other weights for each channel "
            "and for each moment. If these axes change places, the sums change too.",
        },
        answer="a result with the right shape and wrong values",
    ),
    "frame-in-one-piece": ChoiceQuestion(
        text="We save a clip T x 3 x H x W in an HDF5 file and in a MAT file. In which file do the values of "
        "frame 0 lie side by side, in the order of the tensor?",
        options={
            "in both files": "A MAT file stores the first axis as the fastest. There, neighbouring values "
            "belong to consecutive frames.",
            "in the HDF5 file only": "HDF5 stores the last axis as the fastest, as PyTorch does. A MAT file "
            "stores the first axis as the fastest, so the values of one frame are T places apart.",
            "in the MAT file only": "It is the other way round: MATLAB counts the first axis as the fastest.",
            "in neither file": "HDF5 keeps the order of the tensor in memory.",
        },
        answer="in the HDF5 file only",
    ),
    "row-stride-of-decoded": NumberQuestion(
        text="decoded is contiguous in the order T, H, W, C with the shape (16, 91, 161, 3). We bring it to "
        "B, C, T, H, W by a view. What is the stride of its height axis?",
        answer=483,
        tolerance=0.001,
        why="A view keeps the memory. There, one row is 161 pixels with 3 values each: 161 x 3 = 483.",
        because={
            161: "That is right for rows of one colour. Here the three values of a pixel lie side by side.",
            14651: "91 x 161 is a whole plane of one colour. One step in height moves by one row.",
            43953: "That is the stride of time, a whole frame: 91 x 161 x 3.",
            3: "That is the stride of the width axis: one pixel has three values.",
        },
    ),
    "plane-twenty": ChoiceQuestion(
        label="By hand",
        text="The memory of the clip holds 48 planes: red, green, blue of frame 0, then red, green, blue "
        "of frame 1, and so on. Plane 0 is the red plane of frame 0. Which plane is plane 20?",
        options={
            "the green plane of frame 4": "That counts 16 planes per colour, as the wrong code does: "
            "20 = 16 + 4. In memory, the three planes of one frame lie together.",
            "the blue plane of frame 6": "20 = 3 x 6 + 2: six frames of three planes come before it, and "
            "plane 2 of the next frame is blue. The wrong code shows it as the green of picture 4.",
            "the green plane of frame 6": "Frame 6 starts with plane 18. Plane 18 is red, 19 green, 20 blue.",
            "the red plane of frame 20": "The clip has only 16 frames. Each of them has three planes.",
        },
        answer="the blue plane of frame 6",
    ),
    "swapped-motion": ChoiceQuestion(
        text="In the film the square moves 8 columns to the right per frame. A loader has swapped H and W. "
        "How does the square move in its clip? Row 0 is at the top: +1 row is down, +1 column is right.",
        options={
            "rows +0, columns +8": "The axis along which the square moves is now the first of the two.",
            "rows +8, columns +0": "Row and column have changed places. A growing column becomes a growing "
            "row, so the square moves down.",
            "rows -8, columns +0": "That would be a rotation to the left. A swap of two axes reverses none.",
            "rows +0, columns +0": "A swap of two axes loses nothing. The motion is now on the other axis.",
        },
        answer="rows +8, columns +0",
    ),
    "dropped-frames": NumberQuestion(
        label="Check yourself",
        text="Another loader keeps only every third frame, without saying so. Each picture looks right. "
        "How many columns per frame does track report for its clip?",
        answer=24,
        tolerance=0.001,
        why="From one kept frame to the next, three frames of the film pass: 3 x 8 = 24 columns. The motion "
        "shows a mistake that no single picture shows.",
        because={
            8: "That is the motion per frame of the film. In this clip the next frame is three frames later.",
            2.667: "The clip has fewer frames for the same way, so the square moves more in each of them.",
            16: "That would be right if it kept every second frame.",
        },
    ),
}
