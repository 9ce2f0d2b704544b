"""How hard the tests are to look: quickly, as on every change, or thoroughly, as once a night."""

import os

THOROUGH = os.environ.get("KEPT_THOROUGH") == "1"
"""KEPT_THOROUGH=1: many more random examples, each of them longer. Hours instead of minutes."""
