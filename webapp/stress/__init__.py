"""Stress runs of the web application, in its own process: started, watched and stopped by pages."""
