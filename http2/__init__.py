"""What both sides of HTTP/2 have in common: frames (RFC 9113) and headers (RFC 7541).

Pure: bytes to values, and back. Who waits, and for what, is for those to decide who use it:
`serving_client` for `h2://` targets, and the light gRPC front of `model_server`.
"""
