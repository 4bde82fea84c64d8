# %% [markdown]
# Functions of R's take pandas, polars and Arrow tables as they are and give pandas'; `tb.to_frame`
# makes any of them of an R data frame, `tb.to_r` an R data frame of any of them.

# %%
from rpy2 import robjects

import torchbridge as tb

iris = robjects.r("head(iris, 3)")
print(tb.to_frame(iris))
print(tb.to_frame(iris, kind="polars"))

# %%
frame = tb.package("datasets").iris
print(type(frame).__name__, tb.package("base").colMeans(frame.iloc[:, :4]))
