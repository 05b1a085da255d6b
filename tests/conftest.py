"""For all tests: examples of hypothesis have no deadline, for it would measure the machine and not the code."""

from hypothesis import HealthCheck, settings

settings.register_profile("classroom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("classroom")
