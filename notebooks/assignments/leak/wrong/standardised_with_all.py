# ruff: noqa: F821 - the notebook has the other names
"""Mean and deviation come from all rows.

loses: task-4-test/standardised
says: it comes from all rows
"""


# %% task-4
def evaluate(rows, labels, groups, seed):
    rest, test = split_by_group(labels, groups, 0.25, seed)
    first, second = split_by_group(labels[rest], [groups[i] for i in rest], 0.25, seed)
    train, validation = [rest[i] for i in first], [rest[i] for i in second]
    mean, deviation = rows.mean(0), rows.std(0)
    x = (rows - mean) / deviation
    models = {strength: fit(x[train], labels[train], strength) for strength in STRENGTHS}
    scores = {s: accuracy(model, x[validation], labels[validation]) for s, model in models.items()}
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
