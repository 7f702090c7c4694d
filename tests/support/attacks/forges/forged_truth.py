"""Send True as the answer to everything.

says: expected
"""

forge('{"dict": {"mean": true, "sizes": {"list": [true, true]}}}')
