"""``python -m webapp.video_worker``: looks at the videos that the web app has put into its queue.

A process of its own, so that long work waits for no request, and no request for long work. Any
number of them may run on one database.
"""
