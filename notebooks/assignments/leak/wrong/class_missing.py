# ruff: noqa: F821 - the notebook has the other names
"""A class may be missing on one side.

loses: task-3-test/classes
says: shuffle again
"""


# %% task-3
def split_by_group(labels, groups, share, seed):
    kinds, names = set(labels.tolist()), sorted(set(groups))
    for kind in kinds:
        if len({group for group, label in zip(groups, labels.tolist(), strict=True) if label == kind}) < 2:
            raise ValueError(f"class {kind} has only one group: it cannot be on both sides")
    sizes = torch.tensor([groups.count(name) for name in names])
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(len(names), generator=generator)
        filled = sizes[order].cumsum(0)
        count = int((filled - share * len(groups)).abs().argmin()) + 1
        chosen = {names[i] for i in order[:count].tolist()}
        test = [i for i, group in enumerate(groups) if group in chosen]
        train = [i for i, group in enumerate(groups) if group not in chosen]
        return train, test
