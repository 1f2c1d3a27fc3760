"""What is kept: rows in a database, files in a folder, and how long."""
