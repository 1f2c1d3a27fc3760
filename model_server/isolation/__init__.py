"""Isolation: each loaded version runs in worker processes of its own, and the server in none.

- `protocol` says what server and worker tell each other,
- `shared_memory` is where tensors lie, and `parcel` puts them there,
- `line` is one end of a conversation, with a socket and shared memory,
- `worker` is the program that loads one version and answers,
- `lane` is a conversation with a worker, `process` the worker as the server sees it,
- `supervisor` keeps a worker running, and `pool` chooses one of a version for each call,
- `runtime` puts all this behind the interface of any other runtime.
"""
