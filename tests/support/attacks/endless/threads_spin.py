"""Leave threads behind that loop without an end.

wall: 8
cell: 3
"""

def spin():
    while True:
        pass


for i in range(4):
    threading.Thread(target=spin).start()
tried()
