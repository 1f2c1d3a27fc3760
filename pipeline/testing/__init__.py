"""For tests of code that fetches models: tiny archives, and a web server that misbehaves."""
