"""For all tests: examples of hypothesis have no deadline, for it would measure the machine and not the code.

The profile ``fuzz`` is for ``make fuzz``: half a million examples instead of thousands, in the tests that say so.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("classroom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", settings.get_profile("classroom"), max_examples=500_000)
settings.load_profile("classroom")
