"""The mean of two networks of the same shape, one of which went on from the other.

    python -m training.blend FIRST SECOND SHARE MADE

writes to MADE what has SHARE of the weights of FIRST and the rest of SECOND. Between two
ends of one training the mean is as good as either, and steadier (Izmailov et al.,
"Averaging weights leads to wider optima and better generalization", 2018).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper


def blend(first: Path, second: Path, share: float, made: Path) -> None:
    one, other = onnx.load(str(first)), onnx.load(str(second))
    beside = {
        each.name: numpy_helper.to_array(each) for each in other.graph.initializer
    }
    for each in one.graph.initializer:
        mine = numpy_helper.to_array(each)
        if mine.shape != beside[each.name].shape:
            raise ValueError("these networks are not of one shape")
        mean = share * mine + (1 - share) * beside[each.name]
        each.CopyFrom(numpy_helper.from_array(np.asarray(mean, mine.dtype), each.name))
    onnx.save(one, str(made))


if __name__ == "__main__":
    blend(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
