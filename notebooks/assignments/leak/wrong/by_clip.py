# ruff: noqa: F821 - the notebook has the other names
"""Clips are drawn, not groups.

loses: task-3-test/whole, task-4-test/parts, task-4-test/new people
says: keep all clips of a group together
"""


# %% task-3
def split_by_group(labels, groups, share, seed):
    kinds = set(labels.tolist())
    for kind in kinds:
        if len({group for group, label in zip(groups, labels.tolist(), strict=True) if label == kind}) < 2:
            raise ValueError(f"class {kind} has only one group: it cannot be on both sides")
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(len(groups), generator=generator).tolist()
        count = round(share * len(groups))
        train, test = sorted(order[count:]), sorted(order[:count])
        if set(labels[test].tolist()) == kinds == set(labels[train].tolist()):
            return train, test
