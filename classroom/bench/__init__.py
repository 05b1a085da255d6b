"""The measurements behind ``classroom bench``."""
