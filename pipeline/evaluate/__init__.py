"""Measuring a model: collect what it detects in the pictures of a data set, then score it.

`dataset` reads the pictures and what is truly in them, a `detector` says what a model sees in one
picture, `collect` asks it about all of them, `score` compares, and `report` shows the result.
"""
