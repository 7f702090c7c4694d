# ruff: noqa: F821 - the notebook has the other names
"""The strength is chosen on the test part.

loses: task-4-test/chosen
says: best on the test part
"""


# %% task-4
def evaluate(rows, labels, groups, seed):
    rest, test = split_by_group(labels, groups, 0.25, seed)
    first, second = split_by_group(labels[rest], [groups[i] for i in rest], 0.25, seed)
    train, validation = [rest[i] for i in first], [rest[i] for i in second]
    mean, deviation = rows[train].mean(0), rows[train].std(0)
    x = (rows - mean) / deviation
    models = {strength: fit(x[train], labels[train], strength) for strength in STRENGTHS}
    scores = {s: accuracy(model, x[test], labels[test]) for s, model in models.items()}
    strength = max(STRENGTHS, key=scores.__getitem__)
    return {
        "train": train,
        "validation": validation,
        "test": test,
        "mean": mean,
        "deviation": deviation,
        "strength": strength,
        "accuracy": accuracy(models[strength], x[test], labels[test]),
    }
