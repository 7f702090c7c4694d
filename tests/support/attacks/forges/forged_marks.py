"""Send marks with the report.

says: no answer
"""

forge("", points=5, maximum=5, message="", score=5, grade_id="test-1")
