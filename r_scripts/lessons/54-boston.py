"""Regression on Boston's houses, from Python."""

# %% [markdown]
# R has the data: `MASS::Boston` comes as a pandas data frame.

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Lasso, LinearRegression, RANSACRegressor
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

import torchbridge as tb
from torchbridge import models

tb.start()
from rpy2 import robjects  # noqa: E402

boston = tb.to_frame(robjects.r("MASS::Boston"))
rooms, prices = boston[["rm"]].to_numpy(), boston["medv"].to_numpy()
print(boston.shape)

# %% [markdown]
# Least squares by torchbridge is R's `lm()`; RANSAC by scikit-learn leaves outliers out.

# %%
exact = models.fit_table("linear", rooms, prices).exact
intercept, slope = exact.coefficients.tolist()
ransac = RANSACRegressor(
    LinearRegression(),
    max_trials=100,
    min_samples=50,
    loss="absolute_error",
    residual_threshold=5.0,
    random_state=0,
).fit(rooms, prices)
robust = [ransac.estimator_.intercept_, *ransac.estimator_.coef_]
print([intercept, slope], robust)

# %% [markdown]
# All thirteen columns, on the rows that scikit-learn draws.

# %%
columns = boston.drop(columns="medv").to_numpy()
x, x_test, y, y_test = train_test_split(columns, prices, test_size=0.3, random_state=0)


def errors(predict):
    """Mean squared error and R squared, of training and test rows."""
    pairs = [(y, predict(x)), (y_test, predict(x_test))]
    return [measure(*pair) for measure in (mean_squared_error, r2_score) for pair in pairs]


found = errors(models.fit_table("linear", x, y).predict)
print(np.round(found, 3), np.round(errors(LinearRegression().fit(x, y).predict), 3))
lasso = Lasso(alpha=0.1).fit(x, y)
dropped = boston.columns[:-1][lasso.coef_ == 0].tolist()
print(dropped)

# %%
plt.scatter(rooms, prices, s=8, color="grey")
plt.axline((0, intercept), slope=slope, label="least squares")
plt.axline((0, robust[0]), slope=robust[1], color="#D55E00", label="RANSAC")
plt.xlim(3.5, 9)
plt.ylim(0, 52)
plt.legend()
plt.title("Rooms and prices")
