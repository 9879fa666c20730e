#!/usr/bin/env python3
"""Makes tests/testdata/torch/{zip,legacy}.pth with PyTorch, which the tests do not need."""

import collections
import pathlib

import torch

OUT = pathlib.Path(__file__).parent / "torch"
OUT.mkdir(exist_ok=True)
values = torch.arange(24, dtype=torch.float32) / 2
state = collections.OrderedDict(
    float=values[:6].reshape(2, 3),
    transposed=values[6:12].reshape(2, 3).t(),  # strides other than those of its shape
    tail=values[20:],                           # in the middle of a shared storage
    parameter=torch.nn.Parameter(torch.tensor([[1.0], [-2.0]])),
    double=torch.tensor([1e300], dtype=torch.float64),
    half=torch.tensor([0.5, -1.5], dtype=torch.float16),
    bfloat=torch.tensor([0.5, -1.5, 3.140625], dtype=torch.bfloat16),
    counter=torch.tensor(7, dtype=torch.int64),
    bytes=torch.tensor([0, 255], dtype=torch.uint8),
    flags=torch.tensor([True, False]),
    empty=torch.zeros(0, 4))
torch.save(state, OUT / "zip.pth")
torch.save({"state_dict": {"module." + name: value for name, value in state.items()}, "epoch": 3},
           OUT / "legacy.pth", _use_new_zipfile_serialization=False)
