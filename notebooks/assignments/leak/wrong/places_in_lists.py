# ruff: noqa: F821 - the notebook has the other names
"""The pairs have places in the two lists for numbers of clips.

loses: task-2-test/windows, task-2-test/copies, task-2-test/re-encoded
says: places in train and test, not numbers of clips
"""


# %% task-2
def leaks(paths, spans, rows, groups, train, test):
    unit = F.normalize(rows, dim=1)
    windows, copies = [], []
    for i in train:
        for j in test:
            (start_i, end_i), (start_j, end_j) = spans[i], spans[j]
            if paths[i] == paths[j] and start_i < end_j and start_j < end_i:
                windows.append((train.index(i), test.index(j)))
            if paths[i] != paths[j] and unit[i] @ unit[j] >= 0.9999:
                copies.append((train.index(i), test.index(j)))
    both = {groups[i] for i in train} & {groups[j] for j in test}
    return {"groups": sorted(both), "windows": sorted(windows), "copies": sorted(copies)}
