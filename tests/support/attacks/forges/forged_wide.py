"""Send a message with 500,000 empty lists as a name.

says: more than it may
"""

data = b'{"id": [' + b"[]," * 500_000 + b"0]}"
raw(struct.pack("!I", len(data)) + data)
frame({"done": "cells"})
