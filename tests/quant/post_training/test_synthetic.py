"""Images from the statistics of batch normalisation."""

from __future__ import annotations

import torch
from torch import nn

from twofold.quant.post_training.synthetic import synthesised


def test_images_have_the_statistics_that_the_network_remembers() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6, momentum=None), nn.ReLU())
    seen = 0.3 * torch.rand(64, 2, 8, 8) + torch.linspace(0.1, 0.6, 8)
    network.train()(seen)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = synthesised(network.eval(), (2, 8, 8), count=32)
    noise = torch.rand(32, 2, 8, 8)
    norm = network[1]
    assert isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None
    with torch.no_grad():
        near, far = (
            float((network[0](x).mean((0, 2, 3)) - norm.running_mean).norm()) for x in (images, noise)
        )
    assert images.shape == (32, 2, 8, 8) and 0 <= float(images.min()) <= float(images.max()) <= 1
    assert near < 0.2 * far
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert torch.equal(images, synthesised(network, (2, 8, 8), count=32)), "equal seeds, equal images"
