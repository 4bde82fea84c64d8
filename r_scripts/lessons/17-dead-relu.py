"""Dead units, from Python."""

# %% [markdown]
# Which share of a layer's units gets no gradient from any row? A hook after each ReLU sees it.

# %%
import torch
from torch import nn

from torchbridge.models import mlp


def share_without_gradient(net, x, y):
    """For each ReLU the share of units whose gradient is 0 for all rows."""
    outputs = []
    hooks = [
        layer.register_forward_hook(lambda layer, inputs, output: outputs.append(inputs[0]))
        for layer in net
        if isinstance(layer, nn.ReLU)
    ]
    loss = nn.functional.mse_loss(net(x), y)
    gradients = torch.autograd.grad(loss, outputs)
    for hook in hooks:
        hook.remove()
    return [(gradient == 0).all(0).float().mean().item() for gradient in gradients]


torch.manual_seed(1)
x, y = torch.rand(100, 2), torch.rand(100, 1)
net = mlp(2, [8, 4], 1, seed=1)
alive = share_without_gradient(net, x, y)
with torch.no_grad():
    net[0].bias[:6] = -100
dead = share_without_gradient(net, x, y)
print(alive, dead)

# %% [markdown]
# With positive inputs the gradients of a unit's weights share one sign.

# %%
w = torch.zeros(2, requires_grad=True)
errors = (x @ w - y[:, 0]) ** 2 / 2
signs = torch.stack([torch.autograd.grad(e, w, retain_graph=True)[0].sign() for e in errors])
print((signs[:, 0] == signs[:, 1]).all().item())
