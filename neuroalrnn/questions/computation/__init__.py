"""Questions about what is computed: effects of inputs, and the regimes in which they are alike."""
