"""What a whole network costs: predicted from its shapes, and measured beside it.

`account` predicts, for any `nn.Module` and without running it on data: parameters, bytes, MACs. `measure`
tells what a function really took, `measure_module` what a network took in a process of its own. A prediction
of memory is a lower bound: it knows the result of every operation, but not what an operation takes for itself
on the way. On the CPU that is, for a contiguous 3D convolution, a second copy of its output (oneDNN computes
in channels_last_3d) or, for a small one, its input unfolded to a matrix.

A MAC is one multiply-accumulate: one multiplication and one addition. Counted are the MACs of convolutions
(transposed and grouped ones too), matrix products (linear layers, attention, recurrent layers) and nothing
else: no bias, normalisation, activation, pooling or interpolation.

Source: Lecture 56, 18:07 (the four accounts of one convolution; `coursekit.conv` has them in closed form).
"""

from coursekit.cost._account import Account, Layer, account
from coursekit.cost._measure import Measured, measure
from coursekit.cost._subprocess import measure_module

__all__ = [
    "Account",
    "Layer",
    "Measured",
    "account",
    "measure",
    "measure_module",
]
