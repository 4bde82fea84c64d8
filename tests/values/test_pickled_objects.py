"""values/pickled_objects.py: R functions that R has given to Python go to other processes."""

from __future__ import annotations

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import torchbridge as tb

SCRIPT = """
times <- function(k) function(x, by = 1) x * k * by
total <- function() sum
with_connection <- function() {
  connection <- textConnection("a")
  function() readLines(connection)
}
of_the_workspace <- function() {
  assign("tb_offset", 5, globalenv())
  assign("tb_shifted", function(x) x + tb_offset, globalenv())
  f <- function(x, f = tb_shifted) f(x) / 2
  environment(f) <- globalenv()
  f
}
forget <- function() rm("tb_offset", "tb_shifted", envir = globalenv())
set <- function(value) assign("tb_offset", value, globalenv())
apply_to <- function(f, x) f(x)
of_a_package <- function() { f <- function(x) splines::bs(x); environment(f) <- globalenv(); f }
with_tensor <- function(x) { force(x); function() x }
"""


@pytest.fixture(scope="module")
def script(r):
    return tb.source(text=SCRIPT)


def test_a_closure_has_what_is_around_it(script):
    f = pickle.loads(pickle.dumps(script.times(3.0)))
    assert f(np.arange(3.0)).tolist() == [0, 3, 6] and f(2, by=2) == 12
    assert script.apply_to(f, 4) == 12
    assert copy.deepcopy(f)(1) == 3
    assert pickle.loads(pickle.dumps(script.total()))(1, 2) == 3


def test_variables_of_the_workspace_come_along(script):
    f = script.of_the_workspace()
    data = pickle.dumps(f)
    script.set(7.0)
    assert pickle.loads(data)(1) == 4  # the workspace's own is not touched
    script.forget()
    assert pickle.loads(data)(1) == 3
    script.of_the_workspace()
    script.forget()
    script.set(9.0)
    assert pickle.loads(data)(1) == 3  # what an older pickle brought is
    script.forget()


def test_what_only_this_process_has_is_an_error(script):
    with pytest.raises(pickle.PicklingError, match="cannot be pickled: it holds an external poin"):
        pickle.dumps(script.with_connection())


def test_tensors_in_a_function_come_along(script):
    import torch

    f = pickle.loads(pickle.dumps(script.with_tensor(tb.handle(torch.tensor([1.0, 2.0])))))
    assert f().tolist() == [1, 2]


def test_a_pickle_read_on_another_thread_is_made_when_used(script):
    data = pickle.dumps(script.times(2.0))
    with ThreadPoolExecutor(1) as pool:
        f = pool.submit(pickle.loads, data).result()
        assert f(4) == 8 and script.apply_to(f, 1) == 2
        assert str(f.__signature__) == "(x, by=1)"
        assert pickle.loads(pickle.dumps(f))(3) == 6
        called = pool.submit(f, 5)
        tb.serve(called)
        assert called.result() == 10


def test_another_thread_pickles_while_r_s_runs_python_code(script):
    f = script.times(2.0)
    done = []
    thread = threading.Thread(target=lambda: done.append(pickle.dumps(f)))
    thread.start()
    while thread.is_alive():  # as joblib waits
        thread.join(0.01)
    assert pickle.loads(done[0])(1) == 2


def test_a_pool_of_processes_calls_them(script):
    joblib = pytest.importorskip("joblib", reason="needs joblib")
    from joblib.externals.loky import get_reusable_executor

    call = joblib.delayed(script.of_the_workspace())
    try:
        assert joblib.Parallel(n_jobs=2)(call(x) for x in (1.0, 3.0)) == [3, 4]
    finally:
        get_reusable_executor().shutdown(wait=True)
        script.forget()
