"""Three ways to write a network, from Python."""

# %% [markdown]
# A list of layers, layers added, a `forward()`: at the same weights the same answers.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import safetensors.torch
import torch
from torch import nn

by_list = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 32), nn.ReLU())
by_adding = nn.Sequential()
for place, layer in enumerate([nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 32), nn.ReLU()]):
    by_adding.add_module(str(place), layer)


class MyModel(nn.Module):
    """Two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(4, 16)
        self.out = nn.Linear(16, 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One after the other."""
        return self.out(self.hidden(x).relu()).relu()


nets = [by_list, by_adding, MyModel()]
counts = [sum(p.numel() for p in net.parameters()) for net in nets]
for net in nets[1:]:
    for mine, first in zip(net.parameters(), by_list.parameters(), strict=True):
        mine.data.copy_(first.data)
x = torch.randn(5, 4)
same = [torch.equal(net(x), by_list(x)) for net in nets]
print(counts, same)

# %% [markdown]
# Noise while training, none afterwards; its weights as safetensors, which no code comes with.

# %%


class NoisyLinear(nn.Module):
    """A linear layer whose inputs are noisy in training."""

    def __init__(self, inputs: int, outputs: int, noise: float = 0.1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise = noise

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """With noise or without."""
        if self.training:
            x = x + self.noise * torch.randn_like(x)
        return x @ self.weight + self.bias


noisy = NoisyLinear(1, 1)
at = torch.linspace(-1, 1, 40).unsqueeze(1)
training = noisy(at).detach()
evaluating = noisy.eval()(at).detach()
file = Path(tempfile.mkdtemp()) / "noisy.safetensors"
safetensors.torch.save_file(noisy.state_dict(), file)
again = NoisyLinear(1, 1).eval()
again.load_state_dict(safetensors.torch.load_file(file))
restored = again(at).detach()
plt.plot(at, training, ".", label="train()")
plt.plot(at, evaluating, label="eval()")
plt.legend()
plt.title("One layer in two modes")

# %% [markdown]
# A lazy layer has no weights before it has seen what comes in.

# %%
lazy = nn.Sequential(nn.LazyLinear(16), nn.ReLU(), nn.Linear(16, 32))
waits = isinstance(lazy[0].weight, nn.parameter.UninitializedParameter)
lazy(torch.zeros(2, 4))
shapes = [tuple(p.shape) for p in lazy.parameters()]
print(waits, shapes)
