"""core/fork.c, process/forks.py: a child works on, whoever forked, with threads in use before."""

from __future__ import annotations

import subprocess
import sys

import pytest

R_FORKS = """
library(torchbridge)
torch_set_num_threads(2)
x <- torch_ones(400, 400)
product <- function() as.numeric(torch_matmul(x, x)$sum())
gradient <- function() {
  net <- nn_linear(400, 1)
  net(x)$sum()$backward()
  as.numeric(net$bias$grad)
}
loss <- function() {
  fit <- torch_fit(mpg ~ wt, mtcars, mlp(8), epochs = 2, verbose = FALSE, seed = 1)
  all(is.finite(fit$history$train_loss))
}
invisible(product())
for (f in list(product, gradient, loss)) {
  job <- parallel::mcparallel(f())
  result <- parallel::mccollect(job, wait = FALSE, timeout = 60)
  if (is.null(result)) tools::pskill(job$pid, tools::SIGKILL)
  cat(format(result[[1]]), "")
}
cat(unlist(parallel::mclapply(1:4, function(i) as.numeric((x * i)$mean()), mc.cores = 2)), "")
cat(torch_get_num_threads(), product(), system("exit 3"))
"""

PYTHON_FORKS = """
import multiprocessing, os, threading, time, torch
import torchbridge as tb
torch.set_num_threads(2)
x = torch.ones(400, 400)
def product(connection=None):
    found = (x @ x).sum().item()
    if connection:
        connection.send((found, torch.get_num_threads(), script.twice(2)))
    return found
script = tb.source(text='''
twice <- function(x) 2 * x
fork <- function(f) parallel::mccollect(parallel::mcparallel(f()), wait = FALSE, timeout = 60)[[1]]
''')
product()
# Whoever holds Python's lock at R's fork is not in the child.
threading.Thread(target=lambda: [time.sleep(0) for _ in iter(int, 1)], daemon=True).start()
context = multiprocessing.get_context("fork")
mine, other = context.Pipe()
child = context.Process(target=product, args=(other,))
child.start()
print(mine.poll(60) and mine.recv())
child.kill()
print([script.fork(product) for _ in range(3)], torch.get_num_threads(), script.twice(2))
os._exit(0)
"""


@pytest.mark.parametrize(
    ("command", "output"),
    [
        (["Rscript", "-e", R_FORKS], "6.4e+07 400 TRUE 1 2 3 4 2 6.4e+07 3"),
        (
            [sys.executable, "-u", "-c", PYTHON_FORKS],
            "(64000000.0, 1, 4.0)\n[64000000.0, 64000000.0, 64000000.0] 2 4.0\n",
        ),
    ],
    ids=["R", "Python"],
)
def test_forked_children_work(environment, command, output):
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert (ended.returncode, ended.stdout) == (0, output), ended.stderr
