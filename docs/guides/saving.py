# %% [markdown]
# A table fit is text and safetensors bytes: no pickle.

# %%
import torchbridge as tb
from torchbridge import models

cars = tb.package("datasets").mtcars
x, y = cars[["wt", "hp"]].to_numpy(), cars["mpg"].to_numpy()
fit = models.fit_table("mlp", x, y, fit_options={"epochs": 20, "seed": 1})
again = models.load_table(fit.spec_json, fit.weights)
print(len(fit.weights), "bytes;", again.predict(x)[:2] == fit.predict(x)[:2])
