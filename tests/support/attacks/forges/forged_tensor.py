"""Send a tensor that claims a huge shape.

says: the answers
"""

forge('{"dict": {"mean": {"tensor": ["float32", [2000000000, 2000000000], ""]}}}')
