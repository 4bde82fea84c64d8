"""Classes, in Python."""

# %% [markdown]
# A property without a setter is read-only; a leading underscore says "private".

# %%
import torch
from torch import nn


class Student:
    """A student with two scores."""

    def __init__(self, midterm, final):
        self.midterm = midterm
        self.final = final

    def total(self):
        """Both scores together."""
        return self.midterm + self.final

    @property
    def average(self):
        """The mean of both scores."""
        return self.total() / 2


class NamedStudent(Student):
    """A student whose name is private."""

    def __init__(self, name, midterm, final):
        super().__init__(midterm, final)
        self._name = name

    def __repr__(self):
        return f"{self._name} has {self.average} on average"


first, second, third = Student(35, 23), Student(80, 56), NamedStudent("Bomi", 80, 80)
print(first.total(), second.total(), second.average)
print(third)
try:
    first.average = 100
except AttributeError as error:
    print(error)

# %% [markdown]
# A module is such a class. Parameters that are put into `self` are what it learns.


# %%
class Line(nn.Module):
    """A straight line."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(0.6))
        self.start = nn.Parameter(torch.tensor(10.0))

    def forward(self, midterm):
        """The final score that goes with a midterm score."""
        return self.start + self.slope * midterm


line = Line()
print([name for name, _ in line.named_parameters()], line(torch.tensor([35.0, 80])))
