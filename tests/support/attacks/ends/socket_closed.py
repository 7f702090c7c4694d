"""Close the connection to the grader.

says: ended before its time
"""

os.close(3)
