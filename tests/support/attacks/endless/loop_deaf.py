"""Loop without an end and catch every exception.

wall: 3
cell: 1
says: stopped after 3 seconds
"""

while True:
    try:
        while True:
            time.sleep(60)
    except BaseException:
        pass
