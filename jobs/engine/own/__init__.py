"""Models that somebody else trained, run in place of stages of the engine."""
