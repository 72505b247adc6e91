"""As torchvision does it: Pillow decodes, crops and scales; for machines without DALI.

In threads: worker processes outlive a training that fails, and pass images on through shared
memory, of which a container may have little.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future

import numpy as np
import torch
from torch import Tensor

from lottery.data import pictures
from lottery.data.loaders import AHEAD, Crops


def load(
    wanted: Iterator[Crops], largest: int, size: int, device: torch.device, workers: int
) -> Iterator[Tensor]:
    """See `Loader`: the box is scaled, bilinear and antialiased."""
    ahead: deque[list[Future[np.ndarray]]] = deque()
    with pictures.readers(workers) as pool:
        while True:
            while len(ahead) < AHEAD and (crops := next(wanted, None)):
                asked = zip(crops.files, crops.boxes.tolist(), strict=True)
                ahead.append([pool.submit(pictures.crop, *each, side=size) for each in asked])
            if not ahead:
                return
            pixels = torch.from_numpy(np.stack([each.result() for each in ahead.popleft()]))
            yield pixels.to(device).permute(0, 3, 1, 2)
