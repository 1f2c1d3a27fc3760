"""`make run-gpu` and `make run-cpu`: TensorFlow Serving and the web app, each in a container.

`requirements` asks whether Docker, the NVIDIA runtime and a GPU are there, `commands` says which
docker commands are run, `docker` runs them and shows them first, `readiness` waits for the models,
`life` puts these together, `following` shows the logs.
"""
