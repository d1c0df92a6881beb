"""The process does not grow over many calls of the same function: less than 1 MB in 1,000 calls (10,000 when slow).

Every public function is called by one of them; those that take milliseconds are called 30 times, and 1,000 when slow.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stochos
from stochos import albert, config, cuda, datasets, gan, jobs, nn, random, reactions, words
from stochos.errors import DeviceError, Error, MissingPartError

MOST = 1 << 20  # bytes
WARM = 60  # calls after which caches are as large as they get
TEXT = ["the cat sat on the mat", "the dog sat on the rug", "a cat and a dog"] * 3
COUNTS = words.count(TEXT, min_count=1)
VECTORS = words.fit(COUNTS, dim=4, epochs=1)
NET = reactions.Network({"S": 20, "P": 0}, ["S -> P @ k*S", "P -> S @ 0.1"], {"k": 0.3})
RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 3)).astype(np.float32)
Y = np.arange(16) % 2
PAIRS = RNG.normal(size=(40, 2))
SEQUENCES = RNG.normal(size=(2, 6, 3)).astype(np.float32)
KL = gan.divergence("kl")
NET_RUN = reactions.simulate(NET, [0, 1], 8, seed=0)


def model() -> nn.Model:
    return nn.Sequential([nn.Input((3,)), nn.Dense(4, activation="relu"), nn.Dense(2)])


MODEL, LSTM = model(), nn.LSTM(4, seed=0)
STEP_OPTIMIZER = nn.Adam(1e-3)


@nn.compile
def step(x: Any, y: Any) -> Any:
    loss, slopes = nn.value_and_grad(lambda: nn.losses.cross_entropy(MODEL(x), y), wrt=MODEL.trainable_parameters)()
    STEP_OPTIMIZER.update(MODEL.trainable_parameters, slopes)
    return loss


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(Error):
        call()


def on_a_card(call: Callable[[], object]) -> None:
    with contextlib.suppress(MissingPartError, DeviceError):
        call()


def saved(folder: Path) -> dict[str, Callable[[], object]]:
    """Calls that go through files."""
    COUNTS.save(folder / "counts")
    VECTORS.save(folder / "vectors")
    VECTORS.to_word2vec(folder / "vectors.bin", binary=True)
    MODEL.save(folder / "model")
    (folder / "text.txt").write_text("\n".join(TEXT))
    (folder / "job.toml").write_text('[[items]]\nname = "a"\ntask = "count"\nsource = "text.txt"\nmin_count = 1\n')
    NET_RUN.save(folder / "run")
    albert.save(language()[0], folder / "albert")
    return {
        "Counts.save": lambda: COUNTS.save(folder / "again"),
        "load_counts": lambda: words.load_counts(folder / "counts"),
        "load_vectors": lambda: words.load_vectors(folder / "vectors"),
        "from_word2vec": lambda: words.from_word2vec(folder / "vectors.bin", binary=True),
        "count of a file": lambda: words.count(folder / "text.txt", min_count=1),
        "Model.save": lambda: MODEL.save(folder / "model2"),
        "nn.load": lambda: nn.load(folder / "model"),
        "jobs.load": lambda: jobs.load(folder / "job.toml"),
        "load_run": lambda: reactions.load_run(folder / "run"),
        "weights": lambda: [
            nn.save(MODEL, folder / "m"),
            nn.save_weights(MODEL, folder / "w"),
            nn.load_weights(MODEL, folder / "w"),
        ],
        "jobs.run": lambda: jobs.run(folder / "job.toml", progress=False),
        "albert.save": lambda: albert.save(language()[0], folder / "albert2"),
        "albert.load": lambda: albert.load(folder / "albert"),
    }


T = nn.tensor(X)
B = T > 0.0
UNARY = [
    "abs", "all", "any", "argmax", "argmin", "ceil", "cos", "cumsum", "elu", "erf", "exp", "expm1", "floor", "gelu",
    "gelu_tanh", "isfinite", "leaky_relu", "linear", "log", "log1p", "log_sigmoid", "log_softmax", "logical_not",
    "logsumexp", "max", "mean", "min", "negative", "norm", "prod", "reciprocal", "relu", "relu6", "round", "rsqrt",
    "sigmoid", "sign", "silu", "sin", "softmax", "softplus", "softsign", "sqrt", "square", "std", "stop_gradient",
    "sum", "tanh", "transpose", "var",
]  # fmt: skip
BINARY = [
    "add", "divide", "equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum", "mod",
    "multiply", "not_equal", "power", "subtract",
]  # fmt: skip
OTHERS: list[Callable[[], object]] = [
    lambda: [getattr(nn, name)(B, B) for name in ("logical_and", "logical_or", "logical_xor")],
    lambda: nn.attention(T[None], T[None], T[None]),
    lambda: nn.broadcast_to(T, (2, 16, 3)),
    lambda: nn.cast(T, "float64"),
    lambda: nn.clip(T, -1, 1),
    lambda: nn.clip_by_norm([T], 1.0),
    lambda: nn.clip_by_value([T], 1.0),
    lambda: nn.global_norm([T]),
    lambda: nn.concatenate([T, T]),
    lambda: nn.stack([T, T]),
    lambda: nn.split(T, 3),
    lambda: nn.expand_dims(T, 0),
    lambda: nn.squeeze(T[None]),
    lambda: nn.reshape(T, (3, 16)),
    lambda: nn.swapaxes(T, 0, 1),
    lambda: nn.matmul(T, nn.transpose(T)),
    lambda: nn.from_dlpack(X),
    lambda: nn.getitem(T, 0),
    lambda: nn.one_hot(Y, 2),
    lambda: nn.pad(T, [(1, 1), (0, 2)]),
    lambda: nn.take(T, [0, 2]),
    lambda: nn.take_along_axis(T, np.zeros((1, 3), int), 0),
    lambda: nn.where(B, T, 0.0),
    lambda: nn.evaluate(T + 1.0),
    lambda: nn.activation("relu"),
    lambda: nn.check_numerics(False),
    lambda: nn.seed(0),
]


def every_function() -> None:
    """Call each function of tensors once, and look at the numbers."""
    found = [getattr(nn, name)(T) for name in UNARY] + [getattr(nn, name)(T, T) for name in BINARY]
    for call in OTHERS:
        made = call()
        found += made if isinstance(made, (list, tuple)) else [made]
    nn.evaluate(*(one for one in found if isinstance(one, nn.Tensor)))


def layers() -> None:
    """Tie and untie weights, describe and make again, count penalties."""
    first, second = nn.Dense(3, kernel_regularizer=nn.L2(0.1)), nn.Dense(3)
    with nn.training_mode(), nn.no_updates():
        second(first(X))
    nn.tie(second, first)
    nn.untie(second)
    nn.from_config(nn.Dense(3).get_config())
    nn.regularization_loss(nn.Sequential([nn.Input((3,)), first]))


@functools.cache
def language() -> tuple[albert.Albert, albert.Tokenizer]:
    """A small model and its tokenizer."""
    made = albert.Tokenizer.train(TEXT * 5, 60)
    sizes = {"embedding_size": 4, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 8, "max_position_embeddings": 24, "vocab_size": made.size}
    model = albert.new(sizes, "pretraining", seed=0)
    model.tokenizer = made
    return model, made


@functools.cache
def ensemble() -> reactions.Run:
    return reactions.simulate(NET, [0, 1], 60, seed=1)


@functools.cache
def passages() -> reactions.Run:
    return reactions.simulate(NET, [0, 1], 20, condition="P > 3", keep="first_passage", seed=1)


def closed(axes: Any) -> None:
    """Let a picture go: matplotlib keeps what is open."""
    import matplotlib.pyplot as plt

    plt.close(axes.figure)


def adversaries() -> gan.GAN:
    one, other = (nn.Sequential([nn.Input((k,)), nn.Dense(4, "tanh"), nn.Dense(m)]) for k, m in ((2, 2), (2, 1)))
    return gan.GAN(one, other, "js", latent=2, seed=0)


def trained(**more: Any) -> object:
    return nn.fit(model(), X, Y, loss="cross_entropy", optimizer=nn.Adam(), progress=False, **more)


#: Milliseconds each.
LONG: dict[str, Callable[[], object]] = {
    "gan.audit": lambda: gan.audit(adversaries(), X[:, :2]),
    "gan.mutual_information": lambda: gan.mutual_information(PAIRS[:, :1], PAIRS[:, 1:], steps=2),
    "pictures": lambda: [closed(gan.samples_plot(X[:, :2])), closed(gan.local_variational_plot("kl"))],
    "gradient_flow": lambda: nn.gradient_flow(LSTM, SEQUENCES).verdict,
    "nn.fit": trained,
    "sensitivities": lambda: reactions.sensitivities(NET, [0, 1], ["k"], 20, progress=False),
    "sweep": lambda: reactions.sweep(NET, [0, 1], {"k": [0.1, 0.2]}, 10, progress=False),
    "reactions.compare": lambda: reactions.compare(ensemble(), ensemble(), permutations=20),
    "albert.new": lambda: albert.new(language()[0].config, "masked_lm", seed=0),
    "albert.embed": lambda: albert.embed(language()[0], TEXT[:2]),
    "albert.fill_mask": lambda: albert.fill_mask(language()[0], "the [MASK] sat"),
    "albert.pretrain": lambda: albert.pretrain(
        [f"{line}. {line}." for line in TEXT], model=language()[0], tokenizer=language()[1], max_length=16,
        epochs=1, progress=False,
    ),
    "facts": lambda: [config.describe(), random.seed_of(3), datasets.available()],
    "datasets": lambda: [datasets.load_digits(), datasets.licence("digits"), datasets.path("digits")],
}  # fmt: skip
#: Public functions that none of the calls makes, and why.
ELSEWHERE = {
    "stochos.albert.convert_tensorflow": "needs TensorFlow",
    "stochos.nn.register": "keeps what it is given, for good",
    "stochos.datasets.load_text": "half a second a call, of nothing but lzma",
    "stochos.executors": "none of it is for users",
}
CALLS: dict[str, Callable[[], object]] = {
    "cuda": lambda: (cuda.is_built(), cuda.is_available(), cuda.devices(), cuda.product_library()),
    "cuda.matmul": lambda: on_a_card(lambda: cuda.matmul(np.eye(3), np.eye(3))),
    "cuda.evaluate": lambda: on_a_card(lambda: cuda.evaluate("x + 1", x=np.arange(3.0))),
    "count": lambda: words.count(TEXT, min_count=1),
    "count, refused": lambda: refused(lambda: words.count(["a", 3])),
    "fit": lambda: words.fit(COUNTS, dim=2, epochs=1),
    "fit, spectral": lambda: words.fit(COUNTS, dim=2, solver="spectral"),
    "Counts.pmi": lambda: COUNTS.pmi("cat", "dog"),
    "Counts.to_scipy": COUNTS.to_scipy,
    "Counts.pmi_matrix": COUNTS.pmi_matrix,
    "sum of counts": lambda: COUNTS + COUNTS,
    "similar": lambda: VECTORS.similar("cat"),
    "analogy": lambda: VECTORS.analogy(["cat", "rug"], ["mat"]),
    "keywords": lambda: VECTORS.keywords("the cat sat"),
    "sentence": lambda: VECTORS.sentence("the cat sat"),
    "Network": lambda: reactions.Network({"S": 20}, ["S -> @ k*S/(1 + S)"], {"k": 0.3}),
    "simulate": lambda: reactions.simulate(NET, [0, 1, 2], 8),
    "simulate, moments": lambda: reactions.simulate(NET, [0, 1], 8, keep="moments", threads=2),
    "simulate, tau": lambda: reactions.simulate(NET, [0, 1], 8, method="tau"),
    "simulate, refused": lambda: refused(lambda: reactions.simulate(NET, [1, 0])),
    "master_equation": lambda: reactions.master_equation(NET, {"S": 20, "P": 20}),
    "tensor": lambda: nn.tensor(X) @ nn.tensor(X.T),
    "grad": lambda: nn.grad(lambda x: nn.sum(nn.tanh(x)))(X),
    "jacobian": lambda: nn.jacobian(lambda x: nn.tanh(x))(X[:1]),
    "shape refused": lambda: refused(lambda: nn.tensor(X) @ nn.tensor(X)),
    "compiled step": lambda: float(step(X, Y)),
    "predict": lambda: MODEL.predict(X, progress=False),
    "model made": model,
    "Model.copy": lambda: MODEL.copy(),
    "LSTM": lambda: np.asarray(LSTM(SEQUENCES)),
    "divergence": lambda: gan.divergence("js").between([0.2, 0.8], [0.5, 0.5]),
    "from_expression": lambda: gan.Divergence.from_expression("u*log(u)"),
    "Gaussian": lambda: KL.gaussian(0, 1, 1, 2),
    "resume": lambda: words.resume(VECTORS, COUNTS, epochs=1),
    "passage_law": lambda: reactions.passage_law(passages()),
    "functions of tensors": every_function,
    "layers": layers,
    "hessian": lambda: nn.hessian(lambda x: nn.sum(nn.exp(x)))(X[0]),
    "nn.predict": lambda: nn.predict(MODEL, X, progress=False),
    "mixtures": lambda: [gan.ring(), gan.lattice(4), gan.divergence_names()],
    "names of TensorFlow": lambda: albert.from_tensorflow_names({}),
    "albert.Config": lambda: albert.Config(vocab_size=30, hidden_size=8, num_attention_heads=2),
}


def resident() -> int:
    """Bytes of this process in memory, after free pages went back to the system."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def growth(call: Callable[[], object], times: int, warm: int = WARM) -> int:
    """The least growth in up to three rounds: a leak is in each of them, a cache or a page touched late is not."""
    for _ in range(warm):
        call()
    least = None
    for _ in range(3):
        before = resident()
        for _ in range(times):
            call()
        grown = resident() - before
        least = grown if least is None else min(least, grown)
        if least < MOST:
            break
    assert least is not None
    return least


