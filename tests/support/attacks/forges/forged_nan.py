"""Send JSON's NaN and Infinity, which no JSON text may have.

says: expected
"""

forge('{"dict": {"mean": NaN, "sizes": {"list": [NaN, Infinity]}}}')
