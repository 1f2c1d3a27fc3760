"""Bring models into the repository that the model servers read, and measure them.

`python -m pipeline --help` lists the commands. TensorFlow is imported by
`evaluate` alone, and only when it calls a SavedModel in this process.
"""
