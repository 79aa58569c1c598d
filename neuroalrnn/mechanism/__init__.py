"""What the network of a fit computes, and with what: dynamics, inputs, ablation, primitives."""
