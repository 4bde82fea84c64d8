"""Boston's housing data through the bridge, with Python as the host.

R functions (r_scripts/prep.R) prepare the data, PyTorch trains a network on it, R fits
the linear model to compare it with and draws a ggplot, and matplotlib draws a figure
of its own.

From the repository's root: python r_scripts/demo.py
Prints a table of test errors and writes output/demo-py-ggplot.png and
output/demo-py-matplotlib.png.
"""

import time
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

import torchbridge as tb
from torchbridge import models

matplotlib.use("Agg")  # to files, also where there is a screen

SEED = 2026
OUTPUT = Path("output")
# Two of Okabe and Ito's colours, which colour-blind readers can tell apart.
BLUE, ORANGE = "#0072B2", "#D55E00"


def main() -> None:
    """Prepare in R, train in PyTorch, compare and draw in both."""
    # R prepares: its list arrives as a dict of NumPy arrays and data frames.
    prep = tb.source("r_scripts/prep.R")
    boston = prep.prepare_boston(seed=SEED)
    n_features = boston["x_train"].shape[1]
    print(
        f"Boston: {len(boston['x_train'])} tracts to train on, "
        f"{len(boston['x_valid'])} to validate, {len(boston['x_test'])} to test; "
        f"{n_features} features"
    )

    # PyTorch trains, on the GPU when there is one.
    network = models.mlp(n_features, [64, 32], 1, seed=SEED)
    start = time.perf_counter()
    fit = models.fit(
        network,
        float32(boston["x_train"]),
        float32(boston["y_train"]),
        validation=(float32(boston["x_valid"]), float32(boston["y_valid"])),
        epochs=200,
        lr=0.003,
        optimizer="adamw",
        weight_decay=0.1,
        seed=SEED,
    )
    seconds = time.perf_counter() - start
    valid_loss = fit.history["valid_loss"]
    print(
        f"Trained {len(valid_loss)} epochs on {fit.device.type} in {seconds:.1f} s; "
        f"validation loss from {valid_loss[0]:.1f} to {valid_loss[-1]:.1f}"
    )

    # R takes data frames back, and returns a vector, a data frame, a picture.
    predictions = pd.DataFrame(
        {
            "observed": boston["y_test"],
            "network": fit.predict(float32(boston["x_test"])).numpy().ravel(),
            "lm": prep.predict_lm(boston["train"], boston["test"]),
        }
    ).astype(float)
    print("\nErrors on the test tracts, $1000s:")
    errors = prep.error_table(predictions)
    print(errors.to_string(index=False, float_format="%.2f"))

    ggplot_file = str(OUTPUT / "demo-py-ggplot.png")
    prep.plot_fit(pd.DataFrame(fit.history), predictions, ggplot_file)
    matplotlib_file = OUTPUT / "demo-py-matplotlib.png"
    plot_residuals(predictions, matplotlib_file)
    print(f"\nWrote {ggplot_file} and {matplotlib_file}")


def float32(x: np.ndarray) -> torch.Tensor:
    """R's doubles as the network takes them."""
    return tb.to_torch(x, dtype=torch.float32)


def plot_residuals(predictions: pd.DataFrame, file: Path) -> None:
    """Draw how far each model is off, by home value: where lm bends away from it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(
        1, 2, figsize=(9, 4), sharex=True, sharey=True, layout="constrained"
    )
    observed = predictions["observed"]
    for axis, name, colour in zip(axes, ["network", "lm"], [BLUE, ORANGE], strict=True):
        error = predictions[name] - observed
        axis.axhline(0, color="0.5", linewidth=1, linestyle="--")
        axis.scatter(observed, error, s=18, alpha=0.6, color=colour, linewidths=0)
        axis.set_title(f"{name}: mean absolute error {error.abs().mean():.2f}")
        axis.set_xlabel(r"Observed median home value, \$1000s")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel(r"Predicted minus observed, \$1000s")
    figure.savefig(file, dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    main()
