"""Answer with infinity.

says: finite
"""

def mean_frame(clip):
    return torch.full((3, 3), float("inf"))
