"""How every network here is trained: AdamW, one cycle of the rate, a line every fifth epoch."""
from typing import Callable, Iterable

import numpy as np
import torch


def descend(name: str, parameters: Iterable, order: Callable[[], np.ndarray], cost: Callable[[np.ndarray], torch.Tensor],
            epochs: int, batch: int, rate: float, decay: float = 0.02) -> None:
    """`order()` is an epoch's order of the clips, `cost(index)` the loss of a batch of them."""
    steps = len(order()) // batch
    optimiser = torch.optim.AdamW(parameters, rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps, pct_start=0.2)
    for epoch in range(epochs):
        now, total = order(), 0.0
        for i in range(steps):
            loss = cost(now[i * batch : (i + 1) * batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        if epoch % 5 == 4:
            print(f"{name} epoch {epoch + 1}: loss {total / steps:.3f}", flush=True)
