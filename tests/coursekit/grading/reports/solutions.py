"""Solutions of the assignment conv3d as students write them, made of many choices; and disguises of them."""

import ast
import random
import re


def choices(text):
    """The blocks of a text that lines of --- divide."""
    return tuple(block.lstrip("\n") for block in text.split("---\n"))


NAMES = "a b c d n m size shape out result res total part piece window x y z value acc rows".split()  # noqa: SIM905

CHECKS = choices("""
    if {S} < 1 or {K} < 1:
        raise ValueError(f'bad {{{S}}}')
---
    if not ({K} > 0 and {S} > 0 and stride > 0):
        raise ValueError('must be positive')
---
    for {v} in ({S}, {K}, stride, dilation):
        if {v} <= 0:
            raise ValueError({v})
---
    assert stride
---
""")

SPANS = choices("""
    {s} = dilation * ({K} - 1) + 1
---
    {s} = {K} + ({K} - 1) * (dilation - 1)
---
    {s} = len(range(0, dilation * {K}, dilation)) * dilation - dilation + 1
---
    {s} = 1
    for {v} in range({K} - 1):
        {s} += dilation
""")

PADS = choices("""
    {p} = {S} + padding[0] + padding[1]
---
    {p} = sum(padding, {S})
---
    before, after = padding
    {p} = before + {S} + after
---
    {p} = {S}
    {p} += sum(padding)
""")

TOO_LARGE = choices("""
    if {s} > {p}:
        raise ValueError(f'the kernel {{{s}}} is larger than {{{p}}}')
---
    if {p} - {s} < 0:
        raise ValueError('a kernel of %d does not fit into %d' % ({s}, {p}))
---
    fits = {s} <= {p}
    if not fits:
        raise ValueError(str({s}) + ' > ' + str({p}))
""")

RESULTS = choices("""
    return ({p} - {s}) // stride + 1
---
    {v} = {p} - {s}
    return 1 + {v} // stride
---
    return len(range(0, {p} - {s} + 1, stride))
---
    {v} = 0
    while {v} * stride + {s} <= {p}:
        {v} += 1
    return {v}
---
    return int(({p} - {s} + stride) / stride)
---
    return divmod({p} - {s}, stride)[0] + 1
""")

CAUSAL = choices("""
    if causal:
        clip = F.pad(clip, (0, 0, 0, 0, kernels.shape[2] - 1, 0))
---
    if causal:
        {z} = torch.zeros(clip.shape[0], kernels.size(2) - 1, *clip.shape[2:])
        clip = torch.cat([{z}, clip], dim=1)
---
    {z} = kernels.shape[-3] - 1 if causal else 0
    clip = torch.nn.functional.pad(clip, [0] * 4 + [{z}, 0])
---
    if causal is True:
        {z} = clip.new_zeros(clip.size(0), clip.size(1) + kernels.size(2) - 1,
            clip.size(2), clip.size(3))
        {z}[:, kernels.size(2) - 1:] = clip
        clip = {z}
---
    {z} = [clip[:, :1] * 0] * ((kernels.shape[2] - 1) * causal)
    clip = torch.cat({z} + [clip], 1)
""")

SHAPES = choices("""
    {o} = [output_size({v}, {w}, {x}) for {v}, {w}, {x} in zip(
        clip.shape[1:], kernels.shape[2:], stride
    )]
---
    t, h, w = kernels.shape[2:]
    {o} = ((clip.shape[1] - t) // stride[0] + 1,
        (clip.shape[2] - h) // stride[1] + 1, (clip.shape[3] - w) // stride[2] + 1)
---
    {o} = []
    for {v} in range(3):
        {o}.append(output_size(clip.size({v} + 1), kernels.size({v} + 2), stride[{v}]))
---
    {o} = tuple(map(output_size, clip.shape[1:], kernels.shape[2:], stride))
---
    {o} = 0, 0, 0
    {o} = tuple(1 + (clip.shape[1 + {v}] - kernels.shape[2 + {v}]) // stride[{v}]
        for {v}, _ in enumerate({o}))
""")

EMPTY = choices("""
    {r} = torch.zeros(kernels.shape[0], *{o})
---
    {r} = clip.new_zeros((len(kernels), *{o}))
---
    {r} = torch.zeros([kernels.size(0)] + list({o}), dtype=clip.dtype)
---
    {r} = torch.empty(len(kernels), {o}[0], {o}[1], {o}[2])
    {r}.zero_()
""")

