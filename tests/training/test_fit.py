import csv

import torch
from torch import nn

from training.fit import Recipe, fit

RECIPE = Recipe(learning_rate=0.3, batch=4, warmup=5, ema=0.9)


def line():
    torch.manual_seed(0)
    return nn.Linear(1, 1)


def loss_for(network):
    def loss(step):
        x = torch.randn(4, 1, generator=torch.Generator().manual_seed(step))
        return (network(x) - (3 * x + 1)).square().mean()

    return loss


def test_it_learns_logs_and_keeps_the_average(tmp_path):
    network = line()  # its weight is wanted at 3
    run = fit(network, loss_for(network), RECIPE, tmp_path, minutes=0.03)
    assert abs(run.ema.network.weight.item() - 3) < abs(line().weight.item() - 3) / 2
    assert run.progress.seen["fit"] == 4 * run.progress.step > 0
    rows = list(csv.reader((tmp_path / "log.csv").open()))
    assert int(rows[-1][0]) == run.progress.step


def test_a_run_goes_on_where_it_stopped(tmp_path):
    network = line()
    first = fit(network, loss_for(network), RECIPE, tmp_path, minutes=0.01)
    steps, seconds = first.progress.step, first.progress.seconds["fit"]

    def never(step):
        raise AssertionError("its time is up")

    resumed = fit(line(), never, RECIPE, tmp_path, minutes=0.01)
    assert resumed.progress.step == steps
    assert torch.equal(resumed.ema.network.weight, first.ema.network.weight)
    seen = []
    network = line()
    longer = fit(network, lambda step: (seen.append(step), loss_for(network)(step))[1], RECIPE, tmp_path, minutes=0.02)
    assert seen[0] == steps and longer.progress.seconds["fit"] > seconds
