"""Say that all parts are done before they have begun.

says: no answer
"""

for part in ("cells", "tests") * 3:
    frame({"done": part})
frame({"done": True, "id": "test-1"})
