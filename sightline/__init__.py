"""The command line of Sightline: look at pictures in files and folders.

Front to back: `grammar` (what may stand on the line) and `main`; `sources` (which pictures); `run`
(one after the other, in order, with `window`, `journal` and `progress`); `looking` (what is done
with one picture) over `direct` (a model server) or `web` (a running Sightline); `writers` (what is
printed).
"""
