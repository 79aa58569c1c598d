"""Dynamics inside and across regimes: exact where the piecewise linear map allows it."""
