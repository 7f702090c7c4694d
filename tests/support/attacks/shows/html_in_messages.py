"""Answer with HTML.

says: expected
"""

def mean_frame(clip):
    return "</td><script>alert(1)</script>"
