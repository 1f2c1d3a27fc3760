"""Who asks, and what they may do: API keys, logins, and forms that only our own pages can send."""
