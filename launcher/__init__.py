"""`make run`: the model server and the web app as one program, with one log and one end.

`stack` decides what happens when, `child` is one of the two processes, `ports` asks who listens,
`web_app` asks the web app how it is and which models it offers.
"""
