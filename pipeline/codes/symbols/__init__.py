"""Single codes as pictures: what is in them, how they are written, what stands beside them."""