LOOPS = choices("""
    for {i} in range({o}[0]):
        for {j} in range({o}[1]):
            for {k} in range({o}[2]):
                {p} = clip[:, {i} * stride[0]:{i} * stride[0] + kernels.shape[2],
                    {j} * stride[1]:{j} * stride[1] + kernels.shape[3],
                    {k} * stride[2]:{k} * stride[2] + kernels.shape[4]]
                {r}[:, {i}, {j}, {k}] = {SUM}
---
    for {i}, {j}, {k} in itertools.product(*map(range, {o})):
        {p} = clip.narrow(1, {i} * stride[0], kernels.size(2))
        {p} = {p}.narrow(2, {j} * stride[1], kernels.size(3))
        {p} = {p}.narrow(3, {k} * stride[2], kernels.size(4))
        {r}[:, {i}, {j}, {k}] = {SUM}
---
    for {v} in range(len(kernels)):
        for {i} in range({o}[0]):
            {q} = {i} * stride[0]
            for {j} in range({o}[1]):
                for {k} in range({o}[2]):
                    {p} = clip[:, {q}:, {j} * stride[1]:, {k} * stride[2]:]
                    {p} = {p}[:, :kernels.size(2), :kernels.size(3), :kernels.size(4)]
                    {r}[{v}, {i}, {j}, {k}] = ({p} * kernels[{v}]).sum()
---
    for {i} in range(kernels.shape[2]):
        for {j} in range(kernels.shape[3]):
            for {k} in range(kernels.shape[4]):
                {p} = clip[:, {i}:, {j}:, {k}:]
                {p} = {p}[:, ::stride[0], ::stride[1], ::stride[2]][:, :{o}[0], :{o}[1], :{o}[2]]
                {r} += {MIX}
---
    {q} = clip.unfold(1, kernels.size(2), stride[0])
    {q} = {q}.unfold(2, kernels.size(3), stride[1])
    {q} = {q}.unfold(3, kernels.size(4), stride[2])
    {r} = {r} + torch.einsum('cthwijk,ocijk->othw', {q}, kernels)
---
    for {i} in range(kernels.numel() // len(kernels) // clip.shape[0]):
        {j}, {k} = divmod({i}, kernels.shape[3] * kernels.shape[4])
        {k}, {q} = divmod({k}, kernels.shape[4])
        {p} = clip[:, {j}:{j} + stride[0] * {o}[0]:stride[0],
            {k}:{k} + stride[1] * {o}[1]:stride[1]]
        {p} = {p}[..., {q}:{q} + stride[2] * {o}[2]:stride[2]]
        {i} = kernels[:, :, {j}, {k}, {q}]
        {r} += torch.tensordot({i}, {p}, 1)
""")

DESIGNS = choices("""
    {r} = torch.zeros(3, 5, 5)
    for {i} in range(3):
        {r}[{i}, 1 + {i}, 4 - 2 * {i}] = 1.0
    return {r} - {r}.mean()
---
    {p} = torch.zeros(5, 5)
    {p}[1, 3] = 1
    {r} = torch.stack([{p}.roll((0, 0), (0, 1)),
        {p}.roll((1, -2), (0, 1)), {p}.roll((2, -4), (0, 1))])
    {r} -= {r}.sum() / {r}.numel()
    return {r}
---
    {p} = [(0, 0, 4), (1, 1, 2), (2, 2, 0)]
    {r} = torch.full((3, 3, 5), -3 / 45)
    for {i}, {j}, {k} in {p}:
        {r}[{i}, {j}, {k}] += 1
    return {r}
---
    {r} = torch.zeros(2, 3, 4)
    {r}[0, 0, 3] = {r}[1, 1, 1] = 2.0
    {r}[0, 1, 1] = {r}[1, 0, 3] = -2.0
    return {r}
---
    {p} = torch.tensor([1.0, 0, 0, 0, 0])
    {q} = torch.eye(3)
    {r} = {q}[:, :, None] * {p}
    for {i} in range(3):
        {r}[{i}] = {r}[{i}].roll(4 - 2 * {i}, -1)
    return {r} - 1 / 15
---
    {r} = torch.ones(3, 3, 6) * -0.1
    {i}, {j} = 0, 5
    while {i} < 3:
        {r}[{i}, {i}, {j}] = 1.7
        {i} += 1
        {j} -= 2
    return {r}
""")

SUMS = """
(kernels * {p}).sum((1, 2, 3, 4))
torch.einsum('octhw,cthw->o', kernels, {p})
kernels.flatten(1) @ {p}.flatten()
torch.stack([({p} * {v}).sum() for {v} in kernels])
(kernels.reshape(len(kernels), -1) * {p}.reshape(1, -1)).sum(dim=1)
""".strip().split("\n")

