"""Requests and answers: what is read from the one, and what every one of the other carries."""
