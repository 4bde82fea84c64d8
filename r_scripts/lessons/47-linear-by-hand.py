"""A linear model by hand, fitted, and exact, from Python."""

# %% [markdown]
# A module of two parameters; the loop is `fit()`, and `fit_table("linear", ...)` is exact.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn

from torchbridge import models

x = torch.arange(10.0)
y = torch.tensor([1, 1.3, 3.1, 2, 5, 6.3, 6.6, 7.4, 8, 9])
standard = ((x - x.mean()) / x.std(correction=0)).unsqueeze(1)


class Line(nn.Module):
    """y = w x + b."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(1))
        self.b = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Each point's y."""
        return self.w * x + self.b


line = Line()
done = models.fit(
    line, standard, y.unsqueeze(1), optimizer="sgd", lr=0.01, epochs=200, batch_size=1, seed=1
)
by_fit = (line.b.item(), line.w.item())
exact = models.fit_table("linear", standard.double(), y.double()).exact.coefficients
print(by_fit, exact)

# %%
plt.scatter(standard, y)
plt.plot(standard, exact[0] + exact[1] * standard, label="exact")
plt.plot(standard, line(standard).detach(), "--", label="fit()")
plt.legend()
plt.title("Ten points, the exact line and the fitted one")
