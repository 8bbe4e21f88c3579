"""What several tests share: a real Synapse, started once when the first test wants it, and how hypothesis runs."""

import os

from hypothesis import HealthCheck, settings

from tests.synapse import synapse

__all__ = ["synapse"]

os.environ["PTB_TIMEDELTA"] = "1"  # as the bot has it, whichever test imports the library first

# The same examples every time, and no clock in any verdict; to look further: pytest --hypothesis-profile=search
settings.register_profile(
    "house", deadline=None, derandomize=True, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("house"), derandomize=False, max_examples=2_000)
settings.load_profile("house")
