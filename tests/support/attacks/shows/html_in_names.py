"""Raise an exception whose class has HTML as its name."""

raise type("<img src=x onerror=alert(1)>", (Exception,), {})("tri" + "ed: ")
