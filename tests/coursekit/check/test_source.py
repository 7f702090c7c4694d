"""The rule "write it yourself": honest code passes, and the ways around it are refused."""

# ruff: noqa: E501 - a way around is easier to read in one line

import ast
import json
import re
import subprocess
import sys
import textwrap
import time
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit import check
from coursekit._shared._source import compiled
from coursekit.check import Rule, Source, Text, Wrong

SETUP = """
import importlib.util

import torch
import torch.nn.functional as F
from torch import nn

from coursekit import check, conv, data, layout, show, video
from coursekit.conv import output_size as reference

LIMIT = 3
frames = torch.zeros(2, 3, 4, 5)


def ready(x):
    return x.float()
"""
MODULES = ("torch", "torch.nn.functional", "math", "itertools")
NEVER = ("conv", "fold")
RULE = Rule("conv3d", MODULES, NEVER)
CLIP = torch.randn(2, 5, 6, 7, generator=torch.Generator().manual_seed(1))
KERNELS = torch.randn(3, 2, 2, 3, 2, generator=torch.Generator().manual_seed(2))


@pytest.fixture(autouse=True)
def unchanged_torch():
    """Take back what the ways around the rule have changed in torch, which the other tests of a run use."""
    kept = {owner: dict(vars(owner)) for owner in (torch, torch.nn, torch.nn.functional, torch.Tensor)}
    yield
    for owner, values in kept.items():
        for name, value in values.items():
            if vars(owner).get(name) is not value:
                setattr(owner, name, value)
    for name in vars(torch.Tensor).keys() - kept[torch.Tensor].keys():
        delattr(torch.Tensor, name)


def read(code: str, rule: Rule = RULE, *more: Text) -> tuple[str, ...]:
    texts = [Text("setup", SETUP, given=True), Text("task-2", textwrap.dedent(code)), *more]
    return Source(texts).check(rule)


def refused(code: str, rule: Rule = RULE, *more: Text) -> str:
    with pytest.raises(Wrong) as error:
        read(code, rule, *more)
    return str(error.value)


def result(code: str) -> torch.Tensor:
    """What the code computes, with the setup of the notebook."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP, scope)
    exec(textwrap.dedent(code), scope)
    return scope["conv3d"](CLIP.clone(), KERNELS.clone())


LOOPS = """
def conv3d(clip, kernels):
    t, h, w = kernels.shape[2:]
    size = [n - k + 1 for n, k in zip(clip.shape[1:], (t, h, w), strict=True)]
    out = clip.new_zeros(len(kernels), *size)
    for i in range(size[0]):
        for j in range(size[1]):
            for k in range(size[2]):
                part = clip[:, i : i + t, j : j + h, k : k + w]
                out[:, i, j, k] = (kernels * part).sum(dim=(1, 2, 3, 4))
    return out
