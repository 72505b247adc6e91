"""What changes while a network trains: a checkpoint holds it, a resumed training restores it."""

import time

import torch
from torch import nn

from lottery.training.checkpoints import Checkpoints
from lottery.training.distributed import World
from lottery.training.divergence import check_losses, check_weights
from lottery.training.optimizers import Optimizer
from lottery.training.statistics import EpochStatistics, Result


class State:
    """The state of one training; each process of a world holds its part.

    It determines the rest of the training, so that a resumed one ends with the same bits.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        device: torch.device,
        world: World,
        update: int,
        result: Result,
    ) -> None:
        self.update = update
        """How many updates are done, including those that a continued schedule skips."""
        self.result = result
        self.epoch = EpochStatistics(device)
        self._model, self._optimizer = model, optimizer
        self._device, self._world = device, world
        self._started = time.monotonic()

    def keep_early(self) -> None:
        """Copy the network if a W_k is due after this update; in the first process only."""
        due = any(point.updates == self.update for point in self.result.points)
        if due and self._world.rank == 0:
            self.result.early[self.update] = {
                name: value.detach().to("cpu", copy=True).contiguous()
                for name, value in self._model.state_dict().items()
            }

    def save(self, checkpoints: Checkpoints) -> None:
        """Save a checkpoint of all processes, which call this together.

        Raises: LotteryError if the training has diverged: its checkpoint would be useless.
        """
        epoch, result = self.epoch, self.result
        totals = epoch.totals(self._world)
        check_losses(totals.losses, self.update, checkpoints)
        check_weights(self._model, self.update, checkpoints)
        inputs = self.total_inputs()
        if self._world.rank == 0:
            spent = (time.monotonic() - self._started) * self._world.size
            content = {
                "update": self.update,
                "model": self._model.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "early": result.early,
                "inputs": inputs,
                "earlier": result.earlier + spent,
                "epochs": result.epochs,
                "epoch": {
                    "losses": torch.tensor(totals.losses, dtype=torch.float64),
                    "correct": totals.correct,
                    "evaluated": totals.evaluated,
                    "seconds": epoch.seconds(),
                    "waited": epoch.waiting.seconds(),
                },
            }
            checkpoints.save(self.update, content)
        self._world.all_reduce_max(0)  # no process continues, or ends, before it is saved
        checkpoints.saved()

    def restore(self, checkpoints: Checkpoints) -> None:
        """Restore the newest checkpoint, if there is one.

        The first process reads it and takes over the counts of all processes; the others get the
        optimizer's state here, and the weights when the network is wrapped.
        """
        saved = checkpoints.newest() if self._world.rank == 0 else None
        shared = None
        if saved:
            shared = saved["update"], saved["optimizer"], len(saved["epoch"]["losses"])
        shared = self._world.broadcast(shared)
        if shared is None:
            return
        self.update, optimizer, updates = shared
        self._optimizer.load_state_dict(optimizer)
        if saved is None:  # not the first process
            self.epoch.losses = [torch.zeros((), device=self._device) for _ in range(updates)]
            return
        self._model.load_state_dict(saved["model"])
        self.result.early, self.result.epochs = saved["early"], saved["epochs"]
        self.result.inputs, self.result.earlier = saved["inputs"], saved["earlier"]
        epoch = saved["epoch"]
        self.epoch = EpochStatistics(self._device, epoch["seconds"], epoch["waited"])
        self.epoch.losses = list(epoch["losses"].to(self._device))
        self.epoch.correct, self.epoch.evaluated = epoch["correct"], epoch["evaluated"]

    def total_inputs(self) -> int:
        """The network inputs of all processes, which call this together."""
        return int(self._world.all_reduce_sum(torch.tensor(self.result.inputs)))
