# ruff: noqa: F821 - the notebook has the other names
"""Pieces that only touch count as overlapping.

loses: task-2-test/windows
says: pieces that only touch share no time
"""


# %% task-2
def leaks(paths, spans, rows, groups, train, test):
    unit = F.normalize(rows, dim=1)
    windows, copies = [], []
    for i in train:
        for j in test:
            (start_i, end_i), (start_j, end_j) = spans[i], spans[j]
            if paths[i] == paths[j] and start_i <= end_j and start_j <= end_i:
                windows.append((i, j))
            if paths[i] != paths[j] and unit[i] @ unit[j] >= 0.9999:
                copies.append((i, j))
    both = {groups[i] for i in train} & {groups[j] for j in test}
    return {"groups": sorted(both), "windows": sorted(windows), "copies": sorted(copies)}
