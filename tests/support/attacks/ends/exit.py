"""Exit as a program does.

says: SystemExit
"""

sys.exit(0)
