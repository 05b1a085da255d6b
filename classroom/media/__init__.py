"""Pixels and samples in flow order: sources, mixers, encoders, fan-out."""
