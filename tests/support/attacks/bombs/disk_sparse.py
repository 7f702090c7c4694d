"""Make a sparse file of a terabyte."""

def hole():
    with open("/scratch/hole", "wb") as file:
        return file.truncate(1 << 40)


attempt(hole)
