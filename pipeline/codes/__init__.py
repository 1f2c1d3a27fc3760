"""A detector of machine-readable codes, from made pictures to a published model.

Each step is a function from artifacts to an artifact: `make_data` -> `train` -> `export` ->
`evaluate` -> `publish`; `cli` runs them by name.

    symbols                            single codes
    painting, backdrops, distractors   what else is in pictures
    scenes                             all of it put together, seen by a camera
    data                               made pictures on disk
    detector                           network, targets, losses, choice of boxes
    samples                            pictures for the upload page
"""
