"""Measuring a detector: collect what it sees in the pictures of a data set, then score it.

`dataset` reads the pictures and what is truly in them, a `detector` says what a model sees in one
picture, `collect` asks it about all of them. `score` compares by COCO's metrics. `hit_rule` and
`matching` tell which found box stands for which true one; `class_results`, `confusion`,
`comparison` and `worst_pictures` count from there, without files or clocks. `measure` runs all of
it and returns a `report`, which `page`, `plots` and `contact_sheet` show and `report_folder` keeps.
"""
