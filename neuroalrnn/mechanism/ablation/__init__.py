"""Causal tests on a fitted network: change how it runs, and see what its predictions lose.

`activations` and `states` make interventions, `scores` applies them to the choices of trials,
`ablate` tabulates what they cost held-out subjects, `order` replaces units one after the other,
`nulls` compares with equally large disturbances, and `summarise` makes statements over subjects.
"""
