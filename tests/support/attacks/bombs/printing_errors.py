"""Print five million characters to standard error, and raise an error of that length.

says: ValueError: zzz
"""

sys.stderr.write("x" * 5_000_000)
raise ValueError("z" * 5_000_000)
