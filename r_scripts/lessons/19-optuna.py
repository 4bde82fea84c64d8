"""Looking for good settings, from Python."""

# %% [markdown]
# Optuna itself, and `tune`, which searches the options of a network with it.

# %%
import optuna
import torch

from torchbridge.models import tune

optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=10))
study.optimize(lambda trial: (trial.suggest_float("x", -10, 10) - 2) ** 2, n_trials=100)
print(study.best_params, study.best_value)

# %%
generator = torch.Generator().manual_seed(1)
x = torch.randn(80, 2, generator=generator)
y = x[:, 0] ** 2 + x[:, 1]
found = tune(
    "mlp",
    {"hidden": [[4], [16]], "lr": [0.001, 0.03]},
    x,
    y,
    sampler="grid",
    pruner="none",
    fit_options={"epochs": 20},
    seed=1,
)
for trial in found.trials:
    print(trial["hidden"], trial["lr"], trial["value"])
print(found)
