"""The AL-RNN: initialisation, forward pass, read-out; every tensor with a leading model axis."""
