"""Dynamical systems reconstructed from continuous series, with teacher forcing."""
