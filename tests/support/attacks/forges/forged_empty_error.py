"""Send reports without errors and without answers.

says: no answer
"""

forge("", error="")
