"""Print control characters of terminals."""

print("\x1b]0;title\x07\x1b[2J\x1b[31mtri" + "ed: \x1b[0m\x9b\u202e\r\b")
