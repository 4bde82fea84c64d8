"""The gradient tape, from Python."""

# %% [markdown]
# The same three gradients and the same step.

# %%
import torch

w = torch.tensor(1.0, requires_grad=True)
b = torch.tensor(0.5, requires_grad=True)
x = torch.tensor(1.4, requires_grad=True)
loss = (2.1 - (w * x + b)) ** 2
gradients = torch.autograd.grad(loss, [w, b, x], retain_graph=True)
print(gradients)
optimizer = torch.optim.SGD([w, b], lr=0.01)
loss.backward()
optimizer.step()
print(w.item(), b.item())