"""
HONEST = {
    "loops": LOOPS,
    "einsum": """
        def conv3d(clip, kernels):
            t, h, w = kernels.shape[2:]
            size = [n - k + 1 for n, k in zip(clip.shape[1:], (t, h, w))]
            out = torch.zeros(len(kernels), *size, dtype=clip.dtype)
            for place in [(i, j, k) for i in range(t) for j in range(h) for k in range(w)]:
                cut = [slice(p, p + o) for p, o in zip(place, size)]
                out += torch.einsum("kc,cthw->kthw", kernels[(..., *place)], clip[(slice(None), *cut)])
            return out
        """,
    "product": """
        import itertools
        import math

        def conv3d(clip, kernels):
            size = tuple(n - k + 1 for n, k in zip(clip.shape[1:], kernels.shape[2:]))
            rows = []
            for place in itertools.product(*map(range, size)):
                cut = tuple(slice(p, p + k) for p, k in zip(place, kernels.shape[2:]))
                rows.append(kernels.reshape(len(kernels), -1) @ clip[(slice(None), *cut)].reshape(-1))
            assert len(rows) == math.prod(size)
            return torch.stack(rows, dim=1).reshape(len(kernels), *size)
        """,
    "from itertools": """
        from itertools import product as places
        from math import prod

        def conv3d(clip, kernels):
            size = [n - k + 1 for n, k in zip(clip.shape[1:], kernels.shape[2:])]
            out = torch.empty(len(kernels), prod(size))
            for number, (i, j, k) in enumerate(places(*[range(n) for n in size])):
                t, h, w = kernels.shape[2:]
                out[:, number] = (clip[:, i:i+t, j:j+h, k:k+w] * kernels).flatten(1).sum(1)
            return out.view(-1, *size)
        """,
    "nested helpers": """
        def conv3d(clip, kernels):
            def place(i, j, k):
                t, h, w = kernels.shape[2:]
                return (clip[:, i : i + t, j : j + h, k : k + w] * kernels).sum((1, 2, 3, 4))

            def size():
                return [n - k + 1 for n, k in zip(clip.shape[1:], kernels.shape[2:])]

            a, b, c = size()
            rows = [[[place(i, j, k) for k in range(c)] for j in range(b)] for i in range(a)]
            return torch.stack([torch.stack([torch.stack(r, -1) for r in p], -2) for p in rows], -3)
        """,
    "helpers outside": """
        def conv1d_sizes(clip, conv_kernels):
            conv_size = [n - k + 1 for n, k in zip(clip.shape[1:], conv_kernels.shape[2:])]
            return conv_size

        def my_unfold(clip, conv_size, place):
            return clip[(slice(None), *[slice(p, p + o) for p, o in zip(place, conv_size)])]

        def conv3d(clip, kernels):
            size = conv1d_sizes(clip, conv_kernels=kernels)
            t, h, w = kernels.shape[2:]
            return sum(
                torch.tensordot(kernels[:, :, i, j, k], my_unfold(clip, size, (i, j, k)), dims=1)
                for i in range(t) for j in range(h) for k in range(w)
            )
        """,
    "lambdas": """
        add = lambda a, b: a + b

        def conv3d(clip, kernels):
            sizes = list(map(lambda pair: pair[0] - pair[1] + 1, zip(clip.shape[1:], kernels.shape[2:])))
            out = None
            for i in range(kernels.shape[2]):
                for j in range(kernels.shape[3]):
                    for k in range(kernels.shape[4]):
                        x = clip[:, i : i + sizes[0], j : j + sizes[1], k : k + sizes[2]]
                        part = (kernels[:, :, i, j, k][..., None, None, None] * x[None]).sum(1)
                        out = part if out is None else add(out, part)
            return out
        """,
    "hints": '''
        from __future__ import annotations

        from collections.abc import Sequence
        from typing import Any, Optional

        def sizes(shape: torch.Size | tuple[int, ...], kernel: Sequence[int]) -> list[int]:
            return [int(n) - int(k) + 1 for n, k in zip(shape, kernel)]

        def conv3d(clip: torch.Tensor, kernels: torch.Tensor, bias: Optional[Any] = None) -> torch.Tensor:
            """3D convolution, like torch.nn.functional.conv3d: F.conv3d(clip[None], kernels)[0].

            >>> getattr(F, "conv3d")
            """
            # F.conv3d would do it; unfold too. eval("F.conv3d")
            size: list[int] = sizes(clip.shape[1:], kernels.shape[2:])
            if min(size) < 1:
                raise ValueError(f"conv3d: the kernel {tuple(kernels.shape)} is larger than {clip.shape=}")
            out: torch.Tensor = clip.new_zeros((kernels.size(0), *size))
            for i, plane in enumerate(kernels.unbind(2)):
                for j, line in enumerate(plane.unbind(2)):
                    for k, weights in enumerate(line.unbind(2)):
                        x = clip[:, i : i + size[0], j : j + size[1], k : k + size[2]]
                        out += weights.matmul(x.flatten(1)).unflatten(1, size)
            return out
        ''',
    "import as": """
        import torch as t

        def conv3d(clip, kernels):
            a, b, c = kernels.shape[2:]
            o, p, q = (n - k + 1 for n, k in zip(clip.shape[1:], kernels.shape[2:]))
            parts = [clip[:, i:i+o, j:j+p, k:k+q] for i in range(a) for j in range(b) for k in range(c)]
            return t.einsum("kcn,ncthw->kthw", kernels.flatten(2), t.stack(parts))
        """,
    "functional from": """
        from torch.nn import functional as G

        def conv3d(clip, kernels):
            clip = G.pad(clip, (0, 0, 0, 0, 0, 0))
            o, p, q = [n - k + 1 for n, k in zip(clip.shape[1:], kernels.shape[2:])]
            out = 0
            for (i, j, k), in [(x,) for x in torch.ones(kernels.shape[2:]).nonzero().tolist()]:
                out = out + G.linear(clip[:, i:i+o, j:j+p, k:k+q].movedim(0, -1), kernels[:, :, i, j, k])
            return out.movedim(-1, 0)
        """,
    "long path": """
        import torch
        import torch.nn.functional

        def conv3d(clip, kernels):
            clip = torch.nn.functional.pad(clip, [0, 0])
            size = torch.tensor(clip.shape[1:]) - torch.tensor(kernels.shape[2:]) + 1
            out = torch.zeros(kernels.shape[0], *size.tolist())
            for i, j, k in torch.cartesian_prod(*[torch.arange(n) for n in kernels.shape[2:]]).tolist():
                o, p, q = size.tolist()
                out.add_(torch.tensordot(kernels[:, :, i, j, k], clip[:, i:i+o, j:j+p, k:k+q], 1))
            return out
        """,
    "another name for a module": """
        functional = F
        nnf = torch.nn.functional

        def conv3d(clip, kernels):
            f = functional
            clip = f.relu(clip) - nnf.relu(-clip)
            o, p, q = [n - k + 1 for n, k in zip(clip.shape[1:], kernels.shape[2:])]
            return sum(
                torch.tensordot(kernels[:, :, i, j, k], clip[:, i:i+o, j:j+p, k:k+q], 1)
                for i, j, k in torch.ones(kernels.shape[2:]).nonzero().tolist()
            )
        """,
    "as_strided": """
        def conv3d(clip, kernels):
            size = [n - k + 1 for n, k in zip(clip.shape[1:], kernels.shape[2:])]
            c, *steps = clip.stride()
            view = clip.as_strided((len(clip), *size, *kernels.shape[2:]), (c, *steps, *steps))
            return torch.einsum("cthwijk,ncijk->nthw", view, kernels)
        """,
    "through Fourier": None,  # below: it needs torch.fft
    "class": """
        class Window:
            \"\"\"A window that slides over the clip.\"\"\"

            step = 1

            def __init__(self, clip, shape):
                super().__init__()
                self.clip, self._shape = clip, shape
                self.sizes = [n - k + 1 for n, k in zip(clip.shape[1:], shape)]

            def __call__(self, i, j, k):
                o, p, q = self.sizes
                return self.clip[:, i:i+o, j:j+p, k:k+q]

            def __repr__(self):
                return f"a window of {self._shape}"

            def __iter__(self):
                t, h, w = self._shape
                yield from ((i, j, k) for i in range(t) for j in range(h) for k in range(w))

            @property
            def number(self):
                return len(list(self)) * Window.step

            @staticmethod
            def of(x):
                return type(x).__name__

        def conv3d(clip, kernels):
            window = Window(clip, kernels.shape[2:])
            assert window.number == kernels[0, 0].numel()
            return sum(torch.tensordot(kernels[(..., *p)], window(*p), dims=1) for p in window)
        """,
    "dataclass and tuple": """
        from typing import NamedTuple

        class Place(NamedTuple):
            frame: int
            row: int
            column: int

        def conv3d(clip, kernels):
            size = Place(*(n - k + 1 for n, k in zip(clip.shape[1:], kernels.shape[2:])))
            out = 0
            for place in (Place(*p) for p in torch.ones(kernels.shape[2:]).nonzero().tolist()):
                x = clip[:, place.frame : place.frame + size.frame, place.row : place.row + size.row]
                x = x[..., place.column : place.column + size.column]
                out = out + torch.tensordot(kernels[(..., *place)], x, dims=1)
            return out
        """,
    "errors": """
        class TooLarge(ValueError):
            pass

        def conv3d(clip, kernels):
            try:
                if any(k > n for n, k in zip(clip.shape[1:], kernels.shape[2:])):
                    raise TooLarge("conv3d: the kernel is larger than the clip, {} > {:.1f}".format(3, 2))
                with torch.no_grad():
                    return work(clip, kernels)
            except TooLarge as error:
                print("stopped:", error, error.args, type(error), f"{type(error).__name__!r:>10}")
                raise ValueError(str(error)) from error
            finally:
                pass

        def work(clip, kernels):
            o, p, q = [n - k + 1 for n, k in zip(clip.shape[1:], kernels.shape[2:])]
            out, i = 0, 0
            while i < kernels.shape[2]:
                for j, k in ((j, k) for j in range(kernels.shape[3]) for k in range(kernels.shape[4])):
                    out = out + torch.tensordot(kernels[:, :, i, j, k], clip[:, i:i+o, j:j+p, k:k+q], 1)
                i += 1
            return out
        """,
    "match and walrus": """
        def conv3d(clip, kernels):
            match kernels.shape:
                case (_, _, t, h, w) if (o := clip.shape[1] - t + 1) > 0:
                    pass
                case torch.Size():
                    raise ValueError("no room")
            p, q = clip.shape[2] - h + 1, clip.shape[3] - w + 1
            return sum(
                torch.tensordot(kernels[:, :, i, j, k], x, 1)
                for i in range(t) for j in range(h) for k in range(w)
                if (x := clip[:, i:i+o, j:j+p, k:k+q]) is not None
            )
        """,
    "global and nonlocal": """
        calls = 0

        def conv3d(clip, kernels):
            global calls
            calls += 1
            out = 0

            def add(i, j, k):
                nonlocal out
                o, p, q = [n - k + 1 for n, k in zip(clip.shape[1:], kernels.shape[2:])]
                out = out + torch.tensordot(kernels[:, :, i, j, k], clip[:, i:i+o, j:j+p, k:k+q], 1)

            for place in torch.ones(kernels.shape[2:]).nonzero().tolist():
                add(*place)
            del place
            return out
        """,
    "names of the setup": """
        def conv3d(clip, kernels):
            clip = ready(clip)
            assert LIMIT == 3 and frames.ndim == 4
            o, p, q = [n - k + 1 for n, k in zip(clip.shape[1:], kernels.shape[2:])]
            return sum(
                torch.tensordot(kernels[:, :, i, j, k], clip[:, i:i+o, j:j+p, k:k+q], 1)
                for i, j, k in torch.ones(kernels.shape[2:]).nonzero().tolist()
            )
        """,
    "lines for IPython": f"%%time\n%matplotlib inline\n!pip list\n{LOOPS}\nconv3d?\n",
    "shadows": """
        def conv3d(input, dir):
            vars, open = input, dir  # parameters and variables may have any name
            check, data, video = vars.shape[1:], open.shape[2:], 0
            conv, fold, unfold = [n - k + 1 for n, k in zip(check, data)]
            for conv_i, conv_j, conv_k in torch.ones(open.shape[2:]).nonzero().tolist():
                part = vars[:, conv_i:conv_i+conv, conv_j:conv_j+fold, conv_k:conv_k+unfold]
                video = video + torch.tensordot(open[:, :, conv_i, conv_j, conv_k], part, 1)
            return video
        """,
}
del HONEST["through Fourier"]


@pytest.mark.parametrize("name", HONEST)
def test_honest_code_passes_and_is_right(name: str) -> None:
    code = HONEST[name]
    assert read(code) == ("task-2",)
    if not code.startswith("%"):
        torch.testing.assert_close(result(code), F.conv3d(CLIP[None], KERNELS)[0], rtol=1e-4, atol=1e-4)


LINES = [
    "x = clip.float().div(255).sub_(0.5).clamp(0, 1).abs().sqrt().square()",
    "x = clip.permute(1, 0, 2, 3).contiguous().reshape(-1).unsqueeze(0).squeeze().T",
    "x = torch.cat([clip, clip.flip(1)], dim=1).narrow(1, 0, 2).roll(1, dims=0)",
    "x = torch.where(clip > 0, clip, torch.zeros_like(clip)).cumsum(1).topk(2).values",
    "x = clip.max(dim=1).indices.long().bincount if False else clip.max(1).values.to(torch.float64)",
    "x = torch.linspace(0, 1, 5, dtype=torch.float32, device=clip.device)[None, :, None]",
    "x = [*clip.unbind(0)]; x.append(clip[0]); x.insert(0, x.pop()); x.sort(key=id); x.index(x[0])",
    "x = {'conv3d': 1, **dict(unfold=2)}; y = x.get('conv3d', 0); x.update(a=3); x.setdefault('b', [])",
    "x = 'conv3d unfold'.split(); y = ', '.join(x).upper().replace('F.', '').strip('x')",
    "x = '{0:>8} {name!r} {{0.conv3d}}'.format(3, name='a')",
    "x = f'{clip.shape[1]:03d} {len(kernels)!r:>{5}} {clip.dtype}'",
    "x = set(range(3)) | {4}; x.add(5); x.discard(1); y = frozenset(x) & {2}",
    "x = isinstance(clip, torch.Tensor) and callable(print) and issubclass(ValueError, Exception)",
    "x = type(clip) is torch.Tensor or type(clip).__name__ == 'Tensor'",
    "x = sorted(zip(range(3), 'abc'), key=lambda pair: -pair[0], reverse=True)",
    "x = (a for a in range(3)); next(x); list(x); y = iter([1]); next(y, None)",
    "x = reversed(list(enumerate(clip.shape))); y = any(a for a in [0]); z = all([])",
    "x = round(3.7) // 2 ** 3 % 5 + abs(-1) + divmod(7, 2)[0] + pow(2, 3) + sum([1]) + max(1, 2)",
    "x = complex(1, 2).real + float('nan') + int('3') + True + hash('a')",
    "x: 'torch.Tensor | None' = None\nassert x is None, 'conv3d'",
    "from math import floor, ceil as up\nx = floor(2.5) + up(2.5)",
    "import math\nx = math.sqrt(math.pi) + math.gcd(4, 6) + math.inf",
    "with torch.inference_mode(), torch.no_grad():\n    x = clip * 2",
    "g = torch.Generator().manual_seed(3)\nx = torch.rand(2, generator=g)",
    "try:\n    x = 1 / 0\nexcept (ZeroDivisionError, TypeError) as e:\n    x = str(e)\nelse:\n    x = 0",
    "x = slice(1, 5, 2); y = x.start, x.stop, x.step, x.indices(4)",
    "x = torch.unravel_index(torch.tensor(5), (2, 3)); y = torch.meshgrid(x, indexing='ij')",
    "x = lambda *a, k=1, **o: (a, k, o)\ny = x(1, k=2, conv=3)",
    "x = [[0] * 3 for _ in range(2)]; x[0][1] += 2; del x[1][0]; x, *y = x",
    "x = clip.shape.numel() + clip.numel() + clip.size(0) + clip.element_size() + clip.nbytes",
    "F.pad(clip, (1, 1)); F.relu(clip); F.interpolate(clip[None], scale_factor=2); F.softmax(clip, dim=0)",
]


@pytest.mark.parametrize("lines", LINES)
def test_honest_lines_pass_and_run(lines: str) -> None:
    body = textwrap.indent(lines, "    ")
    code = f"def conv3d(clip, kernels):\n{body}\n    return clip\n"
    assert read(code) == ("task-2",)
    result(code)


# Ways around the rule. Each computes the convolution with the library if it runs.
WORKING = {
    "the function": "def conv3d(x, w): return F.conv3d(x[None], w)[0]",
    "of torch": "def conv3d(x, w): return torch.conv3d(x[None], w)[0]",
    "long path": "def conv3d(x, w): return torch.nn.functional.conv3d(x[None], w)[0]",
    "from import": "from torch.nn.functional import conv3d as f\ndef conv3d(x, w): return f(x[None], w)[0]",
    "import inside": "def conv3d(x, w):\n  from torch import conv3d as f\n  return f(x[None], w)[0]",
    "star": "from torch.nn.functional import *\nlibrary = conv3d\ndef conv3d(x, w): return library(x[None], w)[0]",
    "alias": "f = F\ndef conv3d(x, w): return f.conv3d(x[None], w)[0]",
    "alias inside": "def conv3d(x, w):\n  f = torch.nn\n  g = f.functional\n  return g.conv3d(x[None], w)[0]",
    "alias of the function": "f = F.conv3d\ndef conv3d(x, w): return f(x[None], w)[0]",
    "alias of a global": """
        def prepare():
            global f
            f = torch
        prepare()
        def conv3d(x, w): return f.conv3d(x[None], w)[0]
        """,
    "nonlocal": """
        def conv3d(x, w):
            f = None
            def prepare():
                nonlocal f
                f = torch.nn.functional
            prepare()
            return f.conv3d(x[None], w)[0]
        """,
    "argument": "def conv3d(x, w, f=F): return f.conv3d(x[None], w)[0]",
    "keyword only": "def conv3d(x, w, *, f=torch.conv3d): return f(x[None], w)[0]",
    "passed": "def g(f, x, w): return f.conv3d(x[None], w)[0]\ndef conv3d(x, w): return g(torch, x, w)",
    "in a list": "def conv3d(x, w):\n  for f in [F]: return f.conv3d(x[None], w)[0]",
    "walrus": "def conv3d(x, w): return (f := F).conv3d(x[None], w)[0]",
    "conditional": "def conv3d(x, w): return (F if len(x) else torch).conv3d(x[None], w)[0]",
    "with": """
        class C:
            def __enter__(self): return F
            def __exit__(self, *a): pass
        def conv3d(x, w):
            with C() as f:
                return f.conv3d(x[None], w)[0]
        """,
    "layer": "def conv3d(x, w):\n  c = nn.Conv3d(2, 3, (2, 3, 2), bias=False)\n  c.weight.data = w\n  return c(x[None])[0].detach()",
    "layer by import": """
        from torch.nn import Conv3d as C
        def conv3d(x, w):
            c = C(2, 3, (2, 3, 2), bias=False)
            c.weight.data = w
            return c(x[None])[0].detach()
        """,
    "class of a layer": "class A(nn.Conv3d): pass\ndef conv3d(x, w):\n  c = A(2, 3, (2, 3, 2), bias=False)\n  c.weight.data = w\n  return c(x[None])[0].detach()",
    "lazy layer": "def conv3d(x, w):\n  c = torch.nn.LazyConv3d(3, (2, 3, 2), bias=False)\n  c(x[None])\n  c.weight.data = w\n  return c(x[None])[0].detach()",
    "ATen": "def conv3d(x, w): return torch.ops.aten.conv3d(x[None], w)[0]",
    "ATen, slow": "def conv3d(x, w): return torch.ops.aten.slow_conv3d(x[None], w, w.shape[2:])[0]",
    "ATen, no conv in the name": """
        def conv3d(x, w):
            f = torch.ops.aten
            return f.convolution(x[None], w, None, [1] * 3, [0] * 3, [1] * 3, False, [0] * 3, 1)[0]
        """,
    "C": "def conv3d(x, w): return torch._C._nn.slow_conv3d(x[None], w, w.shape[2:])[0]",
    "C, by import": "from torch._C import _VariableFunctions as f\ndef conv3d(x, w): return f.conv3d(x[None], w)[0]",
    "overrides off": """
        f = torch.nn.functional.conv3d
        def conv3d(x, w):
            with torch._C.DisableTorchFunction(): return f(x[None], w)[0]
        """,
    "VF": "def conv3d(x, w): return torch._VF.conv3d(x[None], w)[0]",
    "convolution": "def conv3d(x, w): return torch.convolution(x[None], w, None, [1]*3, [0]*3, [1]*3, False, [0]*3, 1)[0]",
    "unfold": """
        def conv3d(x, w):
            view = x
            for axis, k in enumerate(w.shape[2:], 1): view = view.unfold(axis, k, 1)
            return torch.einsum("cthwijk,ncijk->nthw", view, w)
        """,
    "getattr": "def conv3d(x, w): return getattr(F, 'conv' + '3d')(x[None], w)[0]",
    "getattr by another name": "g = getattr\ndef conv3d(x, w): return g(F, 'con' 'v3d')(x[None], w)[0]",
    "getattr in a map": "def conv3d(x, w): return [*map(getattr, [F], ['c' 'onv3d'])][0](x[None], w)[0]",
    "getattr of a shadow": """
        if len("a") == 0:
            getattr = None
        def conv3d(x, w): return getattr(F, 'c' 'onv3d')(x[None], w)[0]
        """,
    "getattr in a class": """
        class A:
            for getattr in (): pass
            f = getattr(F, 'c' 'onv3d')
        def conv3d(x, w): return A.f(x[None], w)[0]
        """,
    "dunder getattribute": "def conv3d(x, w): return F.__getattribute__('c' 'onv3d')(x[None], w)[0]",
    "object getattribute": "def conv3d(x, w): return object.__getattribute__(F, 'c' 'onv3d')(x[None], w)[0]",
    "dict": "def conv3d(x, w): return F.__dict__['c' 'onv3d'](x[None], w)[0]",
    "vars": "def conv3d(x, w): return vars(F)['c' 'onv3d'](x[None], w)[0]",
    "globals": "def conv3d(x, w): return globals()['F'].conv3d(x[None], w)[0]",
    "globals of a function": "def conv3d(x, w): return ready.__globals__['F'].__dict__['c' 'onv3d'](x[None], w)[0]",
    "eval": "def conv3d(x, w): return eval('F.c' 'onv3d(x[None], w)[0]')",
    "exec": "exec('def conv3d(x, w): return F.c' 'onv3d(x[None], w)[0]')\nif 0: conv3d = None",
    "compile": "def conv3d(x, w): return eval(compile('F.c' 'onv3d(x[None], w)[0]', '', 'eval'))",
    "importlib": "def conv3d(x, w): return importlib.import_module('torch').conv3d(x[None], w)[0]",
    "import function": "def conv3d(x, w): return __import__('torch').conv3d(x[None], w)[0]",
    "builtins": "def conv3d(x, w): return __builtins__['eval']('F.c' 'onv3d')(x[None], w)[0]",
    "sys": "import sys\ndef conv3d(x, w): return sys.modules['torch'].conv3d(x[None], w)[0]",
    "attrgetter": "from operator import attrgetter as f\ndef conv3d(x, w): return f('c' 'onv3d')(F)(x[None], w)[0]",
    "methodcaller": "import operator\ndef conv3d(x, w): return operator.methodcaller('c' 'onv3d', x[None], w)(F)[0]",
    "partial": "import functools\ndef conv3d(x, w): return functools.partial(F.conv3d, x[None])(w)[0]",
    "pattern": "def conv3d(x, w):\n  match F:\n    case object(conv3d=f): return f(x[None], w)[0]",
    "pattern with positions": """
        class Meta(type):
            def __instancecheck__(self, x): return True
        class A(metaclass=Meta):
            __match_args__ = ("c" "onv3d",)
        def conv3d(x, w):
            match F:
                case A(f): return f(x[None], w)[0]
        """,
    "decorator": "@lambda f: F.conv3d\ndef library(): pass\ndef conv3d(x, w): return library(x[None], w)[0]",
    "default": "def conv3d(x, w, f=lambda a, b: F.conv3d(a, b)): return f(x[None], w)[0]",
    "annotation": "def g(x: F.conv3d): pass\ndef conv3d(x, w): return g.__annotations__['x'](x[None], w)[0]",
    "comprehension": "def conv3d(x, w): return [f.conv3d(x[None], w)[0] for f in (F,)][0]",
    "f-string": "def conv3d(x, w):\n  y = []\n  f'{y.append(F.conv3d(x[None], w)[0])}'\n  return y[0]",
    "nested function": "def conv3d(x, w):\n  def f():\n    def g(): return F.conv3d(x[None], w)[0]\n    return g()\n  return f()",
    "class": "class A:\n  class B:\n    f = staticmethod(F.conv3d)\ndef conv3d(x, w): return A.B.f(x[None], w)[0]",
    "import in a class": "class A:\n  import torch as t\ndef conv3d(x, w): return A.t.conv3d(x[None], w)[0]",
    "type of three arguments": """
        A = type("A", (torch.Tensor,), {"__torch_function__": classmethod(lambda *a: F.conv3d)})
        def conv3d(x, w): return F.relu(x.as_subclass(A))(x[None], w)[0]
        """,
    "type of a type": "A = type(type(1))('A', (), {'f': F.conv3d})\ndef conv3d(x, w): return A.f(x[None], w)[0]",
    "other letters": "def conv3d(x, w): return F.ｃｏｎｖ3d(x[None], w)[0]",
    "course": "def conv3d(x, w): return torch.tensor(conv.output_size(1, 1)) * 0 + F.conv3d(x[None], w)[0]",
    "through a module": "def conv3d(x, w): return F.torch.conv3d(x[None], w)[0]",
    "through a module of the course": "def conv3d(x, w): return layout.torch.conv3d(x[None], w)[0]",
    "frame": """
        def conv3d(x, w):
            g = (i for i in [1])
            return g.gi_frame.f_globals['F'].conv3d(x[None], w)[0]
        """,
    "frame, declared": """
        class A:
            gi_frame = f_globals = conv3d = None
        def conv3d(x, w):
            g = (i for i in [1])
            return g.gi_frame.f_globals['F'].conv3d(x[None], w)[0]
        """,
    "traceback": """
        def conv3d(x, w):
            try: 1 / 0
            except Exception as e: return e.__traceback__.tb_frame.f_globals['F'].conv3d(x[None], w)[0]
        """,
    "array": """
        class A:
            ctypes = _ctypes = _sys = modules = None
        def conv3d(x, w): return x.numpy().ctypes._ctypes._sys.modules['torch'].conv3d(x[None], w)[0]
        """,
    "grad": "def conv3d(x, w): return torch.nn.grad.torch.conv3d(x[None], w)[0]",
    "jit": "def conv3d(x, w): return torch.jit.trace(F.conv3d, (x[None], w))(x[None], w)[0]",
    "changed": "torch.relu = torch.conv3d\ndef conv3d(x, w): return torch.relu(x[None], w)[0]",
    "async": """
        async def f(x, w): return F.conv3d(x[None], w)[0]
        def conv3d(x, w):
            try: f(x, w).send(None)
            except StopIteration as e: return e.value
        """,
    "super": """
        class A(torch.nn.Conv3d):
            def __init__(self): super().__init__(2, 3, (2, 3, 2), bias=False)
        def conv3d(x, w):
            a = A()
            a.weight.data = w
            return super(A, a).forward(x[None])[0].detach()
        """,
    "not found elsewhere": "def conv3d(x, w): return helper(x, w)\ndef helper(x, w): return F.conv3d(x[None], w)[0]",
    "format": """
        class A:
            def __format__(self, spec): raise ValueError(F.conv3d)
        def conv3d(x, w):
            try: "{0}".format(A())
            except ValueError as e: return e.args[0](x[None], w)[0]
        """,
}  # fmt: skip


@pytest.mark.parametrize("name", WORKING)
def test_a_way_around_works_and_is_refused(name: str) -> None:
    """It computes what is asked, so the tests of values would give full points."""
    code = textwrap.dedent(WORKING[name])
    assert read(LOOPS)
    message = refused(code)
    assert (
        message.startswith("task-2, line ")
        and "Write conv3d with the means of Python itself and of" in message
    )
    if name not in ("course", "type of three arguments"):
        torch.testing.assert_close(result(code), F.conv3d(CLIP[None], KERNELS)[0], rtol=1e-4, atol=1e-4)


# What else is refused, each with the words of the message: files, hidden names, changes of a module.
REFUSED = {
    "torch.load('a')": "torch.load is not allowed",
    "torch.save(x, 'a')": "torch.save is not allowed",
    "torch.compile(len)": "torch.compile is not allowed",
    "torch.jit.script(len)": "torch.jit is not allowed",
    "torch.hub.load('a')": "torch.hub is not allowed",
    "torch.from_file('a')": "torch.from_file is not allowed",
    "torch.backends.cudnn.version()": "torch.backends is not allowed",
    "torch.autograd.grad(x, w)": "torch.autograd is not allowed",
    "torch.library.custom_op": "torch.library is not allowed",
    "torch.set_default_dtype(x)": "torch.set_default_dtype is not allowed",
    "torch.Tensor.__torch_function__": "the attribute __torch_function__ is not allowed",
    "F.boolean_dispatch": "torch.nn.functional.boolean_dispatch is not allowed",
    "F.handle_torch_function": "torch.nn.functional.handle_torch_function is not allowed",
    "F.nothing": "torch.nn.functional.nothing is not allowed",
    "nn.Linear(2, 3)": "torch.nn.Linear is not allowed",
    "layout.convert(x, 'CTHW', 'TCHW')": "coursekit.layout is not allowed",
    "check.passed('a')": "coursekit.check is not allowed",
    "reference(3, 4)": "coursekit.conv.output_size is not allowed",
    "importlib.util": "importlib.util is not allowed",
    "F": "the module torch.nn.functional is not a value",
    "[torch]": "the module torch is not a value",
    "x[F:]": "the module torch.nn.functional is not a value",
    "torch.nn": "the module torch.nn is not a value",
    "(yield F)": "the module torch.nn.functional is not a value",
    "setattr(x, 'a', 1)": "setattr is not allowed",
    "delattr(x, 'a')": "delattr is not allowed",
    "hasattr(x, 'a')": "hasattr is not allowed",
    "input()": "input is not allowed",
    "open('a')": "open is not allowed",
    "breakpoint()": "breakpoint is not allowed",
    "locals()": "locals is not allowed",
    "dir(x)": "dir is not allowed",
    "help(x)": "help is not allowed",
    "memoryview(b'a').obj": "memoryview is not allowed",
    "print.__self__": "the attribute __self__ is not allowed",
    "conv3d.__doc__": "the attribute __doc__ is not allowed",
    "conv3d.__code__": "the attribute __code__ is not allowed",
    "conv3d.__closure__": "the attribute __closure__ is not allowed",
    "x.__class__": "the attribute __class__ is not allowed",
    "int.mro()": "the attribute mro is not allowed",
    "x.grad_fn": "the attribute grad_fn is not allowed",
    "x.storage()": "the attribute storage is not allowed",
    "x.register_hook(len)": "the attribute register_hook is not allowed",
    "x._base": "the attribute _base is not allowed",
    "x.nothing": "the attribute nothing is not allowed",
    "(i for i in x).gi_frame": "the attribute gi_frame is not allowed",
    "type(x)(w)": "of type, only",
    "type('A', (), {})": "of type, only",
    "type(*[x]) is w": "of type, only",
    "[type][0]": "type is allowed in a call only",
    "isinstance(x, type)": "type is allowed in a call only",
    "super(int, x).a": "of super, only",
    "'{0.shape}'.format(x)": "format is allowed for literal texts only",
    "'{0[a]}'.format(x)": "format is allowed for literal texts only",
    "'{:{0.a}}'.format(x)": "format is allowed for literal texts only",
    "'{{{0.a}'.format(x)": "format is allowed for literal texts only",
    "str.format('{0.a}', x)": "format is allowed for literal texts only",
    "'{a.b}'.format_map({})": "the attribute format_map is not allowed",
    "get_ipython()": "get_ipython is not defined",
    "In[0]": "In is not defined",
    "__loader__": "__loader__ is not allowed",
    "nothing": "nothing is not defined",
    "lambda __x: 1": "the name __x is not allowed",
}
STATEMENTS = {
    "from . import x": "a relative import",
    "from os import *": "`import *` is not allowed",
    "import os": "the module os is not allowed",
    "import torchvision": "the module torchvision is not allowed",
    "import torch.nn.modules": "the module torch.nn.modules is not allowed",
    "import pickle as math": "the module pickle is not allowed",
    "from typing import get_type_hints": "typing.get_type_hints is not allowed",
    "from functools import wraps": "functools.wraps is not allowed",
    "from coursekit.conv import output_size as f": "coursekit.conv.output_size is not allowed",
    "from torch import jit": "torch.jit is not allowed",
    "import torch as __t": "the name __t is not allowed",
    "class A(metaclass=int): pass": "must not have a metaclass",
    "class A:\n  import torch": "an import inside a class",
    "class A:\n  F = F": "names a module and something else",
    "class A:\n  def __getattr__(self, n): pass": "the name __getattr__ is not allowed",
    "class A:\n  __match_args__ = ()": "the name __match_args__ is not allowed",
    "def __getattr__(name): pass": "the name __getattr__ is not allowed",
    "[a async for a in frames]": "`async` is not allowed",
    "await frames": "(Await) is not allowed",
    "torch.relu = 1": "torch.relu is not yours to change",
    "torch.Tensor.abs = 1": "torch.Tensor.abs is not yours to change",
    "from torch import Tensor\nTensor.abs = 1": "Tensor.abs is not yours to change",
    "del torch.relu": "torch.relu is not yours to change",
    "for F.relu in [1]: pass": "F.relu is not yours to change",
    "def g():\n  global torch\n  torch = 1\ntorch.abs(frames)": "torch names a module and something else",
    "f, g = F, torch": "the module torch.nn.functional is not a value",
    "f = g = F": "the module torch.nn.functional is not a value",
    "f: object = F": "the module torch.nn.functional is not a value",
    "f = F\nf = 3\nf.relu(frames)": "f names a module and something else",
    "if 0:\n  getattr = 1\ngetattr(frames, 'a')": "getattr is not allowed",
    "class A:\n  for getattr in (): pass\n  f = getattr(frames, 'a')": "getattr is not allowed",
    "if 0: type = 1\ntype('A', (), {})": "of type, only",
    """class A:
  hub = 1
