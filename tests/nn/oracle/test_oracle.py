"""With PyTorch installed: the fixtures still hold what it answers, and fresh starting values have its statistics.

pip install "stochos[oracle]" && python -m pytest -m oracle
"""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from stochos.nn import initializers

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch")

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"


@pytest.fixture(scope="module")
def answers():
    sys.path.insert(0, str(HERE))
    spec = importlib.util.spec_from_file_location("answers", HERE / "answers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.everything()


@pytest.mark.parametrize("group", ["layers", "losses", "optimizers", "others", "recurrent"])
def test_fixtures_hold_what_pytorch_answers(answers, group: str):
    # To 1e-12: other processors and versions may round in another order.
    with np.load(FIXTURES / f"{group}.npz") as kept:
        assert set(kept.files) == set(answers[group])
        for key, value in answers[group].items():
            np.testing.assert_allclose(kept[key], value, rtol=1e-12, atol=1e-13, err_msg=key)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (initializers.GlorotUniform(), lambda w: torch.nn.init.xavier_uniform_(w)),
        (initializers.GlorotNormal(0.7), lambda w: torch.nn.init.xavier_normal_(w, 0.7)),
        (initializers.HeUniform(), lambda w: torch.nn.init.kaiming_uniform_(w, nonlinearity="relu")),
        (initializers.HeNormal(), lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="relu")),
        (initializers.LecunNormal(), lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="linear")),
        (initializers.TruncatedNormal(0.1, 0.5), lambda w: torch.nn.init.trunc_normal_(w, 0.1, 0.5, -0.9, 1.1)),
        (initializers.Orthogonal(2.0), lambda w: torch.nn.init.orthogonal_(w, 2.0)),
    ],
    ids=lambda value: repr(value) if isinstance(value, initializers.Initializer) else "",
)
@pytest.mark.parametrize("shape", [(300, 200), (5, 5, 30, 40)])
def test_starting_values_have_pytorchs_statistics(ours, theirs, shape):
    # Quantiles of two samples of about 45,000; six standard errors of a quantile of the standardised sample.
    torch.manual_seed(0)
    axes = (shape[-1], shape[-2], *shape[:-2])  # PyTorch keeps (out, in, …)
    reference = theirs(torch.empty(axes, dtype=torch.float64)).numpy()
    values = ours(shape, 0, "float64")
    assert values.size == reference.size
    error = 1 / math.sqrt(values.size)
    scale = reference.std()
    assert abs(values.mean() - reference.mean()) < 6 * math.sqrt(2) * error * scale
    assert abs(values.std() / scale - 1) < 6 * math.sqrt(2) * error
    for q in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert abs(np.quantile(values, q) - np.quantile(reference, q)) < 6 * 3 * error * scale
