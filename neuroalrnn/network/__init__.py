"""A trained network in numpy: run it, intervene on it, read it out, score choices with it."""
