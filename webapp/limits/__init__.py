"""What the site bounds: requests of one client, work at the same time, bytes on the disk."""
