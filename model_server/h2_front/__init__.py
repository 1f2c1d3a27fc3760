"""The light gRPC front end: gRPC over HTTP/2 of our own, without a change of threads for a call.

From the outside in:

- `front` starts and drains it all, `settings` says how much of everything there is,
- `door` waits for all sockets at once, lets connections in, and hands calls to threads,
- `connection` is a socket, with what is to be sent over it,
- `session` is what is said over it, by the rules of RFC 9113: `streams` are the calls, `data` their
  requests; `patience` is how much idle talk is borne with,
- `inflow` takes a request in as it comes, out of a bounded `budget`; `outflow` lets answers out,
- `headers` reads and writes the metadata of a call, `compression` inflates requests,
- `exchange` is one call and its answer, `methods` are what can be called, `cutting` takes large
  tensors out of a request before it is parsed, `health_calls` are those about health.
"""
