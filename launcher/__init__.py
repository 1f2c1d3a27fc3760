"""`make run`: model server, web app and video worker as one program, with one log and one end.

`stack` decides what happens when, `child` is one of the processes, `ports` asks who listens,
`web_app` asks the web app how it is and which models it offers.
"""
