"""The gRPC front: `sightline.v1.VisionService` over the same use cases as pages and JSON API.

``python -m webapp.grpc`` serves it; ``docs/grpc.md`` says how to call it.
"""
