"""Keras Applications: from the name of one, and its weights, to a SavedModel that servers serve.

Without TensorFlow:

- `application`: which network, with which arguments.
- `process`: asks a process of its own to download or to export, so that the memory goes with it.

With TensorFlow, which only that process imports:

- `network`: builds the network, and finds its last convolution and its classifier.
- `weights`: loads weights from a file, and says which layer does not fit.
- `download`: has Keras download them.
- `classifier`: the graph around the network: pictures in, names, probabilities and heat maps out.
- `export`: all of it, to a folder.
"""
