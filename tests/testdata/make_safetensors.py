#!/usr/bin/env python3
"""Makes tests/testdata/safetensors/reference.safetensors with the safetensors package."""

import pathlib

import numpy
import safetensors.numpy

OUT = pathlib.Path(__file__).parent / "safetensors"
OUT.mkdir(exist_ok=True)
safetensors.numpy.save_file(
    {
        "weight": (numpy.arange(6, dtype=numpy.float32) / 2).reshape(2, 3),
        "half": numpy.array([1, -2], dtype=numpy.float16),
        "scalar": numpy.array(3.0, dtype=numpy.float64),
        "empty": numpy.zeros((0, 4), dtype=numpy.float32),
    },
    OUT / "reference.safetensors", {"made by": "the safetensors package"})
