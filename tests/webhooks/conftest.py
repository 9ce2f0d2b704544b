from ipaddress import ip_network

import pytest

from tests.webhooks.receiver import listening


@pytest.fixture
def receiver(settings):
    """A receiver on loopback, which the operator has allowed."""
    settings.WEBHOOK_NETWORKS = (ip_network("127.0.0.0/8"),)
    with listening() as found:
        yield found
