"""What the site tells those who watch it: metrics, log lines and traces."""
