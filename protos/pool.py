"""The descriptor pool that the generated messages register in.

Protobuf's default pool knows each full name once. The official `tensorflow` packages register
`tensorflow.TensorProto` and the others there; were ours to do the same, whichever came second
would fail to import. A pool of our own keeps the two apart.
"""

from google.protobuf import any_pb2, descriptor_pool, wrappers_pb2

__all__ = ["POOL"]

POOL = descriptor_pool.DescriptorPool()

# A pool resolves imports only among its own files.
for _well_known in (any_pb2, wrappers_pb2):
    POOL.AddSerializedFile(_well_known.DESCRIPTOR.serialized_pb)
