"""Training: many models, each with its own sequences, in one program."""
