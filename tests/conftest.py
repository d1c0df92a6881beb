"""Fixtures for all tests: the optional shared data, and Hypothesis profiles."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), max_examples=300, derandomize=True)
settings.register_profile("nightly", settings.get_profile("dev"), max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

ROOT = Path(__file__).resolve().parents[1]


def shared_folder() -> Path:
    """Data that are used by tests but never shipped: $STOCHOS_SHARED, else `shared` beside the checkout."""
    return Path(os.environ.get("STOCHOS_SHARED") or ROOT.parent / "shared")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the shared data; the test skips where it is absent."""
    folder = shared_folder()
    if not folder.is_dir():
        pytest.skip(f"the shared test data are not at {folder}; set STOCHOS_SHARED")
    return folder
