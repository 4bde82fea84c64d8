"""to_python.c, to_r.c: R calls Python, Python calls R: what arrives, in which order, and how deep it goes."""

from __future__ import annotations

import threading
import time

import pytest

from torchbridge import RError

# ---- R calls Python ----


def test_arguments_arrive_by_position_and_by_name(r):
    def show(*args, **kwargs):
        return repr((args, kwargs))

    f = r("function(show) show(1L, b = TRUE, 'two', a = NULL, c(x = 1))")
    assert f(show) == repr(((1, "two", 1.0), {"b": True, "a": None}))


@pytest.mark.parametrize("n", [0, 1, 13, 14, 15, 16, 17, 100, 3000])
def test_any_number_of_arguments(r, n):
    f = r("function(f, n) do.call(f, c(as.list(seq_len(n)), list(last = 'l')))")
    assert f(lambda *args, last: [len(args), sum(args), last], n) == [n, n * (n + 1) // 2, "l"]


def test_an_empty_name_is_no_name(r):
    assert r("function(f) f(b = 2L, 1L)")(lambda x, b: x * 10 + b) == 12


def test_names_beyond_ascii_in_any_encoding(r):
    def keys(**kwargs):
        return list(kwargs)

    utf8 = r(r"function(f) do.call(f, structure(list(1), names = 'h\u00f6he'))")
    latin1 = r(
        r"function(f) do.call(f, structure(list(1), names = iconv('h\u00f6he', 'UTF-8', 'latin1')))"
    )
    assert utf8(keys) == latin1(keys) == "höhe"


def test_an_attribute_name_in_latin1(in_r):
    ended = in_r(
        r"""
name <- iconv("h\u00f6he", "UTF-8", "latin1")
stopifnot(Encoding(name) == "latin1")
cat(calls$thing[[name]])
""",
        "class Thing: pass\nthing = Thing()\nsetattr(thing, 'h\\u00f6he', 7)\n",
    )
    assert (ended.returncode, ended.stdout) == (0, "7"), ended.stderr


def test_a_keyword_given_twice_is_pythons_error(r):
    with pytest.raises(TypeError, match="multiple values"):
        r("function(f) f(a = 1, a = 2)")(lambda a: a)


def test_wrong_arguments_of_the_entries_are_r_errors(in_r):
    ended = in_r(
        """
native <- torchbridge:::native()
message_of <- function(expression) tryCatch({ expression; "none" }, error = conditionMessage)
cat(
  message_of(.Call(native$call, 1, list())),
  message_of(.Call(native$getattr, torch, c("a", "b"))),
  message_of(.Call(native$getattr, torch, NA_character_)),
  message_of(.Call(native$import, NULL)),
  message_of(.Call(native$import, "no.such.module")),
  message_of(unserialize(serialize(torch, NULL))$ones),
  .Call(native$call, attr(calls$subtract, "torchbridge_handle"), structure(list(7L, 2L), names = c(NA, "b"))),
  sep = "\\n"
)
""",
        "def subtract(a, b): return a - b",
    )
    assert ended.returncode == 0, ended.stderr
    first, second, third, fourth, fifth, sixth, last = ended.stdout.splitlines()
    assert "expected a Python object" in first
    assert "one string" in second and "one string" in third and "one string" in fourth
    assert "No module named" in fifth
    assert "another R session" in sixth
    assert last == "5"  # NA is no name


def test_a_python_callable_is_an_r_function_and_comes_back_itself(r):
    def f(x):
        return x + 1

    assert r("function(f) is.function(f)")(f) is True
    assert r("function(f) f")(f) is f
    assert r("function(f) vapply(1:3, f, 1L)")(f).tolist() == [2, 3, 4]


# ---- Python calls R ----


def test_only_functions_are_called(core, r):
    with pytest.raises(TypeError, match="not a function"):
        r("1:3")(1)
    assert r("sum")(1, 2) == 3  # builtin
    assert r("quote")(5) == 5  # special


def test_code_among_the_arguments_stays_code(core, r):
    code = r("quote(stop('evaluated'))")
    assert r("function(x) class(x)")(code) == "call"
    assert r("function(x) class(x)")(r("quote(nothing)")) == "name"


def test_call_gives_an_robject_and_the_call_itself_a_value(core, r):
    f = r("function(x) x * 2")
    assert f(21) == 42
    assert isinstance(f.call(21), core.RObject)


def test_a_null_result_is_none_and_not_lost(r):
    assert r("function() NULL")() is None
    assert r("function(x) x")(None) is None
    assert r("function() invisible(7)")() == 7


def test_keyword_names_that_no_r_string_can_hold(core, r):
    with pytest.raises(UnicodeEncodeError):
        r("function(...) 1")(**{"a\ud800": 1})


def test_mixed_arguments_with_an_error_in_the_last(r):
    with pytest.raises(OverflowError):
        r("function(...) 1")([1, 2], {"a": object()}, x=object(), y=2**80)


def test_back_and_forth_forty_deep(r):
    down = r("function(f, n) if (n > 0) f(n - 1) else 'bottom'")

    def step(n):
        return down(step, n)

    assert down(step, 40) == "bottom"


def test_other_threads_run_while_r_does(r, tmp_path):
    """Where Python hosts: R's code does not hold the GIL.

    R computes until a thread of Python has run twenty times (or, where it never does, a minute).
    """
    done = tmp_path / "done"
    compute = r("function(path, end) while (!file.exists(path) && Sys.time() < end) sum(1:100)")
    started = threading.Event()

    def count():
        started.wait()
        for _ in range(20):
            time.sleep(0.001)
        done.touch()

    thread = threading.Thread(target=count)
    thread.start()
    started.set()
    compute(str(done), time.time() + 60)
    assert done.exists()
    thread.join()


def test_other_threads_wait_while_r_runs_where_r_hosts(in_r):
    """reticulate frees Python objects in R finalizers without taking the GIL, so R must hold it."""
    ended = in_r(
        """
count <- function() {
  before <- calls$counted()
  end <- Sys.time() + 0.5
  while (Sys.time() < end) sum(1:100)
  calls$counted() - before
}
invisible(calls$start())
cat(calls$under(count) < 50L) # of some 500; around the entries it may run
""",
        """
import threading, time
n = 0
def start():
    def run():
        global n
        while True:
            n += 1
            time.sleep(0.001)
    threading.Thread(target=run, daemon=True).start()
def counted(): return n
def under(f): return f()
""",
    )
    assert (ended.returncode, ended.stdout) == (0, "TRUE"), ended.stderr


# ---- threads ----


def off_thread(f):
    outcome = []

    def run():
        try:
            outcome.append(f())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return outcome[0]


@pytest.mark.parametrize(
    "use",
    [
        lambda core, x: core.to_r(1),
        lambda core, x: core.handle(1),
        lambda core, x: core.helper("call_function"),
        lambda core, x: core.base_function("sum"),
        lambda core, x: core.foreign_vector(__import__("torch").ones(2).__dlpack__()),
        lambda core, x: core.RObject.new_vector("double", (2,)),
        lambda core, x: core.RObject.from_address(x.address),
        lambda core, x: x.typeof,
        lambda core, x: x.classes,
        lambda core, x: x.dim,
        lambda core, x: len(x),
        lambda core, x: x.attr("class"),
        lambda core, x: x.slot("class"),
        lambda core, x: x.items(),
        lambda core, x: x.value(),
        lambda core, x: x.any_na(),
        lambda core, x: x.na_mask(),
        lambda core, x: x.freeze(),
        lambda core, x: x.__dlpack__(),
        lambda core, x: x.__array_interface__,
        lambda core, x: x.call(),
        lambda core, x: x(),
        lambda core, x: x.set_attr("class", x),
    ],
)
def test_r_is_refused_on_another_thread(core, use):
    x = core.RObject.new_vector("double", (2,))
    error = off_thread(lambda: use(core, x))
    assert isinstance(error, RuntimeError)
    assert "only on the thread that started it" in str(error)
    assert x.writable and len(x) == 2


def test_looking_at_an_robject_elsewhere_is_harmless(core):
    x = core.RObject.new_vector("double", (2,))
    assert off_thread(lambda: repr(x)) == "<RObject>"
    assert off_thread(lambda: x.address) == x.address
    assert off_thread(lambda: x.__dlpack_device__()) == (1, 0)


def test_an_r_error_of_a_python_function_that_r_called_on_another_thread(r):
    """Python that R called may wait for a thread that needs R: an error there, no deadlock."""
    square = r("function(x) x^2")
    error = r("function(f) f()")(lambda: str(off_thread(lambda: square(3))))
    assert "only on the thread that started it" in error


def test_the_results_of_r_keep_their_errors(r):
    with pytest.raises(RError, match="could not find function"):
        r("function() nothing_of_the_kind()")()
