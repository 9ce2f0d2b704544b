import pytest

from tests.audit.reading.builders import Reader


@pytest.fixture
def reader(tmp_path):
    return Reader(tmp_path)
