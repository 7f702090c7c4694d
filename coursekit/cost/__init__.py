"""The cost of a whole network: parameters, memory, multiply-accumulates and time, predicted and measured.

    from torch import nn
    from coursekit import cost

    account = cost.account(nn.Conv3d(3, 16, kernel_size=3), (1, 3, 100, 224, 224))
    print(account.macs, account.activation_bytes)
    print(cost.measure_module(nn.Conv3d(3, 16, kernel_size=3), (1, 3, 100, 224, 224)).peak_bytes)

`account` predicts parameters, bytes and MACs of any `nn.Module` without running it on data. `measure`
measures the time and memory of a function, `measure_module` those of a network in a process of its own. A
prediction of memory is a lower bound: it counts the result of every operation, but not the temporary memory
inside an operation. On the CPU, a contiguous 3D convolution needs a second copy of its output (oneDNN
computes in channels_last_3d), or, if it is small, its input unfolded to a matrix.

A MAC is one multiply-accumulate: one multiplication and one addition. `account` counts the MACs of
convolutions (also transposed and grouped ones) and of matrix products (linear layers, attention, recurrent
layers). It does not count bias, normalisation, activation, pooling or interpolation.

Source: Lecture 56, 18:07 (the four accounts of one convolution; `coursekit.conv` computes them by formula).
"""

from coursekit.cost._account import Account, LayerAccount, account
from coursekit.cost._measure import Measured, measure
from coursekit.cost._subprocess import measure_module

__all__ = [
    "Account",
    "LayerAccount",
    "Measured",
    "account",
    "measure",
    "measure_module",
]
