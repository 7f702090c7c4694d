"""Make 6,000 folders."""

made = 0
try:
    while made < 6000:
        os.mkdir(f"/scratch/{made}")
        made += 1
except OSError as error:
    tried(error)
if made > 5000:
    gained(made)
