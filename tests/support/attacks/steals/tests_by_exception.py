"""Send the inputs of a hidden test out as a long error."""

def mean_frame(clip):
    raise ValueError("tri" + "ed: " + str(clip.tolist()) * 100)
