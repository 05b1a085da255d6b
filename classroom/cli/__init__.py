"""The commands of ``classroom``: what is printed, and how each of them ends."""
