"""Send lists nested 5,000 deep.

says: the answers
"""

forge('{"list": [' * 5000 + "1" + "]}" * 5000)
