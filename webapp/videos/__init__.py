"""Video files: taken in by the web app, looked at by a worker, a process of its own."""
