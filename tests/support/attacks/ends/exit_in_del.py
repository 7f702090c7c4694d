"""Exit while an object is deleted."""

class Last:
    def __del__(self):
        raise SystemExit


kept = Last()
del kept
tried()
