"""Send a report whose fields have other types.

says: no answer
"""

forge({"dict": {}}, id=["test-1"], error=None)
