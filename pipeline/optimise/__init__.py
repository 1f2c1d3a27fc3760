"""Smaller and faster variants of a model, and how they compare with it.

Pure: `quantisation` and `pruning` on arrays, `agreement` on answers, `report` with its `plots` and
its `page`.

With TensorFlow: `saved_graph` reads the weights of a SavedModel, `stored_weights` writes it anew
with weights in another form. `tflite` converts, in a process of its own (`converting`), with
`resizing` and `float_parts` to help it. `callers` calls variants in this process.

`making` makes the variants into a folder that is a model repository, `measuring` measures them,
`publishing` brings them from there to where servers look.
"""