def g():
  f = None
  def h():
    nonlocal f
    f = torch
  h()
  return f.hub""": "f names a module and something else",
    """class A:
  hub = 1
def g():
  global f
  f = torch
f = A()
f.hub""": "f names a module and something else",
    "try: pass\nexcept* ValueError: pass": "(TryStar) is not allowed",
    "match frames:\n  case torch.Tensor(shape=s, grad_fn=g): pass": "the attribute grad_fn is not allowed",
    "match frames:\n  case torch.Size(a): pass": "a pattern of a class must name its attributes",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_what_else_an_expression_may_not_do(expression: str) -> None:
    code = f"def conv3d(x, w):\n    x = x\n    return {expression}\n"
    message = refused(code)
    assert message.startswith("task-2, line 3: ") and REFUSED[expression] in message


@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_else_a_statement_may_not_do(statement: str) -> None:
    assert STATEMENTS[statement] in refused(f"{statement}\n{LOOPS}")


def test_attributes_of_the_students_own_classes_are_theirs() -> None:
    code = "class A:\n    def __init__(self):\n        self.place, self._hidden = 1, 2\n"
    assert read(f"{code}def conv3d(x, w): return A().place + A()._hidden")
    assert "the attribute other" in refused(f"{code}def conv3d(x, w): return A().other")
    # but a class opens nothing that the interpreter's own objects have
    assert "gi_frame" in refused("class A:\n    gi_frame = 1\ndef conv3d(x, w): return x.gi_frame")


def test_without_a_module_python_alone_is_there() -> None:
    rule = Rule("size")
    assert read("def size(n, k): return n - k + 1", rule) == ("task-2",)
    assert "without any module" in refused("import math\ndef size(n, k): return math.floor(n - k + 1)", rule)
    assert "torch.tensor is not allowed" in refused("def size(n, k): return torch.tensor(n)", rule)
    assert "coursekit.conv" in refused("def size(n, k): return conv.output_size(n, k)", rule)


def test_a_module_of_the_course_can_be_listed() -> None:
    rule = Rule("f", ("coursekit.layout", "numpy", "torch.nn", "functools", "operator"))
    assert read("def f(x): return layout.convert(x, 'CTHW', 'TCHW')", rule)
    assert read("import numpy as np\ndef f(x): return np.add.reduce(x.numpy().astype(np.float32))", rule)
    assert read("class A(nn.Module):\n  def forward(self, x): return x\ndef f(x): return A().eval()(x)", rule)
    assert read("from operator import mul\nimport functools\ndef f(x): return functools.reduce(mul, x)", rule)
    assert "coursekit.layout.torch" in refused("def f(x): return layout.torch.load(x)", rule)
    assert "coursekit.video is" in refused("def f(x): return video.read(x)", rule)
    assert "numpy.load" in refused("import numpy as np\ndef f(x): return np.load(x)", rule)
    assert "tofile" in refused("import numpy as np\ndef f(x): return x.numpy().tofile('a')", rule)
    assert "operator.attrgetter" in refused("from operator import attrgetter\ndef f(x): return x", rule)


def test_objects_of_a_listed_module_have_their_attributes() -> None:
    rule = Rule("f", ("torchvision.transforms.v2", "coursekit.encoders"))
    code = """
        from torchvision.transforms.v2 import InterpolationMode
        from coursekit import encoders

        def f(x, how: encoders.Preprocessing): return InterpolationMode.BILINEAR, how.crop, how.nothing
        """
    assert "the attribute nothing is not allowed" in refused(code, rule)
    assert read(code.replace(", how.nothing", ""), rule)


def test_a_message_is_short() -> None:
    assert len(refused(f"def conv3d(x, w): return {'a' * 100_000}")) < 500


@pytest.mark.parametrize("module", ["os", "builtins", "importlib.util", "sys"])
def test_a_rule_cannot_allow_what_reaches_everything(module: str) -> None:
    with pytest.raises(ValueError, match="everything can be reached"):
        Rule("f", ("torch", module))


def test_cells_whose_names_are_used_are_read_too() -> None:
    code = "def conv3d(x, w): return helper(x, w)"
    other = Text("task-1", "from itertools import product\ndef helper(x, w): return further(x)")
    third = Text("task-3", "def further(x): return x")
    unused = Text("task-4", "import os\ndef unused(x): return F.conv3d")
    assert read(code, RULE, other, third, unused) == ("task-2", "task-1", "task-3")
    bad = Text("task-3", "further = F.conv3d")
    message = refused(code, RULE, other, bad)
    assert message.startswith("task-3, line 1: conv3d is not allowed")
    # A local variable of that name is another one.
    assert read("def conv3d(x, w):\n    unused = x\n    return unused", RULE, unused) == ("task-2",)
    # All cells that bind the name are read: the last one that runs counts.
    again = Text("task-5", "conv3d = torch.conv3d")
    assert refused(code, RULE, other, third, again).startswith("task-5, line 1: conv3d is not allowed")


def test_a_cell_that_cannot_be_read_gives_its_syntax_error() -> None:
    assert refused("def conv3d(x, w:\n    return x") == "task-2: SyntaxError: '(' was never closed (line 1)"
    assert refused("def other(): pass") == "no cell that is read defines conv3d"
    for code in ("def conv3d(x, w:", "def other(): pass"):
        with pytest.raises(check.Unreadable):
            read(code)
    assert "SyntaxError" in refused("def conv3d(x, w):\n    y = %sx ls\n    return y")
    broken = Text("task-3", "def further(:")
    assert read(LOOPS, RULE, broken) == ("task-2",)  # it does not run either


def test_the_text_is_read_as_it_runs() -> None:
    """A line for IPython is left out where Python finds an error there: then other lines are strings."""
    code = (
        'a = f"""\n%{(yield)}"""\nb = """\nconv3d = lambda x, w: F.conv3d(x[None], w)[0]\n'
        'c = """\n# """\ndef helper(x, w): pass\n'
    )
    assert "conv3d" not in {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    scope: dict[str, Any] = {"F": F}
    exec(compiled(code, "<cell>"), scope)
    assert torch.equal(scope["conv3d"](CLIP, KERNELS), F.conv3d(CLIP[None], KERNELS)[0])
    assert refused(code).startswith("task-2, line 4: conv3d is not allowed")


HUGE = 200_000
HOSTILE = {
    "a long expression": "a = " + "+".join(["1"] * (HUGE // 2)),
    "a long chain": "a = x" + ".T" * (HUGE // 2),
    "many chains": ("frames" + ".T" * 300 + "\n") * (HUGE // 607),
    "many signs": "a = " + "-" * HUGE + "1",
    "many parentheses": "(" * HUGE,
    "many lines": "a = [b + 1 for b in c]\n" * (HUGE // 23),
    "nested comprehensions": ("a = " + "[b for b in " * 50 + "c" + "]" * 50 + "\n") * (HUGE // 650),
    "names that double": "\n".join(f"a{i}=a{i - 1}\na{i}=b{i - 1}\nb{i}=a{i - 1}" for i in range(1, 5000)),
    "names in a circle": "\n".join(f"a{i} = a{(i + 1) % 5000}" for i in range(5000)),
    "lines for IPython": "a = [b + 1 for b in c]\n" * (HUGE // 24) + "%x\n" * 99,
    "a long number": "a = " + "9" * HUGE,
    "no text": "a = '\ud800'",
    "zero bytes": "a = '\0'",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_cells_take_a_bounded_time(name: str) -> None:
    code = f"{LOOPS}\n{HOSTILE[name]}"
    begin = time.process_time()
    if name == "many chains":
        assert read(code)
    else:
        assert refused(code).startswith("task-2")
    assert time.process_time() - begin < 10


PIECES = sorted(
    {token for code in (*HONEST.values(), *WORKING.values()) for token in re.split(r"(\W)", code)}
)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=40).map("".join))
@settings(deadline=None, max_examples=300)
def test_whatever_the_text_is_the_rule_holds_or_says_why_not(text: str) -> None:
    code = f"{LOOPS}\n{text}"
    try:
        assert read(code, Rule("conv3d", MODULES, NEVER, 40)) == ("task-2",)
    except Wrong as error:
        assert str(error).startswith("task-2")


@given(st.integers(0, len(LOOPS)), st.integers(0, 30), st.sampled_from(PIECES))
@settings(deadline=None, max_examples=200)
def test_honest_code_with_a_damage_is_read_or_refused(begin: int, length: int, piece: str) -> None:
    try:
        read(LOOPS[:begin] + piece + LOOPS[begin + length :])
    except Wrong as error:
        assert str(error).startswith(("task-2", "no cell that is read defines conv3d"))


class TestNumbers:
    RULE = Rule("describe", ("torch",), (), 10)

    def test_a_few_numbers_pass(self) -> None:
        code = 'def describe(rows):\n    """Rows %s"""\n    return rows[:, 1:].mean(1) * 0.5\n'
        assert read(code % ("1, 2, 3, " * 100), self.RULE)  # a docstring is free: the code cannot read it

    @pytest.mark.parametrize(
        ("weights", "says"),
        ids=range(10),
        argvalues=[
            ("[" + ", ".join(["0.1"] * 11) + "]", "11 numbers; at most 10 are allowed"),
            ("[" + ", ".join(["-1"] * 11) + "]", "11 numbers"),
            ("'" + "a" * 201 + "'", "a text of 201 characters"),
            ("b'" + "a" * 201 + "'", "a text of 201 characters"),
            ("'" + "a" * 150 + "' 'b" + "a" * 150 + "'", "a text of 301 characters"),
            ("[" + ", ".join([f"'{'a' * 190}'"] * 12) + "]", "characters in texts and names"),
            ("0x" + "f" * 40, "a number of more than 20 digits"),
            ("dict(" + ", ".join(f"weight_of_number_{i}=None" for i in range(120)) + ")", "texts and names"),
            ("[" + ", ".join(["True", "False"] * 2000) + "]", "parts of syntax"),
            ("[" + ", ".join(["()", "((),)"] * 1000) + "]", "parts of syntax"),
        ],
    )
    def test_learnt_numbers_do_not_hide_in_the_code(self, weights: str, says: str) -> None:
        message = refused(f"def describe(rows):\n    return {weights}\n", self.RULE)
        assert says in message and "what was learnt may not stand in the code" in message

    def test_numbers_of_helper_cells_count(self) -> None:
        code = "def describe(rows): return rows @ weights()"
        other = Text("task-3", "def weights(): return [" + "1," * 11 + "]")
        assert refused(code, self.RULE, other).startswith("task-2 and task-3: 11 numbers")


KERNEL = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for number, cell in enumerate(CELLS):
    done = shell.run_cell(cell, store_history=True, silent=False)
    print(number, type(done.error_in_exec).__name__, done.error_in_exec)
"""


def kernel(*cells: str) -> list[str]:
    """What comes of cells that run one after the other as in a notebook: an error, or None."""
    code = f"CELLS = {cells!r}\n{KERNEL}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.split("\n") if re.match(r"\d+ \w+ ", line)]


@pytest.mark.slow
def test_in_a_kernel_the_cells_are_read_that_were_run() -> None:
    rule = "check.own_work('conv3d', modules=('torch', 'torch.nn.functional'), never=('conv',))"
    bad = "def conv3d(x, w):\n    return F.conv3d(x, w)"
    said = kernel(
        SETUP, rule, bad, rule, LOOPS, rule, "%pip list\nimport os\ndef conv3d(x, w): return x", rule,
        "def conv3d(x, w): return helper(x)", "def helper(x): return layout.to(x)", rule,
        "def helper(x): return frames.sum()", rule, "def conv3d(x, w): return ready(x)", rule,
    )  # fmt: skip
    rules = [line.split(" ", 1)[1] for line in said if int(line.split()[0]) in (1, 3, 5, 7, 10, 12, 14)]
    assert "no cell that is read defines conv3d" in rules[0]
    assert "In[3], line 2: conv3d is not allowed" in rules[1]
    assert rules[2] == "NoneType None"
    assert "In[7], line 2: the module os is not allowed" in rules[3]
    assert "In[10], line 1: coursekit.layout is not allowed" in rules[4]
    assert rules[5] == rules[6] == "NoneType None"  # values and functions of the course's cells may be used


@pytest.mark.slow
def test_without_a_notebook_the_cells_are_read_that_the_grader_runs() -> None:
    cells = [
        {"id": "setup-1", "kind": "code", "source": SETUP},
        {"id": "task-1", "kind": "solution", "source": "def honest(x):\n    return F.relu(ready(x))"},
        {"id": "task-2", "kind": "solution", "source": "def lazy(x):\n    return F.conv3d(x)"},
    ]
    said = (
        f"check.caught(lambda: check.own_work({name!r}, modules=('torch.nn.functional',), never=('conv',)))"
        for name in ("honest", "lazy")
    )
    tests = [{"id": "test", "kind": "test", "source": f"answers = {{'said': [{', '.join(said)}]}}"}]
    job = json.dumps({"cells": cells, "tests": tests}).encode()
    command = [sys.executable, "-m", "coursekit.grading.sandbox._runner"]
    done = subprocess.run(command, input=job, capture_output=True, check=True)
    (report,) = json.loads(done.stdout)["tests"]
    first, second = check.decode(report["answers"])["said"]
    assert first == "no error" and "task-2, line 2: conv3d is not allowed" in second


def helper_of_this_file(x: torch.Tensor) -> torch.Tensor:
    return F.relu(x)


def honest(x: torch.Tensor) -> torch.Tensor:
    return helper_of_this_file(x)


def lazy(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return F.conv3d(x, w)


@pytest.mark.slow
def test_a_function_of_a_file_is_read_with_its_helpers_alone() -> None:
    modules = ("torch", "torch.nn.functional")
    check.own_work(honest, modules)
    with pytest.raises(Wrong, match=r"helper_of_this_file, line \d+: torch.nn.functional.relu is not"):
        check.own_work(honest, ("torch",))
    with pytest.raises(Wrong, match=r"lazy, line .*conv3d is not allowed"):
        check.own_work(lazy, modules, ("conv",))
    for unread in (lambda x: x, len, "no_such_function"):
        with pytest.raises(Wrong, match=r"cannot be read here\. Define it with `def`"):
            check.own_work(unread, modules)


def test_while_a_judge_looks_at_the_answers_the_rule_has_been_judged() -> None:
    with check.judging():
        check.own_work("no_such_function")


def test_a_cell_that_defines_the_function_is_read_even_if_it_imports_coursekit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell = Text(
        "In[4]", "from coursekit import conv\n\ndef size(n):\n    return conv.output_size(n, 3)\n", True
    )
    monkeypatch.setattr("coursekit.check._source._inputs", lambda: [cell])
    with pytest.raises(Wrong, match=r"In\[4\], line 1: coursekit.conv is not allowed"):
        check.own_work("size")
