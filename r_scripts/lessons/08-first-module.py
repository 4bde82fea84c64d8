"""A first network, from Python."""

# %% [markdown]
# The same two layers. `state_dict()` is all weights by name, and goes to R as matrices.

# %%
import torch
from torch import nn

import torchbridge as tb

net = nn.Sequential(
    nn.Linear(2, 3, bias=False), nn.Sigmoid(), nn.Linear(3, 1, bias=False), nn.Sigmoid()
)
n_parameters = sum(p.numel() for p in net.parameters())
print(n_parameters)

# %%
x = torch.tensor([[1.0, 2], [3, 4], [5, 6]])
with torch.no_grad():
    weight = [[-0.072235, -0.075713], [-0.224736, -0.163281], [-0.121568, -0.225592]]
    net[0].weight.copy_(torch.tensor(weight))
    without_bias = net[0](x)
    by_hand = x @ net[0].weight.T
print(without_bias)
print({name: tb.to_r(w).dim for name, w in net.state_dict().items()})

# %%
layer = nn.Linear(2, 3)
layer.load_state_dict(
    {
        "weight": torch.tensor([[0.0837, -0.5985], [-0.6104, 0.1347], [0.0889, -0.2483]]),
        "bias": torch.tensor([0.1729, -0.2470, -0.1615]),
    }
)
with_bias = layer(x).detach()
print(with_bias)
