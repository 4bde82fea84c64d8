"""Forward propagation, from Python."""

# %% [markdown]
# A module with given weights. R draws them, so that they are the very numbers of the lesson.

# %%
import torch
from torch import nn

import torchbridge as tb

tb.start()
import rpy2.robjects as ro  # noqa: E402  (once R has been found)

drawn = tb.to_torch(ro.r("{ set.seed(1234); runif(21) }"))
beta, gamma = drawn[12:18].view(3, 2), drawn[18:21].view(1, 3)


class Network(nn.Module):
    """Two inputs, three hidden nodes, one output; a sigmoid after each layer, no bias."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 3, bias=False, dtype=torch.float64)
        self.output = nn.Linear(3, 1, bias=False, dtype=torch.float64)

    def forward(self, x):
        """The network's answer, a row for each row of x."""
        return torch.sigmoid(self.output(torch.sigmoid(self.hidden(x))))


# %%
net = Network()
net.load_state_dict({"hidden.weight": beta, "output.weight": gamma})
x = torch.tensor([[1.0, 2], [3, 4], [5, 6]], dtype=torch.float64)
answer = net(x).detach()
print(answer)
