"""The wire contracts: `.proto` sources, and the stubs made from them.

`tensorflow/` and `tensorflow_serving/` hold the sources: the part of the API that Sightline
speaks, with the package, message and field names and the numbers of the original. `sightline/`
holds the API of its own gRPC front. `generate.py` turns them into `gen/`, which is committed and
which nobody edits. The messages register in a descriptor pool of their own (`pool.py`), so they
load beside any version of the official packages, in either order.
"""