MIXES = """
torch.einsum('oc,cthw->othw', kernels[:, :, {i}, {j}, {k}], {p})
(kernels[:, :, {i}, {j}, {k}, None, None, None] * {p}[None]).sum(1)
torch.tensordot(kernels[..., {i}, {j}, {k}], {p}, dims=1)
(kernels[:, :, {i}, {j}, {k}] @ {p}.flatten(1)).view_as({r})
""".strip().split("\n")

WORDS = """
the kernel slides along time
a motion is a slanted line in space and time
causal padding looks back only
each frame is weighted by its own slice
the sum of the weights is zero
a still image gives no answer
stride skips positions and loses detail
the network needs no future frames
speed fixes the slope
two kernels see two directions
the average forgets the order
noise is averaged away
zeros at the start
the border frames are seen less often
an edge that moves is a plane
memory grows with the frames
an online system cannot wait
the response is largest at the right speed
flipping time flips the sign
padding invents frames that never were
colour does not matter here
the first frames see zeros
""".strip().split("\n")

LINKS = ("because", "so", "while", "and therefore", "but", "which means that", "since", "hence")


def solution(seed):
    """One student's cells by grade_id, independent of those with another seed."""
    draw = random.Random(seed)
    pick = draw.choice
    names = dict(zip("vwxsopqrzijk", draw.sample(NAMES, 12), strict=True))
    names |= {"S": "size", "K": "kernel"}
    sums, mix = pick(SUMS).format(**names), pick(MIXES).format(**names)
    head = "def output_size(size, kernel, stride=1, padding=(0, 0), dilation=1):\n"
    one = head + "".join(pick(each).format(**names) for each in (CHECKS, SPANS, PADS, TOO_LARGE, RESULTS))
    two = "import itertools\n\nimport torch\nimport torch.nn.functional as F\n\n\n"
    two += "def conv3d(clip, kernels, stride=(1, 1, 1), causal=False):\n"
    two += "".join(pick(each).format(**names) for each in (CAUSAL, SHAPES, EMPTY))
    two += pick(LOOPS).format(**names, SUM=sums, MIX=mix) + f"    return {names['r']}\n"
    two = _habits(two, draw)
    three = "def motion_kernel():\n" + pick(DESIGNS).format(**names)
    sentences = [f"{pick(WORDS)} {pick(LINKS)} {pick(WORDS)}".capitalize() + "." for _ in range(6)]
    return {"task-1": one, "task-2": two, "task-3": three, "written": " ".join(sentences)}


HABITS = (  # ways to write the same, of which a student takes now the one and now the other
    (r"(kernels|clip)\.size\((\d)\)", r"\1.shape[\2]"),
    (r"(kernels|clip)\.shape\[(\d)\]", r"\1.size(\2)"),
    (r"len\(kernels\)", "kernels.shape[0]"),
    (r"kernels\.shape\[0\]", "len(kernels)"),
    (r"kernels\.shape\[2\]", "kernels.shape[-3]"),
    (r"kernels\.shape\[3\]", "kernels.shape[-2]"),
    (r"kernels\.shape\[4\]", "kernels.shape[-1]"),
    (r"range\((\w+\[\d\])\)", r"range(0, \1)"),
    (r"\b(\w+) \* stride\[(\d)\]", r"stride[\2] * \1"),
    (r"(\w+) \+= ", r"\1 = \1 + "),
)


def _habits(text, draw):
    for pattern, other in HABITS:
        text = re.sub(pattern, lambda m, o=other: m.expand(o) if draw.random() < 0.4 else m[0], text)
    return text


def disguised(cells, seed):
    """A copy that looks different: other names, comments, docstrings, layout, another order of functions."""
    draw = random.Random(seed)
    made = {name: _renamed(text, draw) for name, text in cells.items() if name != "written"}
    made["task-1"], made["task-3"] = made["task-3"], made["task-1"]  # in other cells than they were
    words = cells["written"].replace(". ", ".\n\n").upper()
    return {**made, "written": f"* {words} *"}


def _renamed(text, draw):
    tree = ast.parse(text)
    own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    new = {name: f"my_{draw.randrange(10**6)}" for name in sorted(own)}
    text = re.sub(r"(?<!\.)\b\w+\b", lambda word: new.get(word[0], word[0]), ast.unparse(tree))
    text = text.replace("torch.nn.functional as F", "torch.nn.functional as func").replace(
        "F.pad", "func.pad"
    )
    lines = []
    for line in text.split("\n"):
        lines += [f"{line}  # {draw.random()}"] if draw.random() < 0.5 and line else [line]
        if line.startswith("def "):
            lines.append(f'    """Written by {draw.random()}."""')
        lines += [""] * draw.randrange(2)
    return "\n".join(lines).replace(", ", ",").replace(" = ", "=")
