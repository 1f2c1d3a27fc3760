"""`make bench`: what Sightline costs, beside what people would otherwise use, in one run.

Machines are shared and noisy, so both sides of a comparison take turns and the figure that
counts is their ratio (or, where a target is in milliseconds, their difference).
"""
