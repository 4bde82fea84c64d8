"""The EM algorithm, from Python."""

# %% [markdown]
# Gene linkage: the step in closed form, and the slope of the likelihood at its limit.

# %%
import matplotlib.pyplot as plt
import torch

import torchbridge as tb
from torchbridge.models import GaussianMixture, fit_mixture


def log_lik(t):
    """Log-likelihood of 125, 18, 20 and 34 animals, without its constant."""
    return 125 * torch.log(2 + t) + 38 * torch.log(1 - t) + 34 * torch.log(t)


theta = [0.5]
for _ in range(30):
    split = 125 * theta[-1] / (2 + theta[-1])
    theta.append((split + 34) / (split + 72))
value, slope = tb.autograd.value_and_grad(lambda t: log_lik(t).sum(), [theta[-1]])
print(theta[1:5], theta[-1], slope)

# %% [markdown]
# Old Faithful's waits come from R. `fit_mixture` has EM, and descent on the same likelihood.

# %%
tb.start()
import rpy2.robjects as ro  # noqa: E402  (once R has been found)

waits = tb.to_torch(ro.r("faithful$waiting"))
start = GaussianMixture(
    weights=torch.tensor([0.5, 0.5], dtype=torch.float64),
    means=torch.tensor([[50.0], [80]], dtype=torch.float64),
    covariances=torch.tensor([[[25.0]], [[25]]], dtype=torch.float64),
    log_likelihoods=[],
    df=5,
    converged=False,
)
em, descent = (fit_mixture(waits, 2, method=m, start=start) for m in ("em", "gradient"))
for fit in (em, descent):
    print(fit.weights[0].item(), fit.means.flatten(), fit.covariances.flatten().sqrt())

# %%
plt.plot(em.log_likelihoods, "o-")
plt.xlabel("Step")
plt.title("Every step climbs")
