"""What the operator can do on the command line, besides serving."""
