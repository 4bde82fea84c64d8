# %% [markdown]
# rpy2 starts R; torchbridge stands on it for that. Its objects and ours are taken by both.
#
# | | rpy2 | torchbridge |
# |---|---|---|
# | a package | `importr("stats")` | `tb.package("stats")` |
# | a script | `robjects.r.source(file)`, then look up names | `tb.source(file).name` |
# | an array | `numpy2ri`: element by element for some types | memory speed, all types |
# | a data frame | `pandas2ri`: seconds for a million rows | Arrow: milliseconds |
# | a tensor | no | `tb.to_torch`, `tb.to_r` |
# | an R error | `RRuntimeError` with the last line | `tb.RError` with message and traceback |

# %%
from rpy2 import robjects

import torchbridge as tb

x = robjects.r("matrix(c(1, 2, 3, 4), 2)")
print(tb.to_numpy(x))
print(tb.to_torch(x))

# %% [markdown]
# As a converter it makes rpy2's own functions take tensors and frames.

# %%
import torch

with (robjects.default_converter + tb.converter).context():
    print(robjects.r["sum"](torch.tensor([1.0, 2.0])))
