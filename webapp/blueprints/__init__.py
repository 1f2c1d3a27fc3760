"""The addresses of the application, a module for each noun."""
