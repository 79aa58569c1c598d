"""Tasks with known truth: networks in closed form, simulated agents, generators of trials."""