FILES = (
    "Counts.save", "load_counts", "load_vectors", "from_word2vec", "count of a file", "Model.save", "nn.load",
    "jobs.load", "load_run",
)  # fmt: skip
LONG_FILES = ("jobs.run", "weights", "albert.save", "albert.load")
NAMES, LONG_NAMES = [*CALLS, *FILES], [*LONG, *LONG_FILES]


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[], object]]:
    return CALLS | LONG | saved(tmp_path_factory.mktemp("growth"))


@pytest.mark.parametrize("name", NAMES)
def test_a_thousand_calls(calls: dict[str, Callable[[], object]], name: str):
    assert growth(calls[name], 1000) < MOST


@pytest.mark.parametrize("name", LONG_NAMES)
def test_calls_that_take_longer(calls: dict[str, Callable[[], object]], name: str):
    assert growth(calls[name], 30, warm=10) < MOST


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, *LONG_NAMES])
def test_ten_thousand_calls(calls: dict[str, Callable[[], object]], name: str):
    assert growth(calls[name], 1000 if name in LONG_NAMES else 10_000) < MOST


def public() -> dict[str, Any]:
    """Every public function of the rooms, by its name."""
    rooms = [getattr(stochos, name) for name in stochos.__all__]
    return {
        f"{room.__name__}.{name}": getattr(room, name)
        for room in rooms if inspect.ismodule(room) for name in getattr(room, "__all__", ())
        if inspect.isroutine(getattr(room, name))
    }  # fmt: skip


def test_every_public_function_is_among_them(calls: dict[str, Callable[[], object]]):
    """Run each once and see what it calls."""
    seen: set[Any] = set()

    def look(frame: Any, event: str, what: Any) -> None:
        if event == "call":
            seen.add(frame.f_code)
        elif event == "c_call":
            seen.add(what.__name__)

    language.cache_clear()
    ensemble.cache_clear()
    passages.cache_clear()
    sys.setprofile(look)
    try:
        for name in (*NAMES, *LONG_NAMES):
            calls[name]()
        step(X, Y)
        nn.compile(lambda x: x)
    finally:
        sys.setprofile(None)
    silent = [
        name
        for name, function in public().items()
        if getattr(function, "__code__", function.__name__) not in seen
        and name not in ELSEWHERE and name.rpartition(".")[0] not in ELSEWHERE
    ]  # fmt: skip
    assert silent == []


def test_a_leak_is_seen():
    kept: list[bytes] = []
    assert growth(lambda: kept.append(bytes(2000)), 1000) > MOST
