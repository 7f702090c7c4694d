"""Print a surrogate, and raise one."""

print("tri" + "ed: " + chr(0xD800))
raise ValueError(chr(0xDFFF))
