"""Codes and things that look like codes, put together in pictures as a camera sees them."""
