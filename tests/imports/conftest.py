"""The pack into which a test imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports.pack import Imports, prepared


@pytest.fixture
def imports(tmp_path: Path) -> Imports:
    """With two recommendations of cycle 2 and one, without a paragraph, of cycle 3."""
    return prepared(tmp_path)
