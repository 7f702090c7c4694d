"""Print ten million characters.

says: characters more
"""

print("x" * 5_000_000)
for i in range(20_000):
    print("y" * 250)
tried()
