"""The description of the JSON API for programs, in OpenAPI 3.1.

Views say with :func:`~webapp.openapi.operation.describes` what they take and answer.
``python -m webapp.openapi`` puts that together with the addresses that Flask knows and the shapes
that type checkers check, and writes ``webapp/static/openapi.json``, which is committed: so the
running application needs none of the libraries that make it. A test keeps it up to date.
"""
