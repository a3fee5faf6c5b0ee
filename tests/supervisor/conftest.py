from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervisor.trees import Outside, Tree


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    tree = Tree(tmp_path)
    yield tree
    tree.close()


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    outside = Outside(tmp_path)
    yield outside
    outside.close()


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Outside]:
    second = Outside(tmp_path)
    yield second
    second.close()
