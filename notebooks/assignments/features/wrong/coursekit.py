"""An encoder of the course prepares the frames, and the student's code nothing.

loses: task-2-test
says: coursekit
"""


# %% task-2
def prepare(
    frames, resize=256, crop=(224, 224), interpolation="bicubic", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
):
    from coursekit import encoders
    from torch import nn

    how = encoders.Preprocessing(resize, crop, interpolation, mean, std)
    encoder = encoders.Encoder("", nn.Identity(), how)
    return encoder.normalise(encoder.prepare(frames))
