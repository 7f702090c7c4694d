"""Send a long fault of the sandbox with a script in it."""

frame({"fault": "<script>alert(1)</script>" * 10_000})
tried()
