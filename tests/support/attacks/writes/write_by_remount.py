"""Mount /usr and / again as writable."""

attempt(
    lambda: call("mount", None, b"/usr", None, 0x1020, None),
    lambda: call("mount", None, b"/", None, 0x1020, None),
)
write("/usr/canary", "/canary")
