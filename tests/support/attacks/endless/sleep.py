"""Sleep for a minute.

wall: 3
cell: 1
says: stopped after 1 seconds
"""

time.sleep(60)
gained()
