"""Answer with an object whose class has a script as its name.

says: is a &lt;|is a <script>
"""

class Wide:
    pass


Wide.__name__ = "<script>alert(1)</script>" * 100


def mean_frame(clip):
    return Wide()
